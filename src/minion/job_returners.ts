/**
 * Returns to places besides the master: those that a job names (`--return`), and those of the option
 * `return`. (`salt/minion.py:Minion._thread_return`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { traverse } from "../loader/traverse.ts";
import type { Clock } from "../channel/clock.ts";
import { messageOf } from "../errors.ts";
import { ReturnerUnavailable } from "../loader/returner_types.ts";
import { getLogger } from "../logging/mod.ts";
import { enqueue, openOutbox, ReturnerOutbox } from "../plugins/returners/outbox.ts";
import { Returners } from "../plugins/returners/mod.ts";
import type { Data, DataMap } from "../types/mod.ts";

const log = getLogger("saltx.returners");

/** Options that Salt's returners assume when nobody sets them. (`salt/modules/config.py:DEFAULTS`) */
const DEFAULTS: DataMap = { "redis.host": "salt", "redis.port": 6379, "redis.db": "0" };

/** Where options of returners are looked up. */
export interface ReturnerSources {
  opts: MinionOpts;
  grains(): DataMap;
  pillar(): DataMap;
}

/** An option from options, grains and pillar. (`config.option`) */
export function returnerOption(sources: ReturnerSources): (name: string) => Data | undefined {
  const { opts, grains, pillar } = sources;
  return (name) => {
    const master = pillar()["master"];
    const places = [opts as unknown as DataMap, grains(), pillar(), (master ?? {}) as DataMap];
    for (const place of [...places, DEFAULTS]) {
      if (Object.hasOwn(place, name)) return place[name];
      const found = traverse(place, name);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Opens the returners of a minion, and what waits for them. */
export function openJobReturners(sources: ReturnerSources, clock: Clock): ReturnerOutbox {
  const { opts } = sources;
  const option = returnerOption(sources);
  const returners = new Returners({ opts: opts as unknown as DataMap, option });
  return new ReturnerOutbox(openOutbox(opts), returners, (ms, signal) => clock.sleep(ms, signal));
}

/** Tries of {@linkcode handOver}, and ms between them. */
const TRIES = 3;
const PAUSE = 500;

/** Gives one return to returners and waits until they have it; what they do not take is kept in the outbox. */
export async function handOver(
  sources: ReturnerSources,
  clock: Clock,
  names: readonly string[],
  ret: DataMap,
): Promise<void> {
  const opts = sources.opts as unknown as DataMap;
  const returners = new Returners({ opts, option: returnerOption(sources) });
  try {
    for (const name of names) await handOne(returners, clock, name, ret, sources.opts);
  } finally {
    await returners.reset();
  }
}

async function handOne(
  returners: Returners,
  clock: Clock,
  name: string,
  ret: DataMap,
  opts: MinionOpts,
): Promise<void> {
  for (let left = TRIES; left > 0; left--) {
    try {
      const returner = await returners.get(name);
      if (!returner.returner) {
        throw new Error(`Returner '${name}' does not support function returner`);
      }
      return await returner.returner([ret], { again: left < TRIES });
    } catch (error) {
      log.error(messageOf(error));
      if (!(error instanceof ReturnerUnavailable)) return;
    }
    if (left > 1) await clock.sleep(PAUSE);
  }
  const file = openOutbox(opts);
  if (enqueue(file, name, "returner", ret)) {
    log.error(`The result for returner ${name} is kept; the minion of this host brings it later`);
  }
  file.close();
}
