/**
 * Masters of masters.
 * @module
 */
import { bool, choice, float, int, oneOf, optional, path, port, str, textList } from "../option.ts";

/** Options of the master. */
export const masterSyndic = {
  syndic_master: oneOf(
    ["str", "list"],
    "masterofmasters",
    "yes",
    "Master above this one, or a list.",
  ),
  syndic_master_port: optional(
    port(
      4506,
      "yes",
      "Request port of the master above; `master_port` of the minion when not set.",
    ),
  ),
  syndic_failover: choice(
    "random",
    ["random", "ordered"],
    "yes",
    "Which of several masters above gets what belongs to none of them.",
  ),
  syndic_forward_all_events: bool(
    false,
    "yes",
    "Send events to all masters above, not to one of them.",
  ),
  syndic_log_file: path("/var/log/salt/syndic", "yes", "Log file of the syndic."),
  syndic_pidfile: path("/var/run/salt-syndic.pid", "yes", "Pid file of the syndic."),
  syndic_wait: int(
    5,
    "yes",
    "Seconds a command waits for syndics to tell of their minions.",
    { min: 0 },
  ),
  syndic_event_forward_timeout: float(
    0.5,
    "yes",
    "Seconds, at most, for which events and returns are gathered before they go upward.",
    { min: 0 },
  ),
  syndic_jid_forward_cache_hwm: int(100, "yes", "Jobs of which the load was sent upward already.", {
    min: 1,
  }),
  syndic_ids: textList(["*"], "yes", "Globs of the ids that may act as syndics here."),
  master_id: str("", "yes", "Name of this master in jobs, so that they do not go in a circle."),
};
