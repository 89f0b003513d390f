/**
 * Builds what a minion sends back for a job. (`salt/minion.py:_thread_return, _prepare_return_pub`)
 * @module
 */
import { EX } from "../errors.ts";
import type { JobResult } from "../loader/execute.ts";
import { getLogger } from "../logging/mod.ts";
import { isMap, type MinionId, type PublishLoad, type ReturnLoad } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** Fields of a publication that come back as they were. */
const ECHOED = ["user", "master_id", "schedule", "nocache"] as const;

/** The return of a job that ended. */
export function returnLoad(id: MinionId, job: PublishLoad, result: JobResult): ReturnLoad {
  const load: ReturnLoad = {
    cmd: "_return",
    id,
    success: result.success,
    return: result.return,
    retcode: result.retcode,
    jid: job.jid,
    fun: job.fun,
    fun_args: job.arg,
  };
  for (const field of ECHOED) if (job[field] !== undefined) load[field] = job[field];
  if (job.metadata !== undefined) {
    if (isMap(job.metadata)) load["metadata"] = job.metadata;
    else log.warning("The metadata parameter must be a dictionary. Ignoring.");
  }
  if (result.out !== undefined) load.out = result.out;
  if (job.jid === "req") {
    // The master makes a job of it and needs to know whom it was for.
    load["tgt"] = id;
    load["tgt_type"] = "glob";
    load["arg"] = job.arg;
  }
  return load;
}

/** The return of a job whose process ended before it did. `when` says how, as the end of a sentence. */
export function interruptedReturn(id: MinionId, job: PublishLoad, when: string): ReturnLoad {
  const funs = Array.isArray(job.fun) ? job.fun : [job.fun];
  const text = `Interrupted: ${when}. What it had begun may be done in part; look before you run ` +
    `it again.`;
  if (!Array.isArray(job.fun)) {
    return returnLoad(id, job, {
      return: text,
      retcode: EX.GENERIC,
      success: false,
      out: "nested",
    });
  }
  const each = <T>(value: T) => Object.fromEntries(funs.map((fun) => [fun, value]));
  return returnLoad(id, job, {
    return: each(text),
    retcode: each(EX.GENERIC),
    success: each(false),
    out: "nested",
  });
}
