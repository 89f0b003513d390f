/**
 * Files from git.
 * @module
 */
import { anything, bool, int, list, optional, str } from "../option.ts";

const REFSPECS = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];

/** Options the same on both daemons. */
export const commonGitfs = {
  gitfs_provider: optional(str("", "no", "Python library for git; saltx runs the system's git.")),
  gitfs_remotes: list<unknown>(
    [],
    "later",
    "Repositories to serve, each an URL or a map of an URL with its own options.",
  ),
  gitfs_update_interval: int(60, "later", "Seconds between fetches."),
  gitfs_mountpoint: str("", "later", "Path below `salt://` at which repositories appear."),
  gitfs_root: str("", "later", "Folder of a repository that is served."),
  gitfs_base: str("master", "later", "Branch that is environment `base`."),
  gitfs_fallback: str("", "later", "Branch served for environments that have none."),
  gitfs_user: str("", "later", "User for HTTPS."),
  gitfs_password: str("", "later", "Password for HTTPS."),
  gitfs_insecure_auth: bool(false, "later", "Allow a password over plain HTTP."),
  gitfs_privkey: str("", "later", "Private key file for SSH."),
  gitfs_pubkey: str("", "no", "Public key file for SSH; git needs none."),
  gitfs_passphrase: str("", "no", "Passphrase of the SSH key."),
  gitfs_saltenv: list<unknown>([], "later", "Settings of single environments."),
  gitfs_saltenv_whitelist: list([], "later", "Only these environments are served."),
  gitfs_saltenv_blacklist: list([], "later", "These environments are not served."),
  gitfs_global_lock: bool(true, "no", "One lock for all repositories."),
  gitfs_ssl_verify: bool(true, "later", "Check the certificate of HTTPS remotes."),
  gitfs_ref_types: list(
    ["branch", "tag", "sha"],
    "later",
    "Which of branches, tags and commits become environments.",
  ),
  gitfs_refspecs: list(REFSPECS, "later", "What is fetched."),
  gitfs_disable_saltenv_mapping: bool(
    false,
    "later",
    "Only environments named in `gitfs_saltenv` exist.",
  ),
  gitfs_proxy: str("", "no", "Proxy for fetches."),
  gitfs_depth: anything(1, "no", "How many commits are fetched."),
};
