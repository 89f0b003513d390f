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
    "yes",
    "Repositories to serve, each an URL or a map of an URL with its own options.",
  ),
  gitfs_update_interval: int(60, "yes", "Seconds between fetches."),
  gitfs_mountpoint: str("", "yes", "Path below `salt://` at which repositories appear."),
  gitfs_root: str("", "yes", "Folder of a repository that is served."),
  gitfs_base: str("master", "yes", "Branch that is environment `base`."),
  gitfs_fallback: str("", "yes", "Branch served for environments that have none."),
  gitfs_user: str("", "yes", "User for HTTPS."),
  gitfs_password: str("", "yes", "Password for HTTPS."),
  gitfs_insecure_auth: bool(false, "yes", "Allow a password over plain HTTP."),
  gitfs_privkey: str("", "yes", "Private key file for SSH."),
  gitfs_pubkey: str("", "no", "Public key file for SSH; git needs none."),
  gitfs_passphrase: str("", "no", "Passphrase of the SSH key; use an ssh-agent instead."),
  gitfs_saltenv: list<unknown>([], "yes", "Settings of single environments."),
  gitfs_saltenv_whitelist: list([], "yes", "Only these environments are served."),
  gitfs_saltenv_blacklist: list([], "yes", "These environments are not served."),
  gitfs_global_lock: bool(true, "no", "One lock for all repositories."),
  gitfs_ssl_verify: bool(true, "yes", "Check the certificate of HTTPS remotes."),
  gitfs_ref_types: list(
    ["branch", "tag", "sha"],
    "yes",
    "Which of branches, tags and commits become environments.",
  ),
  gitfs_refspecs: list(REFSPECS, "yes", "What is fetched."),
  gitfs_disable_saltenv_mapping: bool(
    false,
    "yes",
    "Only environments named in `gitfs_saltenv` exist.",
  ),
  gitfs_proxy: str("", "yes", "Proxy for fetches."),
  gitfs_depth: anything(1, "no", "How many commits are fetched."),
};
