/**
 * What differs between runtimes, as one interface; `node.ts` and `deno.ts` fulfil it.
 * @module
 */
import type { Server } from "node:net";
import type { SyslogMessage } from "./syslog.ts";
import type { Keepalive } from "./tcp_keepalive.ts";

/** ZeroMQ socket kinds that saltx uses. */
export type ZmqType =
  | "req"
  | "rep"
  | "router"
  | "dealer"
  | "pub"
  | "sub"
  | "xpub"
  | "push"
  | "pull"
  | "pair";

/** Options of a socket, set before it binds or connects. Times in ms, sizes in bytes; absent = libzmq's default. */
export interface ZmqOptions {
  /** ZMQ_ROUTING_ID. */
  routingId?: string;
  /** How long a closed socket tries to deliver what it holds; 1000 when absent, so that no exit hangs. */
  linger?: number;
  sendHighWaterMark?: number;
  receiveHighWaterMark?: number;
  /** The kernel's buffers of each connection. */
  sendBufferSize?: number;
  receiveBufferSize?: number;
  backlog?: number;
  maxMessageSize?: number;
  ipv6?: boolean;
  tcpKeepalive?: number;
  tcpKeepaliveIdle?: number;
  tcpKeepaliveCount?: number;
  tcpKeepaliveInterval?: number;
  reconnectInterval?: number;
  reconnectMaxInterval?: number;
  connectTimeout?: number;
  handshakeInterval?: number;
  heartbeatInterval?: number;
  heartbeatTimeout?: number;
  heartbeatTimeToLive?: number;
  /** ROUTER: fail instead of dropping what cannot be routed. */
  mandatory?: boolean;
  /** XPUB: also pass repeated subscriptions up. */
  verbosity?: boolean;
  /** REQ: a new request may follow an unanswered one; replies are matched by request id. */
  correlate?: boolean;
  relaxed?: boolean;
}

/** What happened to a socket's connections. `address` is the endpoint. */
export interface ZmqMonitorEvent {
  type:
    | "accept"
    | "connect"
    | "connect:delay"
    | "connect:retry"
    | "handshake"
    | "handshake:error"
    | "disconnect"
    | "close"
    | "bind:error"
    | "end"
    | "other";
  address: string;
}

/** One ZeroMQ socket, the same on every runtime. */
export interface ZmqSocket {
  readonly type: ZmqType;
  /** Resolves with the endpoint really bound (a port for `:0` or `:*`). Rejects with `code: "EADDRINUSE"` … */
  bind(endpoint: string): Promise<string>;
  unbind(endpoint: string): Promise<void>;
  connect(endpoint: string): void;
  disconnect(endpoint: string): void;
  subscribe(...topics: (string | Uint8Array)[]): void;
  unsubscribe(...topics: (string | Uint8Array)[]): void;
  /** Sends all frames as one message; waits while the high-water mark is reached. Safe to call while another send waits: calls queue in order. */
  send(frames: Uint8Array | string | (Uint8Array | string)[]): Promise<void>;
  /** Sends at once or says no: `false` when it would have had to wait. */
  trySend(frames: Uint8Array | string | (Uint8Array | string)[]): boolean;
  /** The next message. Rejects with `code: "ECLOSED"` once closed, `code: "EAGAIN"` after `timeoutMs`. */
  receive(timeoutMs?: number): Promise<Uint8Array[]>;
  /**
   * Calls back for what happens to the connections; call before bind or connect, in the main thread.
   * Returns a stop function.
   */
  monitor(listener: (event: ZmqMonitorEvent) => void): () => void;
  /** Closes for good; waiting receives reject with `ECLOSED`. Safe to call twice. */
  close(): void;
  readonly closed: boolean;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array[]>;
}

/** Handle on a worker thread that runs one of the program's own thread entry points. */
export interface WorkerThread {
  /** `transfer`: buffers that go over instead of being copied; this side has them no more. */
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, with the exit code and what made it crash, if it did; at once if it has ended. */
  onExit(listener: (code: number, error: Error | undefined) => void): void;
  /**
   * Whether it keeps the program alive, as it does at first.
   */
  keepsAlive(keep: boolean): void;
  /**
   * Ends the thread, after it has closed its sockets. One that does not get round to that within a
   * second is ended by force, or, where that would take the process along, left behind as ended.
   */
  terminate(): Promise<void>;
}

/** A thread's end of the line to whoever started it. */
export interface ThreadPort {
  /** `transfer`: buffers that go over instead of being copied; this side has them no more. */
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Keeps the thread alive until {@linkcode ThreadPort.close}. */
  onMessage(listener: (message: unknown) => void): void;
  /** No message comes any more; the thread ends when nothing else keeps it alive. */
  close(): void;
}

/** What a worker thread runs. The thread ends when nothing keeps it alive, or with what this throws. */
export type ThreadEntry = (data: unknown, port: ThreadPort) => void | Promise<void>;

/** Thread entry points by name, each behind a function that loads it. */
export type ThreadTable = Readonly<Record<string, () => Promise<ThreadEntry>>>;

/** The operations that Deno and Node do differently. */
export interface Runtime {
  readonly name: "node" | "deno";
  /** Whether this is the built executable. */
  readonly isExecutable: boolean;
  /** Version of this runtime and of what is linked in, for `--versions-report`. */
  versions(): Promise<Record<string, string>>;
  /** Loads libzmq on first use. */
  openSocket(type: ZmqType, options?: ZmqOptions): Promise<ZmqSocket>;
  /**
   * Resolves when all closed sockets have delivered what they held, or given up after their `linger`.
   * To be awaited before `process.exit()`, which would drop it.
   */
  drained(): Promise<void>;
  /**
   * Gives back memory that only the start needed. For daemons, once they are up; in the main thread
   * and in each of its threads. Takes some 20 ms.
   */
  releaseMemory(): void;
  /**
   * Does the same from now on whenever this thread has become quiet after work, and once in a while under
   * load. For daemons whose memory grows with what comes to them, when all they need is loaded. Returns
   * what ends that.
   */
  careForMemory(): () => void;
  /** argv (program first) that starts this same program again, to which its arguments are added. */
  selfCommand(): string[];
  /**
   * Starts a thread that runs `name` from the table in `src/threads.ts` with `data` (structured clone).
   * In the thread, the entry is called as `entry(data, port)`.
   */
  spawnThread(name: string, data: unknown): WorkerThread;
  /** Loads a `.js` or `.ts` file of a user by its `file:` address; rejects with what is wrong in it. */
  importFile(address: string): Promise<Record<string, unknown>>;
  /** AES-192-CBC (or 128, 256 by key length) with PKCS#7 padding, of parts that follow each other. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: readonly Uint8Array[]): Uint8Array[];
  /** Throws when the padding is wrong. */
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Sends `state` (such as `READY=1`) to systemd's NOTIFY_SOCKET; does nothing when there is none. */
  sdNotify(state: string): Promise<void>;
  /** Writes to the host's syslog. */
  syslog(message: SyslogMessage): Promise<void>;
  /** Raises the limits of open files of this process to `wanted`. False: the system does not allow it. */
  raiseOpenFiles(wanted: number): boolean;
  /**
   * Has the kernel probe the connections that a listener takes while they are idle. False: this runtime
   * or system cannot.
   */
  probeConnections(listener: Server, keepalive: Keepalive): boolean;
  /** setuid/setgid/initgroups for `user:`; getpwnam. */
  becomeUser(user: string): void;
}
