/**
 * Ports of the master.
 * @module
 */
import { anything, bool, float, int, port, str } from "../option.ts";

/** Options of the master. */
export const masterNetwork = {
  publish_port: port(4505, "yes", "Port from which minions receive publications."),
  ret_port: port(4506, "yes", "Port that answers minions' and tools' requests."),
  zmq_backlog: int(1000, "yes", "Connections that may wait to be taken.", { min: 1 }),
  pub_hwm: int(
    1000,
    "yes",
    "Publications held for a minion that does not read; more are dropped for it.",
    { min: 0 },
  ),
  metrics_address: str(
    "",
    "yes",
    "`host:port` at which `/metrics` tells in OpenMetrics what the master counts; off when empty.",
  ),
  request_queue: int(
    50000,
    "yes",
    "Requests that may wait for a worker; what comes beyond is dropped, and its sender asks again.",
    { min: 1 },
  ),
  request_queue_bytes: int(
    536870912,
    "yes",
    "Bytes of the requests that may wait for a worker.",
    { min: 1048576 },
  ),
  request_queue_per_minion: int(
    32,
    "yes",
    "Requests of one connection that may wait; beyond it nothing more is read from it.",
    { min: 1 },
  ),
  publish_drain_timeout: float(60.0, "no", "Seconds a stopping master gives waiting publications."),
  publish_timeout: anything(30, "yes", "Seconds a publication may take."),
  max_open_files: int(
    100000,
    "yes",
    "Files and connections the master may have open; the limit is raised to it where allowed.",
    { min: 0 },
  ),
  tcp_master_pub_port: port(4512, "later", "Event bus for readers with `ipc_mode: tcp`."),
  tcp_master_pull_port: port(4513, "later", "Event bus for writers with `ipc_mode: tcp`."),
  tcp_master_publish_pull: port(
    4514,
    "later",
    "Where workers hand publications over with `ipc_mode: tcp`.",
  ),
  tcp_master_workers: port(4515, "later", "Where workers get requests with `ipc_mode: tcp`."),
  pub_server_write_queue_size: int(
    10000,
    "no",
    "Publications a slow TCP subscriber may leave unread.",
  ),
  detect_remote_minions: bool(false, "no", "Look for minions behind connections of other ports."),
  remote_minions_port: port(22, "no", "Port looked at by `detect_remote_minions`."),
};
