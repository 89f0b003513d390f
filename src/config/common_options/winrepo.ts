/**
 * The Windows package repository.
 * @module
 */
import { anything, bool, list, str } from "../option.ts";

const REFSPECS = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];

/** Options the same on both daemons. */
export const commonWinrepo = {
  winrepo_dir: str(
    "/srv/salt/win/repo",
    "no",
    "Folder of the Windows package repository for old minions.",
  ),
  winrepo_dir_ng: str("/srv/salt/win/repo-ng", "no", "Folder of the Windows package repository."),
  winrepo_cachefile: str("winrepo.p", "no", "Name of its cache file."),
  winrepo_remotes: list<unknown>(
    ["https://github.com/saltstack/salt-winrepo.git"],
    "no",
    "Its repositories, for old minions.",
  ),
  winrepo_remotes_ng: list<unknown>(
    ["https://github.com/saltstack/salt-winrepo-ng.git"],
    "no",
    "Its repositories.",
  ),
  winrepo_branch: anything("master", "no", "Branch that is used."),
  winrepo_fallback: anything("", "no", "Branch used for environments that have none."),
  winrepo_ssl_verify: bool(true, "no", "Check certificates."),
  winrepo_user: str("", "no", "User for HTTPS."),
  winrepo_password: str("", "no", "Password for HTTPS."),
  winrepo_insecure_auth: bool(false, "no", "Allow a password over plain HTTP."),
  winrepo_privkey: str("", "no", "Private key file for SSH."),
  winrepo_pubkey: str("", "no", "Public key file for SSH."),
  winrepo_passphrase: str("", "no", "Passphrase of the SSH key."),
  winrepo_refspecs: list(REFSPECS, "no", "What is fetched."),
  winrepo_proxy: str("", "no", "Proxy for fetches."),
  winrepo_depth: anything(1, "no", "How many commits are fetched."),
};
