/**
 * Sockets of both daemons.
 * @module
 */
import { anything, bool, choice, float, int, map, oneOf, optional, str } from "../option.ts";

/** Options the same on both daemons. */
export const commonNetwork = {
  interface: str("0.0.0.0", "yes", "Address to listen on."),
  ipv6: oneOf(
    ["null", "bool"],
    null,
    "yes",
    "Use IPv6 for sockets and names; `null` decides by `interface`.",
  ),
  ipc_mode: choice(
    "ipc",
    ["ipc", "tcp"],
    "yes",
    "Local sockets as Unix sockets (`ipc`) or on loopback (`tcp`).",
  ),
  ipc_write_buffer: oneOf(
    ["int", "str"],
    0,
    "no",
    "Bytes a local socket may hold back; `dynamic` takes a fortieth of the memory.",
  ),
  ipc_write_timeout: optional(float(0, "no", "Seconds a write to a local socket may take.")),
  sock_pool_size: int(1, "no", "Number of sockets that share the sending to the master's workers."),
  tcp_keepalive: bool(true, "yes", "Have the kernel probe idle connections."),
  tcp_keepalive_idle: float(300, "yes", "Seconds of silence before the first probe."),
  tcp_keepalive_cnt: float(
    -1,
    "yes",
    "Lost probes until a connection counts as dead; -1 is the kernel's number.",
  ),
  tcp_keepalive_intvl: float(-1, "yes", "Seconds between probes; -1 is the kernel's number."),
  zmq_filtering: bool(
    false,
    "yes",
    "Send publications for single targets to these minions alone. The same on master and minions.",
  ),
  zmq_monitor: anything(false, "no", "Log what ZeroMQ says of connections."),
  http_connect_timeout: float(20.0, "later", "Seconds to connect for file downloads over HTTP."),
  http_request_timeout: float(3600.0, "later", "Seconds for a whole download over HTTP."),
  http_max_body: int(107374182400, "later", "Largest download over HTTP in bytes."),
  transport_opts: optional(map({}, "no", "Options of single transports.")),
};
