/**
 * Files and folders on disk: atomic writes.
 * @module
 */
export * from "./atomic_write.ts";
