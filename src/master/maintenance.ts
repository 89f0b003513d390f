/**
 * What a master does every `loop_interval`, and when keys go.
 * @module
 */
import { openJobCache } from "../cache/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import type { PublishServer } from "../transport/types.ts";
import { keepFilesFetched } from "./file_updates.ts";
import type { Rotation } from "./rotation.ts";
import type { Watch } from "./watch.ts";

const log = getLogger("saltx.master");

/** What is looked after. */
export interface MaintainedParts {
  rotation: Rotation;
  bus: EventBusServer;
  server: PublishServer;
  watch: Watch;
  /** One Int32, which workers read: how many minions subscribe. */
  subscribers: SharedArrayBuffer;
  /** For writing to the job cache. */
  turnstile: SharedArrayBuffer;
}

/** Begins: old jobs go, keys turn, counters are shared. What it returns ends that. */
export function maintain(
  opts: MasterOpts,
  { rotation, bus, server, watch, subscribers, turnstile }: MaintainedParts,
): () => void {
  const counter = new Int32Array(subscribers);
  const jobs = openJobCache({ ...opts, turnstile });
  const clean = () => {
    Atomics.store(counter, 0, server.subscribers);
    watch.check();
    rotation.check().catch((error) => log.error(`Key rotation failed: ${messageOf(error)}`, error));
    try {
      const removed = jobs.clean(opts.keep_jobs_seconds, watch.queuedJobs());
      if (removed > 0) log.info(`Removed ${removed} jobs older than ${opts.keep_jobs_seconds} s`);
    } catch (error) {
      log.error(`Old jobs cannot be removed: ${messageOf(error)}`, error);
    }
  };
  const timer = setInterval(clean, opts.loop_interval * 1000);
  const stopFetching = keepFilesFetched(opts, bus);
  const stopHearing = bus.onEvent("salt/key", ({ data }) => {
    if (data["act"] === "delete" || data["act"] === "reject") void rotation.check();
  });
  return () => {
    clearInterval(timer);
    stopFetching();
    stopHearing();
    jobs.close();
  };
}
