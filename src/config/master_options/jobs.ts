/**
 * Jobs, returns and events.
 * @module
 */
import { anything, bool, float, int, list, optional, path, str, textList } from "../option.ts";

/** Options of the master. */
export const masterJobs = {
  search: str("", "no", "Search system; never finished in Salt."),
  serial: str("msgpack", "no", "Format of messages; only `msgpack` ever existed."),
  timeout: float(
    5,
    "yes",
    "Seconds a command waits for returns before it asks minions whether they still work.",
    { min: 0 },
  ),
  gather_job_timeout: int(10, "yes", "Seconds minions have to say whether a job still runs.", {
    min: 0,
  }),
  keep_jobs: int(24, "no", "Hours jobs are kept; replaced by `keep_jobs_seconds`.", { min: 0 }),
  keep_jobs_seconds: int(86400, "yes", "Seconds jobs are kept.", { min: 0 }),
  job_cache_sync: bool(
    false,
    "yes",
    "Wait for the disk with each return, so that what was acknowledged outlasts a power cut too. " +
      "Without it, it outlasts the master's own end, however sudden.",
  ),
  archive_jobs: bool(
    false,
    "yes",
    "Move old jobs of `pgjsonb` to other tables instead of dropping them.",
  ),
  job_cache: bool(true, "yes", "Keep jobs and returns."),
  job_cache_store_endtime: bool(false, "yes", "Note when a job's last return came."),
  master_job_cache: str("local_cache", "yes", "Where jobs are kept."),
  minion_data_cache: bool(true, "yes", "Keep grains and pillars of minions, for targeting."),
  minion_data_cache_events: bool(
    true,
    "later",
    "Fire an event when `minion_data_cache` takes something new.",
  ),
  enforce_mine_cache: bool(false, "yes", "Keep mine data even without `minion_data_cache`."),
  loop_interval: float(60, "yes", "Seconds between the master's housekeeping rounds.", { min: 0 }),
  maintenance_interval: int(3600, "later", "Seconds between longer housekeeping."),
  event_return: textList([], "yes", "Returners that store events."),
  event_return_queue: int(0, "yes", "Events stored together."),
  event_return_queue_max_seconds: optional(
    int(0, "yes", "Seconds until a queue that is not full is stored."),
  ),
  event_return_whitelist: list([], "yes", "Only events with these tags are stored."),
  event_return_blacklist: list([], "yes", "Events with these tags are not stored."),
  con_cache: bool(false, "no", "Connection cache of old releases."),
  memcache_expire_seconds: int(0, "no", "Seconds the cache in memory is good."),
  memcache_max_items: int(1024, "no", "Banks in the cache in memory."),
  memcache_full_cleanup: bool(false, "no", "Look through the whole cache when it is full."),
  memcache_debug: bool(false, "no", "Log statistics of the cache in memory."),
  sqlite_queue_dir: path("/var/cache/salt/master/queues", "yes", "Folder of queues."),
  queue_dirs: list([], "no", "Folders of Python queue modules."),
  queue_offline: bool(
    false,
    "yes",
    "Keep each job for accepted minions that are not connected, until they come back.",
  ),
  queue_expires: int(604800, "yes", "Seconds a job waits for a minion to come back.", { min: 1 }),
  reconnect_window: int(
    20,
    "yes",
    "Seconds for which jobs are kept for minions whose connection was lost, or that a restarted " +
      "master has not seen yet; 0 keeps none.",
    { min: 0, max: 3600 },
  ),
  presence_events: bool(false, "yes", "Fire events about who is connected."),
  batch_safe_limit: int(0, "yes", "Number of minions from which a command runs in batches."),
  batch_safe_size: int(8, "yes", "Size of the batches that `batch_safe_limit` makes."),
  show_timeout: bool(true, "later", "Name minions that did not return."),
  show_jid: bool(false, "later", "Show the job id of each command."),
  cli_summary: bool(false, "yes", "Show a summary after each command."),
  order_masters: bool(false, "yes", "This master commands syndics."),
  dummy_pub: anything(false, "no", "Unused."),
};
