/**
 * Worker threads.
 * @module
 */
import { bool, int, map, oneOf } from "../option.ts";

/** Options of the master. */
export const masterWorkers = {
  worker_threads: int(5, "yes", "Threads that answer requests.", { min: 1, max: 1024 }),
  worker_pools: map({}, "no", "Pools of workers for single request kinds."),
  worker_pools_enabled: bool(true, "no", "Use `worker_pools`."),
  master_async_mworker: bool(false, "no", "Answer several requests at once in a worker."),
  master_mworker_max_inflight: int(0, "no", "Bound of `master_async_mworker`."),
  master_stats: bool(false, "later", "Count requests by kind and fire the counts as events."),
  master_stats_event_iter: int(60, "later", "Seconds between events of `master_stats`."),
  req_server_niceness: oneOf(["null", "int"], null, "no", "Niceness of the request server."),
  pub_server_niceness: oneOf(["null", "int"], null, "no", "Niceness of the publisher."),
  fileserver_update_niceness: oneOf(
    ["null", "int"],
    null,
    "no",
    "Niceness of the file server's updates.",
  ),
  mworker_niceness: oneOf(["null", "int"], null, "no", "Niceness of the workers."),
  mworker_queue_niceness: oneOf(["null", "int"], null, "no", "Niceness of the workers' queue."),
  maintenance_niceness: oneOf(["null", "int"], null, "no", "Niceness of housekeeping."),
  event_return_niceness: oneOf(["null", "int"], null, "no", "Niceness of event storing."),
  event_publisher_niceness: oneOf(["null", "int"], null, "no", "Niceness of the event bus."),
};
