/**
 * Pillar.
 * @module
 */
import { anything, bool, int, list, map, oneOf, optional, str } from "../option.ts";

const REFSPECS = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];

/** Options the same on both daemons. */
export const commonPillar = {
  pillar_roots: map<readonly string[]>(
    { "base": ["/srv/pillar", "/srv/spm/pillar"] },
    "yes",
    "Folders of pillar files by environment.",
  ),
  pillarenv: oneOf(["null", "str"], null, "yes", "Pillar environment, in place of all."),
  pillar_opts: bool(false, "later", "Put the master's options into each pillar."),
  pillar_source_merging_strategy: str(
    "smart",
    "yes",
    "How values of several pillar files become one.",
  ),
  pillar_merge_lists: bool(false, "yes", "Join lists when pillars are merged."),
  pillar_includes_override_sls: bool(
    false,
    "yes",
    "Included pillar files win over those that include them.",
  ),
  pillar_raise_on_missing: bool(
    false,
    "later",
    "Make `pillar.get` fail for a missing key without default.",
  ),
  pillar_mask_output: bool(true, "no", "Hide pillar values in output."),
  pillar_cache: bool(false, "later", "Keep compiled pillars on the master."),
  pillar_cache_ttl: int(3600, "later", "Seconds a kept pillar is good."),
  pillar_cache_backend: str("disk", "later", "Where kept pillars are: `disk` or `memory`."),
  "pillar.cache_driver": oneOf(["null", "str"], null, "no", "Cache driver of kept pillars."),
  "keys.cache_driver": oneOf(["null", "str"], "localfs_key", "no", "Cache driver of minion keys."),
  decrypt_pillar: list<unknown>([], "no", "Pillar keys that are decrypted."),
  decrypt_pillar_delimiter: str(":", "no", "Between the parts of a key in `decrypt_pillar`."),
  decrypt_pillar_default: str("gpg", "no", "Renderer that decrypts."),
  decrypt_pillar_renderers: list(["gpg"], "no", "Renderers that may decrypt."),
  gpg_cache: bool(false, "no", "Keep decrypted values."),
  gpg_cache_ttl: int(86400, "no", "Seconds a decrypted value is good."),
  gpg_cache_backend: str("disk", "no", "Where decrypted values are kept."),
  gpg_decrypt_must_succeed: bool(false, "no", "Fail when a value cannot be decrypted."),
  on_demand_ext_pillar: list(
    ["libvirt", "virtkey"],
    "no",
    "External pillars that a minion may ask for.",
  ),
  git_pillar_provider: optional(str("", "no", "Python library for git.")),
  git_pillar_base: anything("master", "no", "Branch that is environment `base`."),
  git_pillar_branch: anything("master", "no", "Branch used when none is named."),
  git_pillar_env: anything("", "no", "Environment used when none is named."),
  git_pillar_fallback: anything("", "no", "Branch used for environments that have none."),
  git_pillar_root: anything("", "no", "Folder of a repository that holds the pillar."),
  git_pillar_ssl_verify: bool(true, "no", "Check the certificate of HTTPS remotes."),
  git_pillar_global_lock: bool(true, "no", "One lock for all repositories."),
  git_pillar_user: str("", "no", "User for HTTPS."),
  git_pillar_password: str("", "no", "Password for HTTPS."),
  git_pillar_insecure_auth: bool(false, "no", "Allow a password over plain HTTP."),
  git_pillar_privkey: str("", "no", "Private key file for SSH."),
  git_pillar_pubkey: str("", "no", "Public key file for SSH."),
  git_pillar_passphrase: str("", "no", "Passphrase of the SSH key."),
  git_pillar_refspecs: list(REFSPECS, "no", "What is fetched."),
  git_pillar_includes: bool(true, "no", "Let pillar files include those of other repositories."),
  git_pillar_update_interval: int(60, "no", "Seconds between fetches."),
  git_pillar_proxy: str("", "no", "Proxy for fetches."),
  git_pillar_depth: anything(1, "no", "How many commits are fetched."),
  git_pillar_ref_types: anything(
    ["branch", "tag", "sha"],
    "no",
    "Which of branches, tags and commits become environments.",
  ),
  git_pillar_disable_saltenv_mapping: anything(
    false,
    "no",
    "Only environments named in the settings exist.",
  ),
};
