/** Back ends of the file server. @module */
export {
  backendName,
  FileServers,
  type FileServerSettings,
  type NamedBackend,
  openBackends,
} from "./backends.ts";
export {
  clearGitfs,
  lockGitfs,
  type Outcome,
  unlockGitfs,
  updateGitfs,
  type UpdateSettings,
} from "./gitfs/update.ts";
export { readRemotes } from "./gitfs/remotes.ts";
export { cleanRelative, RootsFileServer, type RootsSettings } from "./roots.ts";
export type { FileLists, FileServer, FoundFile, StatList } from "./types.ts";
