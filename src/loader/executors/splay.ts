/**
 * Spreads a job over time: each minion waits for a share of `splaytime` that its id decides, then lets
 * the next executor go on. (`salt/executors/splay.py`)
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { SaltInvocationError } from "../../errors.ts";
import type { Executor } from "./types.ts";

/** Seconds when neither the job nor the configuration says. */
const DEFAULT_SPLAYTIME = 300;

const HASH_SIZE = 8192;

/** Jenkins' one-at-a-time hash of an id, cut to the 8192 places that a splay has. */
export function splayPlace(id: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(id)) {
    hash = (hash + byte) >>> 0;
    hash = (hash + (hash << 10)) >>> 0;
    hash = (hash ^ (hash >>> 6)) >>> 0;
  }
  hash = (hash + (hash << 3)) >>> 0;
  hash = (hash ^ (hash >>> 11)) >>> 0;
  hash = (hash + (hash << 15)) >>> 0;
  return hash & (HASH_SIZE - 1);
}

/** Whole seconds that a minion waits. */
export function splayDelay(id: string, splaytime: number): number {
  return Math.trunc(splaytime * splayPlace(id) / HASH_SIZE);
}

/** The executor `splay`. */
export const splay: Executor = {
  available: () => true,
  async execute(ctx, { fun, options }) {
    const wanted = options["splaytime"] ?? ctx.opts["splaytime"] ?? DEFAULT_SPLAYTIME;
    const splaytime = Number(wanted);
    if (!(splaytime > 0)) throw new SaltInvocationError("splaytime must be a positive integer");
    const seconds = splayDelay(ctx.id, splaytime);
    ctx.log.debug(`Splay is sleeping ${seconds} secs on ${fun}`);
    await sleep(seconds * 1000, undefined, { signal: ctx.signal });
    return null;
  },
};
