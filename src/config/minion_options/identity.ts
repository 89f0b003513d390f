/**
 * Who the minion is.
 * @module
 */
import { bool, int, list, map, oneOf, optional, str } from "../option.ts";

/** Options of the minion. */
export const minionIdentity = {
  id: str(
    "",
    "yes",
    "Name of this minion. Found from the host and remembered in `minion_id` when empty.",
    { defaultDoc: "found from the host" },
  ),
  id_function: oneOf(["map", "str"], {}, "no", "Function that gives the id."),
  minion_id_caching: bool(true, "yes", "Remember a guessed id in the file `minion_id`."),
  minion_id_lowercase: bool(false, "yes", "Make a guessed id lower case."),
  minion_id_remove_domain: oneOf(
    ["str", "bool"],
    false,
    "yes",
    "Cut the domain (any, or the one named) off a guessed id.",
  ),
  append_minionid_config_dirs: list(
    [],
    "yes",
    "Options whose paths get the id in them, for several minions on a host.",
  ),
  autosign_grains: list(
    [],
    "yes",
    "Grains sent with the key, for the master's `autosign_grains_dir`.",
  ),
  grains: map({}, "yes", "Grains set by hand."),
  grains_blacklist: list([], "yes", "Grains (patterns) that are left out."),
  grains_cache: bool(false, "yes", "Keep grains on disk."),
  grains_cache_expiration: int(300, "yes", "Seconds kept grains are good."),
  grains_deep_merge: bool(false, "yes", "Merge maps of several grain sources."),
  grains_dirs: list([], "yes", "Further folders of custom grains."),
  grains_refresh_every: int(0, "yes", "Minutes between refreshes of grains; 0 for never."),
  grains_refresh_pre_exec: optional(bool(false, "yes", "Refresh grains before each job.")),
  enable_fqdns_grains: bool(false, "yes", "Look up all names of all addresses."),
  enable_lspci: optional(bool(false, "yes", "Run `lspci` for hardware grains.")),
  start_event_grains: list([], "yes", "Grains sent with the minion's start event."),
};
