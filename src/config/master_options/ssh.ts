/**
 * ssh: for `manage.bootstrap` and `manage.safe_accept`. There is no salt-ssh.
 * @module
 */
import { anything, bool, float, int, list, map, optional, str } from "../option.ts";

/** Options of the master. */
export const masterSsh = {
  roster: optional(str("", "no", "Roster system of salt-ssh.")),
  roster_file: optional(str("", "yes", "Roster file; `roster` beside the configuration else.")),
  rosters: optional(list([], "no", "Folders of roster files.")),
  roster_defaults: optional(map({}, "no", "Settings of all roster entries.")),
  ssh_minion_opts: optional(map({}, "no", "Minion options for salt-ssh.")),
  ssh_update_roster: optional(bool(false, "no", "Note hosts that were reached in the roster.")),
  enable_ssh_minions: bool(false, "no", "Let commands reach salt-ssh hosts, too."),
  ssh_list_nodegroups: map({}, "no", "Groups of salt-ssh hosts."),
  ssh_use_home_key: bool(false, "no", "Use the user's own key."),
  ssh_passwd: str("", "no", "Password of salt-ssh hosts."),
  ssh_priv_passwd: anything("", "no", "Passphrase of the key."),
  ssh_port: str("22", "yes", "Port of hosts by ssh."),
  ssh_sudo: bool(false, "yes", "Run by sudo."),
  ssh_sudo_user: str("", "no", "User for sudo."),
  ssh_timeout: float(60, "yes", "Seconds to connect."),
  ssh_user: str("root", "yes", "User on hosts by ssh."),
  ssh_scan_ports: str("22", "no", "Ports the scan roster tries."),
  ssh_scan_timeout: float(0.01, "no", "Seconds it waits."),
  ssh_identities_only: bool(false, "no", "Use only the named key."),
  ssh_log_file: str("/var/log/salt/ssh", "no", "Log file of salt-ssh.", { rooted: true }),
  ssh_config_file: str("~/.ssh/config", "no", "OpenSSH configuration that is read."),
  ssh_run_pre_flight: optional(bool(false, "no", "Always run the script that prepares a host.")),
  ssh_keepalive: bool(true, "no", "Send keepalives."),
  ssh_keepalive_interval: int(60, "no", "Seconds between them."),
  ssh_keepalive_count_max: int(3, "no", "How many may be lost."),
};
