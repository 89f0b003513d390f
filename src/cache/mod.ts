/**
 * What a master remembers: jobs and their returns, jobs that wait, and data of minions. In SQLite, one
 * file for each.
 * @module
 */
export type {
  JobCache,
  JobCacheOptions,
  JobEnd,
  JobFilter,
  JobRecord,
  JobReturn,
  JobSummary,
  SaveResult,
  StoredReturn,
} from "./job_cache.ts";
export type {
  DataKeys,
  MinionData,
  MinionDataCache,
  MinionDataCacheOptions,
} from "./minion_data_cache.ts";
export {
  type MineStore,
  type MineStoreOptions,
  openMineStore,
  openSharedMine,
  type SharedMine,
} from "./mine_store.ts";
export {
  openQueueStore,
  type QueuedMinion,
  type QueueEntry,
  type QueueFilter,
  type QueueStore,
  type QueueStoreOptions,
} from "./queue_store.ts";
export { StoreError, type StoreFault } from "./sqlite_error.ts";
export { metadataOf } from "./job_rows.ts";
export { openJobCache, openSharedJobCache, type SharedJobCache } from "./sqlite_job_cache.ts";
export {
  openMinionDataCache,
  openSharedMinionData,
  type SharedMinionData,
} from "./sqlite_minion_data_cache.ts";
export { newTurnstile } from "./turnstile.ts";
