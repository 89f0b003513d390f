/**
 * Socket options from Salt's settings. (`salt/transport/zeromq.py:_set_tcp_keepalive`, `PublishClient`)
 * @module
 */
import type { ZmqOptions } from "../../runtime/types.ts";

/** The settings that shape a socket; times as Salt has them. */
export interface SocketSettings {
  tcp_keepalive?: boolean;
  /** s; -1 leaves it to the system, as for the two below. */
  tcp_keepalive_idle?: number;
  tcp_keepalive_cnt?: number;
  tcp_keepalive_intvl?: number;
  ipv6?: boolean | null;
  zmq_backlog?: number;
  /** ms. */
  recon_default?: number;
  recon_max?: number;
  recon_randomize?: boolean;
  /** s between ZMTP heartbeats, and how long to wait for the answer; 0 turns them off. */
  zmq_heartbeat_interval?: number;
  zmq_heartbeat_timeout?: number;
  /** Bytes of the largest message that a peer may send. */
  max_message_size?: number;
}

/** Keepalive and IPv6: what every TCP socket gets. */
export function tcpOptions(settings: SocketSettings, endpoint = ""): ZmqOptions {
  const options: ZmqOptions = { tcpKeepalive: settings.tcp_keepalive === false ? 0 : 1 };
  set(options, "tcpKeepaliveIdle", settings.tcp_keepalive_idle);
  set(options, "tcpKeepaliveCount", settings.tcp_keepalive_cnt);
  set(options, "tcpKeepaliveInterval", settings.tcp_keepalive_intvl);
  if (settings.ipv6 || endpoint.includes("[")) options.ipv6 = true;
  return options;
}

function set(
  options: ZmqOptions,
  name: "tcpKeepaliveIdle" | "tcpKeepaliveCount" | "tcpKeepaliveInterval",
  value: number | undefined,
): void {
  if (value !== undefined && value > 0) options[name] = value;
}

/** ZMTP pings, so that a link that died without a word is noticed on both sides. */
export function heartbeatOptions(settings: SocketSettings): ZmqOptions {
  const interval = (settings.zmq_heartbeat_interval ?? 30) * 1000;
  const timeout = (settings.zmq_heartbeat_timeout ?? 60) * 1000;
  if (interval <= 0) return {};
  return { heartbeatInterval: interval, heartbeatTimeout: timeout };
}

/**
 * Reconnect times of a subscriber, spread at random so that a fleet does not come back at once.
 * @param random 0 to 1, as Math.random.
 */
export function reconnectOptions(settings: SocketSettings, random = Math.random): ZmqOptions {
  const low = settings.recon_default ?? 1000;
  const max = settings.recon_max ?? 10000;
  const first = settings.recon_randomize === false ? low : low + Math.floor(random() * max);
  return { reconnectInterval: first, reconnectMaxInterval: Math.max(max, first) };
}

/** Bounds what libzmq takes in before anyone has looked at it. */
export function sizeOptions(settings: SocketSettings): ZmqOptions {
  return { maxMessageSize: settings.max_message_size ?? 256 * 1024 * 1024 };
}
