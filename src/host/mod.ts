/**
 * What this machine is like, read from the kernel and the system's files; for grains and modules.
 * @module
 */
export * from "./interfaces.ts";
export * from "./mounts.ts";
export * from "./processes.ts";
export * from "./timezone.ts";
