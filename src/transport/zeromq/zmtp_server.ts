/**
 * A bound ZeroMQ socket over `node:net`: the master's two ports.
 *
 * libzmq moves each message through an I/O thread and a wake-up of the event loop, which cost more
 * than twice the CPU and the memory of a connection that this thread reads itself; and here a
 * connection can be counted, paused and dropped. Any ZeroMQ 4 peer may connect.
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { releaseBytes, runtime } from "../../runtime/mod.ts";
import type { ZmqOptions } from "../../runtime/types.ts";
import type { ConnectionRoom } from "./connection_room.ts";
import {
  commandBytes,
  FrameReader,
  greeting,
  messageParts,
  readyBytes,
  socketTypeOf,
  ZmtpError,
} from "./zmtp_frames.ts";

const log = getLogger("saltx.zeromq");

/** ms that a peer may take to say who it is, as in libzmq. */
const HANDSHAKE_TIMEOUT = 30_000;

/** ms between looks at which peers are silent. */
const TICK = 1000;

/** ms between log lines about connections that cannot be taken. */
const COMPLAIN_EVERY = 10_000;

/**
 * Bytes of messages that are not whole, of all connections together, or twice the largest message where
 * that is more. Beyond it the connection that holds most is closed: nobody has signed in before a message
 * is whole.
 */
const MAX_HELD = 512 * 1024 * 1024;

const DEFAULT_BACKLOG = 1000;
const DEFAULT_MAX_MESSAGE = 256 * 1024 * 1024;

const GREETING = greeting();

/** Which socket this is, and what it does with its peers. */
export interface ZmtpHandlers {
  type: "ROUTER" | "XPUB";
  /** Socket types that may connect. */
  peers: readonly string[];
  /** Bounds the connections of this and other servers. */
  room?: ConnectionRoom | undefined;
  opened?(peer: ZmtpPeer): void;
  message(peer: ZmtpPeer, frames: Uint8Array[]): void;
  /** A command other than those of the handshake and of heartbeats. */
  command?(peer: ZmtpPeer, name: string, body: Uint8Array): void;
  closed?(peer: ZmtpPeer): void;
}

/** One connection. */
export class ZmtpPeer {
  readonly #socket: Socket;
  readonly #server: Pick<ZmtpServer, "heard" | "holds">;
  readonly #reader: FrameReader;
  readonly #handlers: ZmtpHandlers;
  readonly since: number = performance.now();
  /** performance.now() of the last sign of life, to the nearest tick. */
  heardAt = 0;
  /** Whether a ping is under way that is not answered. */
  pinged = false;
  #ready = false;
  #closed = false;
  #held = 0;

  constructor(
    socket: Socket,
    server: Pick<ZmtpServer, "heard" | "holds">,
    handlers: ZmtpHandlers,
    maxBytes: number,
  ) {
    this.#socket = socket;
    this.#server = server;
    this.#handlers = handlers;
    this.#reader = new FrameReader(maxBytes, {
      message: (frames) => this.#message(frames),
      command: (name, body) => this.#command(name, body),
    });
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => {});
    socket.write(GREETING);
  }

  /** Whether the handshake is done. */
  get ready(): boolean {
    return this.#ready;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that came of a message that is not whole. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Bytes that the kernel has not taken yet. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  get address(): string | null {
    return this.#socket.remoteAddress ?? null;
  }

  /**
   * Sends a message; nothing when the connection has gone. The memory of a large last frame is freed once
   * it is sent.
   */
  send(frames: readonly Uint8Array[]): void {
    const parts = messageParts(frames);
    if (parts.length === 1) return this.write(parts[0]!);
    if (this.#closed) return;
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part, () => releaseBytes(part));
    this.#socket.uncork();
  }

  /** Sends what `messageBytes` made. */
  write(bytes: Uint8Array): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  ping(): void {
    this.pinged = true;
    // Two bytes of time to live: 0, the peer sets no timer for us.
    this.write(commandBytes("PING", new Uint8Array(2)));
  }

  /** Takes nothing more from this peer until {@linkcode ZmtpPeer.resume}: TCP holds it back. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes at once. */
  drop(): void {
    this.#socket.destroy();
    this.#hold(0);
  }

  /** Closes when all is sent. */
  end(): void {
    this.#socket.end();
  }

  /** Told by the server that the connection is gone. */
  gone(): void {
    this.#closed = true;
    this.#hold(0);
  }

  #take(chunk: Buffer): void {
    // Its end is under way.
    if (this.#socket.destroyed) return;
    this.#server.heard(this);
    try {
      const greeted = this.#reader.greeted;
      this.#reader.take(chunk);
      if (!greeted && this.#reader.greeted) this.write(readyBytes(this.#handlers.type));
    } catch (error) {
      if (!(error instanceof ZmtpError)) throw error;
      log.debug(() => `Closed a connection from ${this.address}: ${messageOf(error)}`);
      return this.drop();
    }
    this.#hold(this.#socket.destroyed ? 0 : this.#reader.heldBytes);
  }

  #hold(bytes: number): void {
    const change = bytes - this.#held;
    this.#held = bytes;
    if (change !== 0) this.#server.holds(change);
  }

  #message(frames: Uint8Array[]): void {
    if (!this.#ready) throw new ZmtpError("a message came before the handshake");
    if (!this.#closed) this.#handlers.message(this, frames);
  }

  #command(name: string, body: Buffer): void {
    if (name === "READY") return this.#begin(socketTypeOf(body));
    if (name === "PING") return this.write(commandBytes("PONG", body.subarray(2, 18)));
    if (name === "ERROR") throw new ZmtpError("it refuses this server");
    if (this.#ready) this.#handlers.command?.(this, name, body);
  }

  #begin(type: string | null): void {
    if (this.#ready) return;
    if (type === null || !this.#handlers.peers.includes(type)) {
      throw new ZmtpError(`a ${type} does not fit a ${this.#handlers.type}`);
    }
    this.#ready = true;
    this.#handlers.opened?.(this);
  }
}

/** Listens, and keeps its connections alive. */
export class ZmtpServer {
  readonly peers = new Set<ZmtpPeer>();
  /** Connections that had to be refused, as there was no room or no file descriptor for them. */
  refused = 0;
  readonly #listener: Server;
  readonly #options: ZmqOptions;
  readonly #handlers: ZmtpHandlers;
  readonly #clock: ReturnType<typeof setInterval>;
  #now = performance.now();
  #complainedAt = -Infinity;
  #held = 0;
  #endpoint = "";
  #probesEach = false;

  private constructor(options: ZmqOptions, handlers: ZmtpHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#clock = setInterval(() => this.#tick(), TICK);
    this.#clock.unref?.();
  }

  /**
   * @param endpoint `tcp://host:port`; port 0 lets the system choose.
   * @throws what `listen` fails with: `code: "EADDRINUSE"`, `"EACCES"` …
   */
  static async open(
    endpoint: string,
    options: ZmqOptions,
    handlers: ZmtpHandlers,
  ): Promise<ZmtpServer> {
    const server = new ZmtpServer(options, handlers);
    try {
      await server.#listen(endpoint);
      return server;
    } catch (error) {
      clearInterval(server.#clock);
      throw error;
    }
  }

  /** The endpoint really bound. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** A peer gave a sign of life. */
  heard(peer: ZmtpPeer): void {
    peer.heardAt = this.#now;
    peer.pinged = false;
  }

  /** The bytes of messages that are not whole have changed by so many. */
  holds(change: number): void {
    this.#held += change;
    const limit = Math.max(MAX_HELD, 2 * (this.#options.maxMessageSize ?? DEFAULT_MAX_MESSAGE));
    if (this.#held <= limit || change <= 0) return;
    let largest: ZmtpPeer | undefined;
    for (const peer of this.peers) {
      if (!largest || peer.heldBytes > largest.heldBytes) largest = peer;
    }
    log.warning(
      `Closed the connection from ${largest?.address}: messages that are not whole had ` +
        `${this.#held} bytes in all, ${largest?.heldBytes} of them from there`,
    );
    largest?.drop();
  }

  /** What is sent already still goes out, for as long as `linger` says. */
  async close(): Promise<void> {
    clearInterval(this.#clock);
    this.#listener.close();
    const end = performance.now() + (this.#options.linger ?? 1000);
    for (const peer of this.peers) {
      if (peer.pendingBytes === 0) peer.drop();
      else peer.end();
    }
    while (this.peers.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const peer of this.peers) peer.drop();
  }

  #listen(endpoint: string): Promise<void> {
    const { host, port } = addressOf(endpoint);
    const backlog = this.#options.backlog ?? DEFAULT_BACKLOG;
    return new Promise((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen({ host, port, backlog }, () => {
        this.#listener.off("error", reject);
        this.#listener.on("error", (error) => this.#refuse(messageOf(error)));
        this.#probe();
        const bound = this.#listener.address() as { port: number };
        this.#endpoint = endpoint.slice(0, endpoint.lastIndexOf(":") + 1) + bound.port;
        resolve();
      });
    });
  }

  /** Connections inherit how they are probed; where that cannot be set, Node knows the idle time alone. */
  #probe(): void {
    const { tcpKeepalive, tcpKeepaliveIdle: idle } = this.#options;
    const { tcpKeepaliveCount: count, tcpKeepaliveInterval: interval } = this.#options;
    if (tcpKeepalive !== 1) return;
    this.#probesEach = !runtime.probeConnections(this.#listener, { idle, count, interval });
  }

  #accept(socket: Socket): void {
    const { room } = this.#handlers;
    if (room?.enter(socket) === false) {
      socket.destroy();
      return this.#refuse(`${room.taken} are open, and no more fit beside the master's own files`);
    }
    if (this.#probesEach) socket.setKeepAlive(true, (this.#options.tcpKeepaliveIdle ?? 0) * 1000);
    const maxBytes = this.#options.maxMessageSize ?? DEFAULT_MAX_MESSAGE;
    const peer = new ZmtpPeer(socket, this, this.#handlers, maxBytes);
    peer.heardAt = this.#now;
    this.peers.add(peer);
    socket.on("close", () => {
      room?.leave();
      this.peers.delete(peer);
      peer.gone();
      if (peer.ready) this.#handlers.closed?.(peer);
    });
  }

  /** Pings who has been silent for the interval, drops who has been so for the timeout as well. */
  #tick(): void {
    const now = this.#now = performance.now();
    const interval = this.#options.heartbeatInterval ?? 0;
    const timeout = this.#options.heartbeatTimeout ?? interval;
    for (const peer of this.peers) {
      if (!peer.ready) {
        if (now - peer.since > HANDSHAKE_TIMEOUT) peer.drop();
      } else if (interval > 0 && now - peer.heardAt > interval) {
        if (!peer.pinged) peer.ping();
        else if (now - peer.heardAt > interval + timeout) peer.drop();
      }
    }
  }

  #refuse(why: string): void {
    this.refused += 1;
    if (performance.now() - this.#complainedAt < COMPLAIN_EVERY) return;
    this.#complainedAt = performance.now();
    log.error(
      `A connection to ${this.#endpoint} could not be taken: ${why}. ` +
        `Raise the limit of open files (LimitNOFILE= of the systemd unit, or ulimit -n)`,
    );
  }
}

/** Host and port of `tcp://host:port`, `tcp://[v6]:port`, with `*` for any. */
function addressOf(endpoint: string): { host: string; port: number } {
  const found = /^tcp:\/\/(?:\[([^\]]*)\]|([^:]*)):(\d+|\*)$/.exec(endpoint);
  if (!found) throw new TypeError(`Not a TCP endpoint: "${endpoint}"`);
  const host = found[1] ?? found[2]!;
  return {
    host: host === "*" ? "0.0.0.0" : host,
    port: found[3] === "*" ? 0 : Number(found[3]),
  };
}
