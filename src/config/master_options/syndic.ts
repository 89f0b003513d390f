/**
 * Masters of masters.
 * @module
 */
import { bool, float, int, oneOf, port, str } from "../option.ts";

/** Options of the master. */
export const masterSyndic = {
  syndic_master: oneOf(["str", "list"], "masterofmasters", "later", "Master above this one."),
  syndic_master_port: port(4506, "later", "Request port of the master above."),
  syndic_failover: str("random", "later", "How a syndic picks one of several masters."),
  syndic_forward_all_events: bool(false, "later", "Send all events upward."),
  syndic_log_file: str("/var/log/salt/syndic", "later", "Log file of the syndic."),
  syndic_pidfile: str("/var/run/salt-syndic.pid", "later", "Pid file of the syndic."),
  syndic_wait: int(5, "later", "Seconds a command waits longer for syndics."),
  syndic_event_forward_timeout: float(0.5, "later", "Seconds between forwarded events."),
  syndic_jid_forward_cache_hwm: int(100, "later", "Jobs a syndic remembers as forwarded."),
  master_id: str("", "later", "Name of this master in what a syndic sends on."),
};
