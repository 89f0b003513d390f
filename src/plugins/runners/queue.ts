/**
 * Jobs that wait for minions which are not connected (`saltx salt --queue`), beside Salt's lists of any
 * items.
 * @module
 */
import type { QueueEntry } from "../../cache/mod.ts";
import { SaltInvocationError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { globMatch } from "../../text/glob.ts";
import { isValidJid } from "../../text/jid.ts";
import type { DataMap } from "../../types/mod.ts";
import { itemQueueFunctions } from "./_item_queue.ts";
import { formatTime } from "./job_format.ts";

const tgt = { type: "string", default: "*", doc: "Glob of minion ids." } as const;

/** Entries by job, oldest first. */
function byJob(entries: readonly QueueEntry[]): DataMap {
  const jobs: Record<string, DataMap & { Minions: DataMap }> = {};
  for (const { jid, id, load, queued, expires, sent } of entries) {
    const job = jobs[jid] ??= {
      Function: load.fun,
      Arguments: load.arg,
      User: load.user ?? "root",
      Minions: {},
    };
    job.Minions[id] = {
      Queued: formatTime(queued),
      Expires: formatTime(expires),
      Sent: sent === null ? null : formatTime(sent),
    };
  }
  return jobs;
}

/** The runner `queue`. */
export const queue = runnerModule({
  name: "queue",
  doc: "Jobs that wait for minions which are not connected, and queues of any items.",
  functions: {
    ...itemQueueFunctions,
    list: runnerFn({
      doc:
        "Jobs that wait, oldest first, with the minions they wait for. Sent is when the minion " +
        "got it; it stays until the return has come.",
      args: {
        tgt,
        jid: { type: "string", doc: "Only this job." },
        limit: { type: "int", default: 1000, doc: "So many entries at most." },
      },
      example: "salt-run queue.list\nsalt-run queue.list 'laptop*'",
      run: (ctx, args) => {
        const filter = args.jid === null ? {} : { jid: args.jid };
        const entries = ctx.queue.list(filter, Infinity).filter(({ id }) =>
          globMatch(args.tgt, id)
        );
        return byJob(entries.slice(0, Math.max(0, args.limit)));
      },
    }),
    cancel: runnerFn({
      doc: "Takes a job out of the queue: for all minions that it was not sent to, or for some. " +
        "Gives the ids.",
      args: { jid: { type: "string", required: true, doc: "The job id." }, tgt },
      example: "salt-run queue.cancel 20260102030405000001\n" +
        "salt-run queue.cancel 20260102030405000001 'laptop*'",
      run: async (ctx, { jid, tgt }) => {
        if (!isValidJid(jid)) throw new SaltInvocationError(`'${jid}' is not a valid jid`);
        const ids = ctx.queue.list({ jid, sent: false }, Infinity).map(({ id }) => id)
          .filter((id) => globMatch(tgt, id));
        const gone = ids.flatMap((id) => ctx.queue.remove({ jid, id, sent: false }))
          .map(({ id }) => id);
        if (gone.length === 0) return gone;
        ctx.jobs.setEnd(jid, gone, "expired", "It was cancelled");
        await ctx.fireEvent(`salt/queue/${jid}/cancelled`, { jid, minions: gone });
        return gone.sort();
      },
    }),
  },
});
