/**
 * The file server.
 * @module
 */
import { bool, choice, int, list, map, str, textList } from "../option.ts";

/** Options the same on both daemons. */
export const commonFiles = {
  file_client: choice(
    "local",
    ["remote", "local"],
    "yes",
    "Where `salt://` files come from: the master (`remote`) or own folders (`local`).",
  ),
  file_roots: map<readonly string[]>(
    { "base": ["/srv/salt", "/srv/spm/salt"] },
    "yes",
    "Folders of `salt://` by environment.",
  ),
  fileserver_backend: list(
    ["roots"],
    "yes",
    "File servers in the order in which they are asked.",
  ),
  fileserver_followsymlinks: bool(true, "yes", "Serve what symbolic links lead to."),
  fileserver_ignoresymlinks: bool(false, "yes", "Leave symbolic links out of listings."),
  file_ignore_regex: textList(
    [],
    "yes",
    "Files whose path fits one of these expressions are not served.",
  ),
  file_ignore_glob: textList(
    [],
    "yes",
    "Files whose path fits one of these patterns are not served.",
  ),
  file_recv: bool(false, "yes", "Let minions push files to the master (`cp.push`)."),
  file_recv_max_size: int(100, "yes", "Largest pushed file in MiB."),
  file_buffer_size: int(1048576, "yes", "Bytes read and sent at once."),
  salt_cp_chunk_size: int(98304, "yes", "Bytes a piece of `salt-cp -C` has."),
  top_file_merging_strategy: str(
    "merge",
    "later",
    "How top files of several environments become one.",
  ),
  env_order: list([], "later", "Order in which environments are merged."),
  default_top: str("base", "later", "Environment whose top file is used with `same`."),
  roots_update_interval: int(60, "later", "Seconds between looks for changes in `file_roots`."),
  minionfs_update_interval: int(60, "later", "Seconds between updates of minionfs."),
  azurefs_update_interval: int(60, "no", "Seconds between updates of azurefs."),
  hgfs_update_interval: int(60, "no", "Seconds between updates of hgfs."),
  s3fs_update_interval: int(60, "no", "Seconds between updates of s3fs."),
  svnfs_update_interval: int(60, "no", "Seconds between updates of svnfs."),
};
