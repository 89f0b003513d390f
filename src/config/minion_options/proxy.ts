/**
 * Proxy minions, which saltx does not have.
 * @module
 */
import { bool, int, optional, str } from "../option.ts";

/** Options of the minion. */
export const minionProxy = {
  add_proxymodule_to_opts: optional(
    bool(false, "no", "Give the proxy module to functions by the options."),
  ),
  proxy_always_alive: optional(bool(false, "no", "Keep the connection to the device.")),
  proxy_keep_alive: optional(bool(false, "no", "Check the connection to the device.")),
  proxy_keep_alive_interval: optional(int(0, "no", "Minutes between these checks.")),
  proxy_merge_grains_in_module: optional(bool(false, "no", "Take grains of the proxy module.")),
  proxy_merge_pillar_in_opts: optional(bool(false, "no", "Put pillar data into the options.")),
  proxy_deep_merge_pillar_in_opts: optional(bool(false, "no", "Merge them deeply.")),
  proxy_merge_pillar_in_opts_strategy: optional(str("", "no", "How they are merged.")),
  proxy_mines_pillar: optional(bool(false, "no", "Send mine functions of the pillar.")),
};
