/**
 * libzmq's numbers for socket types and options, and how our options map to them.
 * (zmq.h; zmq_setsockopt(3))
 * @module
 */
import type { ZmqMonitorEvent, ZmqOptions, ZmqType } from "./types.ts";

/** `ZMQ_PAIR` … `ZMQ_XPUB`. */
export const SOCKET_TYPES: Readonly<Record<ZmqType, number>> = {
  pair: 0,
  pub: 1,
  sub: 2,
  req: 3,
  rep: 4,
  dealer: 5,
  router: 6,
  pull: 7,
  push: 8,
  xpub: 9,
};

/** Options that the adapters use by themselves. */
export const OPT = {
  SUBSCRIBE: 6,
  UNSUBSCRIBE: 7,
  FD: 14,
  EVENTS: 15,
  LINGER: 17,
  RCVTIMEO: 27,
  SNDTIMEO: 28,
  LAST_ENDPOINT: 32,
} as const;

/** `ZMQ_MAX_SOCKETS`, an option of the context. */
export const CONTEXT_MAX_SOCKETS = 2;

/** Sockets that one process may have open; libzmq's own limit of 1023 is too low for a swarm of minions. */
export const MAX_SOCKETS = 8192;

/** How long a closed socket tries to deliver what it still holds, in ms, unless `linger` says otherwise. */
export const DEFAULT_LINGER = 1000;

/** One setting as libzmq takes it. */
export type SocketSetting =
  | { id: number; kind: "int32" | "int64"; value: number }
  | { id: number; kind: "bytes"; value: Uint8Array };

const NUMBERS: Readonly<
  Record<Exclude<keyof ZmqOptions, "routingId">, { id: number; kind: "int32" | "int64" }>
> = {
  sendBufferSize: { id: 11, kind: "int32" },
  receiveBufferSize: { id: 12, kind: "int32" },
  linger: { id: 17, kind: "int32" },
  reconnectInterval: { id: 18, kind: "int32" },
  backlog: { id: 19, kind: "int32" },
  reconnectMaxInterval: { id: 21, kind: "int32" },
  maxMessageSize: { id: 22, kind: "int64" },
  sendHighWaterMark: { id: 23, kind: "int32" },
  receiveHighWaterMark: { id: 24, kind: "int32" },
  mandatory: { id: 33, kind: "int32" },
  tcpKeepalive: { id: 34, kind: "int32" },
  tcpKeepaliveCount: { id: 35, kind: "int32" },
  tcpKeepaliveIdle: { id: 36, kind: "int32" },
  tcpKeepaliveInterval: { id: 37, kind: "int32" },
  verbosity: { id: 40, kind: "int32" },
  ipv6: { id: 42, kind: "int32" },
  correlate: { id: 52, kind: "int32" },
  relaxed: { id: 53, kind: "int32" },
  handshakeInterval: { id: 66, kind: "int32" },
  heartbeatInterval: { id: 75, kind: "int32" },
  heartbeatTimeToLive: { id: 76, kind: "int32" },
  heartbeatTimeout: { id: 77, kind: "int32" },
  connectTimeout: { id: 79, kind: "int32" },
};

const ROUTING_ID = 5;

/** The settings to apply, in an order that libzmq accepts. Absent options are left out. */
export function socketSettings(options: ZmqOptions): SocketSetting[] {
  const settings: SocketSetting[] = [];
  if (options.routingId !== undefined) {
    const value = new TextEncoder().encode(options.routingId);
    settings.push({ id: ROUTING_ID, kind: "bytes", value });
  }
  for (const [name, option] of Object.entries(NUMBERS)) {
    const value = options[name as keyof typeof NUMBERS];
    if (value !== undefined) settings.push({ ...option, value: Math.trunc(Number(value)) });
  }
  if (options.linger === undefined) {
    settings.push({ ...NUMBERS.linger, value: DEFAULT_LINGER });
  }
  return settings;
}

const EVENT_TYPES: Readonly<Record<number, ZmqMonitorEvent["type"]>> = {
  0x0001: "connect",
  0x0002: "connect:delay",
  0x0004: "connect:retry",
  0x0010: "bind:error",
  0x0020: "accept",
  0x0080: "close",
  0x0200: "disconnect",
  0x0400: "end",
  0x0800: "handshake:error",
  0x1000: "handshake",
  0x2000: "handshake:error",
  0x4000: "handshake:error",
};

/** `ZMQ_EVENT_*` to our names. */
export function monitorEventType(event: number): ZmqMonitorEvent["type"] {
  return EVENT_TYPES[event] ?? "other";
}
