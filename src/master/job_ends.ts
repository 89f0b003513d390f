/**
 * Takes down how jobs ended on minions that did not return. Only whoever waited for them knows: the
 * command line, which asked them and got no answer.
 * @module
 */
import type { JobCache } from "../cache/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { isValidJid } from "../text/jid.ts";
import type { DataMap } from "../types/mod.ts";

const log = getLogger("saltx.master");

/** Characters of a reason that are kept. */
const MAX_REASON = 200;

/**
 * Listens on the bus, where no minion may speak of this. A minion of whom something is known keeps
 * that end, and its return, before or after, wins over this one.
 * @returns ends it.
 */
export function hearJobEnds(
  bus: Pick<EventBusServer, "onEvent">,
  jobs: Pick<JobCache, "returns" | "setEnd">,
): () => void {
  return bus.onEvent("saltx/job/", ({ tag, data }) => {
    const jid = /^saltx\/job\/([^/]+)\/ended$/.exec(tag)?.[1];
    if (jid === undefined || !isValidJid(jid)) return;
    try {
      note(jobs, jid, data);
    } catch (error) {
      log.error(`How job ${jid} ended cannot be stored: ${messageOf(error)}`, error);
    }
  });
}

function note(jobs: Pick<JobCache, "returns" | "setEnd">, jid: string, data: DataMap): void {
  const { minions, reason } = data;
  if (!Array.isArray(minions)) return;
  const silent = new Set(minions);
  const ids = jobs.returns(jid).filter(({ id, end }) => end === "waiting" && silent.has(id))
    .map(({ id }) => id);
  if (ids.length === 0) return;
  jobs.setEnd(jid, ids, "timed out", String(reason ?? "").slice(0, MAX_REASON));
}
