/**
 * The way to the master.
 * @module
 */
import { bool, choice, float, int, list, oneOf, optional, port, str } from "../option.ts";

/** Options of the minion. */
export const minionMasterLink = {
  password: oneOf(["null", "str"], null, "later", "Password of `username`."),
  username: oneOf(
    ["null", "str"],
    null,
    "later",
    "User with which a minion asks its master for runners and wheel functions.",
  ),
  master: oneOf(
    ["str", "list"],
    "salt",
    "yes",
    "Host name or address of the master, `host:port`, or a list of them.",
  ),
  master_port: port(4506, "yes", "Port of the master's request server."),
  publish_port: optional(port(0, "yes", "Port of publications until the master names its own.")),
  master_type: choice(
    "str",
    ["str", "failover", "func", "distributed", "disable"],
    "yes",
    "What `master` is: `str`, `failover`, `func`, `distributed` or `disable`.",
  ),
  master_uri_format: choice(
    "default",
    ["default", "ip_only"],
    "yes",
    "`ip_only` takes `master` as an address without a port.",
  ),
  master_finger: oneOf(
    ["str", "list"],
    "",
    "yes",
    "Fingerprint that the master's key must have; or a list with one for each of several masters.",
  ),
  syndic_finger: str("", "yes", "Fingerprint that the key of a syndic's master must have."),
  master_alive_interval: int(0, "yes", "Seconds between checks that the master is there."),
  master_failback: bool(false, "yes", "Return to the first master of the list when it is back."),
  master_failback_interval: int(
    0,
    "yes",
    "Seconds between looks whether the first master is back; 0 takes `master_alive_interval`.",
    { min: 0 },
  ),
  master_shuffle: bool(false, "yes", "Old name of `random_master`."),
  random_master: bool(false, "yes", "Try the masters in random order."),
  master_tries: int(
    1,
    "yes",
    "Rounds through all masters until the log says that none can be reached; they go on.",
    { min: -1 },
  ),
  master_func_args: list<unknown>(
    [],
    "yes",
    "Arguments of the function that `master` names with `master_type: func`.",
  ),
  source_interface_name: str("", "no", "Interface from which connections go out."),
  source_address: str("", "no", "Address from which connections go out."),
  source_ret_port: port(0, "no", "Port from which request connections go out."),
  source_publish_port: port(0, "no", "Port from which subscriptions go out."),
  retry_dns: float(30, "yes", "Seconds until the master's name is looked up again.", { min: 0 }),
  retry_dns_count: oneOf(
    ["null", "int"],
    null,
    "yes",
    "Failed look-ups before giving up; `null` for no bound.",
  ),
  resolve_dns_fallback: bool(
    true,
    "yes",
    "Go on with the last address when a name cannot be found.",
  ),
  auth_timeout: int(5, "yes", "Seconds an answer to an authentication may take.", { min: 0 }),
  auth_tries: int(7, "yes", "Authentications tried before the connection is given up.", { min: 0 }),
  auth_retries: int(0, "no", "Unused."),
  auth_safemode: bool(false, "yes", "Do not end when authentication fails while running."),
  acceptance_wait_time: float(
    10,
    "yes",
    "Seconds until a waiting minion asks again whether it was accepted.",
    { min: 0 },
  ),
  acceptance_wait_time_max: float(
    0,
    "yes",
    "Seconds to which `acceptance_wait_time` grows; 0 for no growth.",
    {
      min: 0,
    },
  ),
  rejected_retry: bool(false, "yes", "Go on asking when the key was rejected."),
  random_startup_delay: int(0, "yes", "Seconds, at most, that a start waits by chance.", {
    min: 0,
  }),
  random_reauth_delay: int(
    10,
    "yes",
    "Seconds, at most, that a new authentication waits by chance.",
    { min: 0 },
  ),
  recon_default: float(1000, "yes", "Milliseconds until the first reconnection.", { min: 0 }),
  recon_max: float(10000, "yes", "Milliseconds added to `recon_default` at most, by chance.", {
    min: 0,
  }),
  recon_randomize: bool(true, "yes", "Add a time by chance to `recon_default`."),
  ping_interval: int(0, "yes", "Minutes between pings to the master; 0 for none.", { min: 0 }),
  request_channel_timeout: int(60, "yes", "Seconds a request may take.", { min: 0 }),
  request_channel_tries: int(3, "yes", "How often a request is tried.", { min: 0 }),
  return_retry_timer: int(5, "yes", "Seconds until a return is tried again.", { min: 0 }),
  return_retry_timer_max: int(
    10,
    "yes",
    "Bound of `return_retry_timer`; with it the time is chosen by chance.",
    { min: 0 },
  ),
  return_retry_tries: int(3, "yes", "How often a return is tried.", { min: 0 }),
  tcp_pub_port: oneOf(
    ["int", "list"],
    4510,
    "yes",
    "Minion's event bus for readers with `ipc_mode: tcp`; each further master's is two higher. Or a " +
      "list of ports.",
    { min: 1, max: 65535 },
  ),
  tcp_pull_port: oneOf(
    ["int", "list"],
    4511,
    "yes",
    "Minion's event bus for writers with `ipc_mode: tcp`; each further master's is two higher. Or a " +
      "list of ports.",
    { min: 1, max: 65535 },
  ),
  tcp_authentication_retries: int(5, "no", "Tries of the TCP transport."),
  tcp_reconnect_backoff: float(1, "no", "Seconds between tries of the TCP transport."),
  verify_master_pubkey_sign: bool(false, "yes", "Check the master's signature on its key."),
  always_verify_signature: bool(
    false,
    "yes",
    "Check the master's signature at every authentication, not only when its key changed.",
  ),
  encryption_algorithm: choice(
    "OAEP-SHA1",
    ["OAEP-SHA1", "OAEP-SHA224"],
    "yes",
    "Padding and hash with which keys are encrypted for the master.",
  ),
  signing_algorithm: choice(
    "PKCS1v15-SHA1",
    ["PKCS1v15-SHA1", "PKCS1v15-SHA224"],
    "yes",
    "Padding and hash of the minion's signatures.",
  ),
  minion_sign_messages: bool(false, "yes", "Sign returns and events."),
  syndic_retries: int(3, "no", "Tries of a syndic to reach its master."),
  proxy_host: str("", "later", "HTTP proxy for downloads."),
  proxy_port: port(0, "later", "Port of the proxy."),
  proxy_username: str("", "later", "User of the proxy."),
  proxy_password: str("", "later", "Password of the proxy."),
  no_proxy: optional(list([], "later", "Hosts reached without the proxy.")),
};
