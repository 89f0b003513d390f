/**
 * Results that the minion keeps for itself, with `cache_jobs`.
 * (`salt/utils/minion.py:cache_jobs`; read by `saltutil.find_cached_job`)
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal } from "../serializers/msgpack.ts";
import { makeJid } from "../text/jid.ts";
import type { DataMap, ReturnLoad } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** Writes `<cachedir>/minion_jobs/<jid>/return.p`. What fails is told in the log. */
export function cacheReturn(cachedir: string, load: ReturnLoad, now: Date): void {
  const { cmd: _cmd, id: _id, ...result } = load;
  const jid = load.jid === "req" ? makeJid(now) : load.jid;
  const folder = join(cachedir, "minion_jobs", jid);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const packed = packLocal({ ...result, jid } as unknown as DataMap);
    writeFileSync(join(folder, "return.p"), packed, { mode: 0o600 });
  } catch (error) {
    log.error(`The return of job ${jid} cannot be kept in ${folder}: ${messageOf(error)}`, error);
  }
}
