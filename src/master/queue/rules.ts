/**
 * Which jobs are kept for minions that are not connected, and how long.
 * @module
 */
import type { MasterOpts } from "../../config/mod.ts";
import { SaltInvocationError } from "../../errors.ts";
import { parseDuration } from "../../text/duration.ts";
import { isTrue } from "../../text/is_true.ts";
import type { DataMap } from "../../types/mod.ts";

/** s; nothing is kept for longer. */
const LONGEST = 366 * 86_400;

/** Questions that only mean something now; `queue_offline` does not keep them. */
const ASKED_NOW = new Set([
  "saltutil.find_job",
  "saltutil.is_running",
  "saltutil.running",
  "saltutil.term_job",
  "saltutil.kill_job",
  "saltutil.signal_job",
  "sys.doc",
  "sys.list_functions",
  "test.ping",
  "test.version",
]);

/** Whether a function looks after jobs: nobody wants its answer later. */
export function looksAfterJobs(fun: string): boolean {
  return fun.startsWith("saltutil.") && ASKED_NOW.has(fun);
}

/**
 * Seconds that a job is kept for who is not there; null when it is not kept.
 * @param kwargs of the request to publish: `queue`, `expires`.
 * @throws {SaltInvocationError} when `expires` is no length of time.
 */
export function queueSeconds(
  kwargs: DataMap,
  funs: readonly string[],
  opts: Pick<MasterOpts, "queue_offline" | "queue_expires">,
): number | null {
  const { queue, expires } = kwargs;
  const wanted = queue === undefined || queue === null
    ? opts.queue_offline && !funs.some((fun) => ASKED_NOW.has(fun))
    : isTrue(queue);
  if (!wanted) return null;
  if (expires === undefined || expires === null || expires === "") return opts.queue_expires;
  const seconds = parseDuration(expires);
  if (seconds === null || seconds > LONGEST) {
    throw new SaltInvocationError(
      "publish: 'expires' must be a length of time up to a year, such as 90s, 30m, 12h or 7d",
    );
  }
  return seconds;
}
