/**
 * How a job ended on each of its minions, also where nobody waited for it.
 * @module
 */
import type { JobReturn } from "../../cache/mod.ts";
import { messageOf } from "../../errors.ts";
import type { RunnerContext } from "../../loader/runner_types.ts";
import { jidToDate } from "../../text/jid.ts";
import { cameBack, type DataMap, isMap, type Target } from "../../types/mod.ts";
import { formatTime } from "./job_format.ts";

/** Of a minion that still works on the job. */
export const RUNNING = "running";

/** One minion's part, with what asking it has brought. */
export interface JobPart extends Omit<JobReturn, "end"> {
  end: JobReturn["end"] | typeof RUNNING;
}

/**
 * The parts of a job. Minions of whom nothing is known although their time is up are asked whether they
 * work on it; those that do not, or do not answer, have timed out, which is kept. A return that comes
 * later still wins.
 */
export async function jobParts(ctx: RunnerContext, jid: string): Promise<JobPart[]> {
  const parts = ctx.jobs.returns(jid);
  const silent = parts.filter(({ end }) => end === "waiting").map(({ id }) => id as string);
  if (silent.length === 0 || !isTimeUp(ctx, jid)) return parts;
  const states = await askWhoRuns(ctx, jid, silent).catch((error) => {
    ctx.log.warning(`Nobody can be asked who works on job ${jid}: ${messageOf(error)}`);
    return new Map<string, string>();
  });
  for (const reason of new Set(states.values())) {
    if (reason === RUNNING) continue;
    // What has come meanwhile is not overwritten, and neither is a return.
    const late = new Set(
      ctx.jobs.returns(jid).filter(({ end }) => end === "waiting").map(({ id }) => id as string),
    );
    const ids = silent.filter((id) => late.has(id) && states.get(id) === reason);
    if (ids.length > 0) ctx.jobs.setEnd(jid, ids, "timed out", reason);
  }
  return ctx.jobs.returns(jid).map((part) =>
    part.end === "waiting" && states.get(part.id) === RUNNING ? { ...part, end: RUNNING } : part
  );
}

/** Until then whoever waits for the job has not given up. */
function isTimeUp({ opts }: RunnerContext, jid: string): boolean {
  const began = jidToDate(jid)?.getTime();
  const patience = (opts.timeout + opts.gather_job_timeout) * 1000;
  return began === undefined || Date.now() - began > patience;
}

/** By id: that it runs the job, or why it counts as timed out. */
async function askWhoRuns(
  ctx: RunnerContext,
  jid: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const target: Target = { tgt: [...ids], tgt_type: "list" };
  const states = new Map(ids.map((id) => [id, "Nobody of that name is accepted any more."]));
  const options = { timeout: ctx.opts.gather_job_timeout };
  for (
    const { id, end, ret } of await ctx.client.cmd(target, "saltutil.find_job", [jid], options)
  ) {
    if (!cameBack(end)) states.set(id, "It does not answer.");
    else if (isMap(ret) && Object.keys(ret).length > 0) states.set(id, RUNNING);
    else states.set(id, "It does not work on the job and has not returned.");
  }
  return states;
}

/** By minion: the end, since when it is known, and why. */
export function describeEnds(parts: readonly JobPart[]): DataMap {
  return Object.fromEntries(parts.map(({ id, end, time, reason, ret }) => {
    const described: DataMap = { End: end };
    if (ret?.retcode !== undefined) described["Retcode"] = ret.retcode;
    if (reason !== undefined && reason !== "") described["Reason"] = reason;
    if (time !== null) described["Time"] = formatTime(time);
    return [id, described];
  }));
}
