/**
 * Files and folders on disk.
 * @module
 */
export * from "./atomic_write.ts";
export * from "./glob_files.ts";
export * from "./list_folder.ts";
export * from "./look.ts";
