/**
 * Other programs and the users they run as.
 * @module
 */
export * from "./is_alive.ts";
export * from "./run.ts";
export * from "./users.ts";
export * from "./which.ts";
