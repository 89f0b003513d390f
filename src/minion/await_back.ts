/**
 * The wait before a master that could not be reached is tried again: over as soon as it listens, where
 * `master_alive_interval` asks for haste.
 * @module
 */
import type { Clock } from "../channel/clock.ts";
import type { MinionOpts } from "../config/mod.ts";
import { AuthenticationError } from "../errors.ts";
import type { NamedMaster } from "./masters.ts";
import type { Resolver } from "./resolve.ts";
import { speaksTcp } from "./session.ts";

/** Looks in each `master_alive_interval`. */
const LOOKS = 2;

/** What the wait is for. */
export interface AwaitBackParts {
  /** Of the last session with it, if any: `master_ip` says where it was. */
  opts: MinionOpts;
  master: NamedMaster;
  /** Why the last session ended, or did not come about. */
  error: unknown;
  resolver: Resolver;
  clock: Clock;
  signal: AbortSignal;
}

/** Waits `ms` at most. @throws the signal's reason. */
export async function awaitBack(ms: number, parts: AwaitBackParts): Promise<void> {
  const { opts, master, error, resolver, clock, signal } = parts;
  const ip = opts["master_ip"];
  const between = opts.master_alive_interval * 1000 / LOOKS;
  // One that has answered, if only with a no, is not away.
  const away = !(error instanceof AuthenticationError) && typeof ip === "string";
  if (!away || between <= 0 || !speaksTcp(opts)) return await clock.sleep(ms, signal);
  for (let left = ms; left > 0;) {
    // Spread, so that a fleet does not move in step.
    const wait = Math.min(left, between * (0.5 + clock.random() / 2));
    await clock.sleep(wait, signal);
    left -= wait;
    if (left > 0 && await resolver.reachable(ip, master.port)) return;
  }
}
