/**
 * Pillar and templates on the master.
 * @module
 */
import { bool, int, list, map, oneOf, optional, str } from "../option.ts";

/** Options of the master. */
export const masterPillar = {
  ext_pillar: list<unknown>([], "no", "External pillars."),
  ext_pillar_first: bool(false, "no", "Compile external pillars before the files."),
  pillar_version: int(2, "no", "Format of the pillar."),
  pillar_safe_render_error: bool(true, "later", "Hide details of pillar errors from minions."),
  git_pillar_verify_config: bool(true, "no", "Refuse to start with bad git_pillar settings."),
  pass_variable_prefix: str("", "no", "Prefix of values for the `pass` renderer."),
  pass_strict_fetch: bool(false, "no", "Fail when `pass` has no such entry."),
  pass_gnupghome: str("", "no", "GnuPG home for `pass`."),
  pass_dir: str("", "no", "Password store for `pass`."),
  pass_to_ext_pillars: optional(
    oneOf(["str", "list"], "", "no", "Options that external pillars get."),
  ),
  jinja_env: map({}, "later", "Options of the Jinja environment for templates."),
  jinja_sls_env: map({}, "later", "Options of the Jinja environment for sls files."),
  jinja_lstrip_blocks: bool(
    false,
    "no",
    "Strip blanks before Jinja blocks; replaced by `jinja_env`.",
  ),
  jinja_trim_blocks: bool(
    false,
    "no",
    "Strip the line end after Jinja blocks; replaced by `jinja_env`.",
  ),
  master_tops: map({}, "later", "Where else top data comes from."),
};
