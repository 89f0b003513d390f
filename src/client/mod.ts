/**
 * Clients of a master: they publish jobs, wait for returns and send commands.
 *
 * Runners have a door of their own, `runner.ts`: they load stores that a job does not need.
 * @module
 */
export { type BatchEvent, batchNumber, type BatchRules, runBatches } from "./batch.ts";
export { type Clock, systemClock } from "./clock.ts";
export { NoMinionsError } from "./errors.ts";
export { Job, type JobProgress, noReturnText, worstRetcode } from "./job.ts";
export { type ClientParts, LocalClient } from "./local_client.ts";
export { keyFilePath, localUser } from "./local_key.ts";
export { masterUri, openLocalClient } from "./open.ts";
export { resolveTarget } from "./target.ts";
export type {
  ClientOpts,
  Credentials,
  JobRequest,
  MinionEnd,
  MinionResult,
  Published,
} from "./types.ts";
