/** Back ends of the file server. @module */
export { cleanRelative, RootsFileServer, type RootsSettings } from "./roots.ts";
export type { FileLists, FileServer, FoundFile, StatList } from "./types.ts";
