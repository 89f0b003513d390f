/**
 * Returns that a syndic brings from the minions of its master. (`salt/master.py:AESFuncs._syndic_return`)
 * @module
 */
import type { Caller } from "../../channel/gate.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidJid } from "../../text/jid.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import {
  type Data,
  type DataMap,
  isMap,
  type PublishLoad,
  type ReturnLoad,
} from "../../types/mod.ts";
import { maySyndicate, noteSyndic } from "../syndics.ts";
import type { WorkerParts } from "../worker_parts.ts";
import { storeReturn } from "./returns.ts";

const log = getLogger("saltx.master");

/** Jobs that one request may bring returns of. */
const MOST_JOBS = 10_000;

/** What of a syndic's load belongs to each return. */
const COMMON = ["fun", "fun_args", "out", "master_id"];

/**
 * Stores and fires each return as if its minion had sent it. A syndic speaks for the minions of its own
 * master: never for one whose key is accepted here.
 * @returns null, or false when the sender may not.
 */
export async function takeSyndicReturns(
  parts: WorkerParts,
  load: DataMap,
  caller: Caller,
): Promise<Data> {
  const jobs = Array.isArray(load["load"]) ? load["load"] : [load];
  const id = caller.id ?? idWithin(jobs);
  if (id === null || parts.keys.acceptedKey(id) === null || !maySyndicate(id, parts.opts)) {
    log.warning(`${id} may not act as a syndic here (order_masters, syndic_ids); returns dropped`);
    return false;
  }
  noteSyndic(parts.opts.syndic_dir, id);
  // Together: they are on the disk in one go.
  await Promise.all(jobs.slice(0, MOST_JOBS).flatMap((job) => takeJob(parts, job, id)));
  return null;
}

/** Syndics of protocol version 2 name themselves there alone. */
function idWithin(jobs: readonly Data[]): string | null {
  const id = isMap(jobs[0]) ? jobs[0]["id"] : undefined;
  return isValidMinionId(id) ? id : null;
}

function takeJob(parts: WorkerParts, job: Data, syndic: string): Promise<Data>[] {
  if (!isMap(job) || !isMap(job["return"])) return [];
  const { jid, load } = job;
  if (typeof jid !== "string" || !isValidJid(jid)) {
    log.warning(`A return of syndic ${syndic} has no usable jid; dropped`);
    return [];
  }
  if (isMap(load) && load["fun"] !== undefined) saveLoad(parts, jid, load);
  const stored: Promise<Data>[] = [];
  const common: DataMap = {};
  for (const name of COMMON) if (job[name] !== undefined) common[name] = job[name];
  for (const [id, item] of Object.entries(job["return"])) {
    const foreign = id !== syndic && isValidMinionId(id) && parts.keys.acceptedKey(id) !== null;
    if (!isValidMinionId(id) || !isMap(item) || item["return"] === undefined || foreign) {
      log.warning(
        `A return of syndic ${syndic} for ${JSON.stringify(id.slice(0, 80))} was dropped: ` +
          (foreign ? "that minion is connected to this master" : "it is no return"),
      );
      continue;
    }
    const ret = { ...common, ...item, jid, id, fun: item["fun"] ?? common["fun"] ?? "" };
    stored.push(storeReturn(parts, ret as unknown as ReturnLoad));
  }
  return stored;
}

/** A job that began at the lower master. */
function saveLoad(parts: WorkerParts, jid: string, load: DataMap): void {
  const { minions, Minions, ...rest } = load;
  const ids = [minions ?? Minions].flat().filter(isValidMinionId);
  const job = { arg: [], tgt: "", tgt_type: "glob", ret: "", ...rest, jid };
  parts.jobs.saveLoad(job as unknown as PublishLoad, ids);
}
