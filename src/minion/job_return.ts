/**
 * Builds what a minion sends back for a job. (`salt/minion.py:_thread_return, _prepare_return_pub`)
 * @module
 */
import { EX } from "../errors.ts";
import type { MinionOpts } from "../config/mod.ts";
import type { JobResult } from "../loader/execute.ts";
import { getLogger } from "../logging/mod.ts";
import {
  type DataMap,
  isMap,
  type MinionId,
  type PublishLoad,
  type ReturnLoad,
} from "../types/mod.ts";

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
  const each = <T>(value: T) =>
    Array.isArray(job.fun) ? Object.fromEntries(funs.map((fun) => [fun, value])) : value;
  const load = returnLoad(id, job, {
    return: each(text),
    retcode: each(EX.GENERIC),
    success: each(false),
    out: "nested",
  });
  return { ...load, interrupted: true };
}

/** The returners that a job's return goes to. */
export function returnersOf(load: Pick<PublishLoad, "ret">, opts: MinionOpts): string[] {
  const wanted = [load.ret, opts["return"]].flat();
  const names = wanted.filter((one) => typeof one === "string").flatMap((one) => one.split(","));
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}

/** The return as returners get it: what the job said of them is in it, what is the channel's is not. */
export function returnerLoad(load: PublishLoad, ret: ReturnLoad): DataMap {
  const { cmd: _cmd, ...fields } = ret;
  const more: DataMap = {};
  if (typeof load.ret_config === "string" && load.ret_config !== "") {
    more["ret_config"] = load.ret_config;
  }
  if (load.ret_kwargs) more["ret_kwargs"] = load.ret_kwargs;
  return { ...fields as unknown as DataMap, ...more };
}
