/**
 * What minions send back: returns of jobs. (`salt/master.py:AESFuncs._return`,
 * `salt/utils/job.py:store_job`)
 * @module
 */
import type { Caller } from "../../channel/gate.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidJid, masterJid } from "../../text/jid.ts";
import {
  type Data,
  type DataMap,
  isMap,
  type PublishLoad,
  type ReturnLoad,
} from "../../types/mod.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** Fields of the envelope, not of the return. */
const CHANNEL_FIELDS = ["cmd", "nonce", "ts", "tok"];

/**
 * Stores the return, then fires it, then answers: what was acknowledged is on disk. One that comes
 * again is acknowledged again, and neither stored nor fired a second time.
 * @returns null, or false when the load is no return.
 */
export async function takeReturn(
  parts: WorkerParts,
  load: DataMap,
  caller: Caller,
): Promise<Data> {
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
  else if (load["jid"] === "nocache") return tell(parts, ret as unknown as ReturnLoad);
  else if (!isValidJid(load["jid"])) {
    log.warning(`A return of ${id} has '${load["jid"].slice(0, 40)}' for a jid; dropped`);
    return false;
  }
  return await storeReturn(parts, ret as unknown as ReturnLoad);
}

/** A scheduled job whose return is for the bus alone. (`return_job: nocache`) */
function tell(parts: WorkerParts, ret: ReturnLoad): Data {
  parts.fire(`salt/job/${ret.jid}/ret/${ret.id}`, ret as unknown as DataMap);
  return null;
}

/** Keeps and fires a return, unless it is known. */
export async function storeReturn(parts: WorkerParts, ret: ReturnLoad): Promise<Data> {
  if (await parts.returns.save(ret) === "duplicate") {
    log.info(`${ret.id} returned job ${ret.jid} again; kept the first`);
    return null;
  }
  parts.fire(`salt/job/${ret.jid}/ret/${ret.id}`, ret as unknown as DataMap);
  log.info(() => `Got return from ${ret.id} for job ${ret.jid}`);
  return null;
}

/** A job that the minion ran by itself (`salt-call`, schedule) gets its jid here. */
function beginJob(parts: WorkerParts, ret: DataMap): string {
  const jid = masterJid(parts.opts);
  const load = {
    fun: ret["fun"],
    arg: ret["fun_args"] ?? ret["arg"] ?? [],
    tgt: ret["tgt"] ?? ret["id"],
    tgt_type: ret["tgt_type"] ?? "glob",
    jid,
    ret: "",
    user: ret["user"] ?? "root",
    ...(isMap(ret["metadata"]) ? { metadata: ret["metadata"] } : {}),
    ...(typeof ret["schedule"] === "string" ? { schedule: ret["schedule"] } : {}),
  } as PublishLoad;
  parts.jobs.saveLoad(load, [String(ret["id"])], []);
  return jid;
}
