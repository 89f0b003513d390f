/**
 * Updates and Windows packages.
 * @module
 */
import { bool, int, list, oneOf, optional, str } from "../option.ts";

/** Options of the minion. */
export const minionUpdate = {
  update_url: oneOf(["bool", "str"], false, "no", "Where Esky updates come from."),
  update_restart_services: list([], "no", "Services restarted after an update."),
  winrepo_source_dir: str(
    "salt://win/repo-ng/",
    "no",
    "Path of the Windows repository on the master.",
  ),
  winrepo_cache_expire_max: int(604800, "no", "Seconds the repository cache is good at most."),
  winrepo_cache_expire_min: int(1800, "no", "Seconds the repository cache is good at least."),
  winrepo_installer_cache_expire: int(0, "no", "Seconds installers are kept."),
  saltpip_use_pythonpath: bool(false, "no", "Let salt-pip see PYTHONPATH."),
  saltpip_no_deps: bool(false, "no", "Let salt-pip leave dependencies out."),
  saltpip_no_index: bool(false, "no", "Let salt-pip use no index."),
  saltpip_disable_pip_version_check: bool(false, "no", "Let pip not look for its own updates."),
  saltpip_allow_find_links: bool(true, "no", "Let salt-pip use extra folders."),
  bootstrap_delay: optional(int(0, "no", "Seconds salt-cloud waits before it deploys.")),
};
