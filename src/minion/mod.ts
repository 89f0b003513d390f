/**
 * The minion: signs in at its masters, takes their jobs, runs them and brings the results back.
 * @module
 */
export { Caller, type CallerOptions, type CallResult, isLocal } from "./caller.ts";
export { type RunningMinion, startMinion, type StartOptions } from "./minion.ts";
export type { MinionParts } from "./parts.ts";
export { readRunning } from "./proc_files.ts";
