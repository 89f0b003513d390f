/**
 * File servers of the master.
 * @module
 */
import { anything, bool, int, list, map, oneOf, optional, str } from "../option.ts";

/** Options of the master. */
export const masterFiles = {
  master_roots: map(
    { "base": ["/srv/salt-master"] },
    "no",
    "Folders of files for the master alone.",
  ),
  fileserver_verify_config: bool(
    true,
    "no",
    "Refuse to start with bad gitfs settings; always done.",
  ),
  fileserver_interval: int(3600, "later", "Seconds between updates of the file servers."),
  fileserver_events: bool(false, "yes", "Fire an event after an update."),
  fileserver_list_cache_time: optional(int(0, "no", "Seconds a listing is kept.")),
  hgfs_remotes: list<unknown>([], "no", "Mercurial repositories to serve."),
  hgfs_mountpoint: str("", "no", "Path at which they appear."),
  hgfs_root: str("", "no", "Folder of a repository that is served."),
  hgfs_base: str("default", "no", "Branch that is environment `base`."),
  hgfs_branch_method: str("branches", "no", "Branches or bookmarks."),
  hgfs_saltenv_whitelist: list([], "no", "Only these environments are served."),
  hgfs_saltenv_blacklist: list([], "no", "These environments are not served."),
  svnfs_remotes: list<unknown>([], "no", "Subversion repositories to serve."),
  svnfs_mountpoint: str("", "no", "Path at which they appear."),
  svnfs_root: str("", "no", "Folder of a repository that is served."),
  svnfs_trunk: str("trunk", "no", "Path of the trunk."),
  svnfs_branches: str("branches", "no", "Path of the branches."),
  svnfs_tags: str("tags", "no", "Path of the tags."),
  svnfs_saltenv_whitelist: list([], "no", "Only these environments are served."),
  svnfs_saltenv_blacklist: list([], "no", "These environments are not served."),
  minionfs_env: str("base", "later", "Environment in which pushed files appear."),
  minionfs_mountpoint: str("", "later", "Path at which they appear."),
  minionfs_whitelist: list([], "later", "Only files of these minions are served."),
  minionfs_blacklist: list([], "later", "Files of these minions are not served."),
  regen_thin: anything(false, "no", "Always build the thin archive of salt-ssh anew."),
  thin_extra_mods: str("", "no", "Python modules added to the thin archive."),
  min_extra_mods: str("", "no", "Python modules added to the minimal archive."),
  thin_exclude_saltexts: bool(false, "no", "Leave extensions out of the thin archive."),
  thin_saltext_allowlist: oneOf(["null", "list"], null, "no", "Only these extensions go in."),
  thin_saltext_blocklist: list([], "no", "These extensions stay out."),
};
