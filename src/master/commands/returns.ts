/**
 * What minions send back: returns of jobs. (`salt/master.py:AESFuncs._return`,
 * `salt/utils/job.py:store_job`)
 * @module
 */
import type { Caller } from "../../channel/gate.ts";
import { getLogger } from "../../logging/mod.ts";
import { currentJid, isValidJid } from "../../text/jid.ts";
import type { Data, DataMap, PublishLoad, ReturnLoad } from "../../types/mod.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** Fields of the envelope, not of the return. */
const CHANNEL_FIELDS = ["cmd", "nonce", "ts", "tok"];

/**
 * Stores the return, then fires it, then answers: what was acknowledged is on disk. One that comes
 * again is acknowledged again, and neither stored nor fired a second time.
 * @returns null, or false when the load is no return.
 */
export function takeReturn(parts: WorkerParts, load: DataMap, caller: Caller): Data {
  const id = caller.id;
  if (id === null || load["return"] === undefined || typeof load["jid"] !== "string") {
    log.warning(`A return of ${id} lacks id, jid or return; dropped`);
    return false;
  }
  const fun = load["fun"];
  if (typeof fun !== "string" && !Array.isArray(fun)) {
    log.warning(`A return of ${id} names no function; dropped`);
    return false;
  }
  const ret: DataMap = { ...load };
  for (const field of CHANNEL_FIELDS) delete ret[field];
  if (load["jid"] === "req") ret["jid"] = beginJob(parts, ret);
  else if (!isValidJid(load["jid"])) {
    log.warning(`A return of ${id} has '${load["jid"].slice(0, 40)}' for a jid; dropped`);
    return false;
  }
  return store(parts, ret as unknown as ReturnLoad);
}

function store(parts: WorkerParts, ret: ReturnLoad): Data {
  if (parts.jobs.saveReturn(ret) === "duplicate") {
    log.info(`${ret.id} returned job ${ret.jid} again; kept the first`);
    return null;
  }
  parts.fire(`salt/job/${ret.jid}/ret/${ret.id}`, ret as unknown as DataMap);
  log.info(() => `Got return from ${ret.id} for job ${ret.jid}`);
  return null;
}

/** A job that the minion ran by itself (`salt-call`, schedule) gets its jid here. */
function beginJob(parts: WorkerParts, ret: DataMap): string {
  const jid = currentJid();
  const load = {
    fun: ret["fun"],
    arg: ret["fun_args"] ?? ret["arg"] ?? [],
    tgt: ret["tgt"] ?? ret["id"],
    tgt_type: ret["tgt_type"] ?? "glob",
    jid,
    ret: "",
    user: ret["user"] ?? "root",
  } as PublishLoad;
  parts.jobs.saveLoad(load, [String(ret["id"])], []);
  return jid;
}
