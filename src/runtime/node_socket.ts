/**
 * A ZeroMQ socket on Node, over zeromq's addon.
 *
 * The addon throws when a send or a receive starts while another of its kind waits, and reads the
 * socket's wake-up signal in calls that do not act on it (asking whether a send may go, starting a
 * send that must wait), after which a waiting receive would sleep on. So sends queue here, the
 * addon never waits long for one, and {@linkcode NodeSocket.#wakeReceive} gives the signal back.
 * @module
 */
import { loadAddon, type NativeSocket } from "./node_addon.ts";
import { Fifo } from "./fifo.ts";
import { monotonicMs } from "./monotonic.ts";
import { closed, drains, inThread, opened, waitBegins, waitEnds } from "./open_sockets.ts";
import type { ZmqMonitorEvent, ZmqOptions, ZmqSocket, ZmqType } from "./types.ts";
import { closedError, codeOf, floodedError, timeoutError, ZmqError } from "./zmq_error.ts";
import { OPT, SOCKET_TYPES, socketSettings } from "./zmq_options.ts";
import { type Frames, MAX_WAITING_SENDS, WaitQueue } from "./zmq_queues.ts";

/** Types that never make a sender wait: they drop, or refuse at once. */
const NEVER_WAIT: ReadonlySet<ZmqType> = new Set(["pub", "xpub", "router"]);

/** For how long the addon waits with one send before it is tried again, in ms. */
const SEND_RETRY = 250;

/** Sends that may succeed in a row before other events get their turn. */
const SENDS_PER_TURN = 512;

const MONITOR_TYPES: ReadonlySet<string> = new Set<ZmqMonitorEvent["type"]>([
  "accept",
  "connect",
  "connect:delay",
  "connect:retry",
  "handshake",
  "disconnect",
  "close",
  "bind:error",
  "end",
]);

interface WaitingSend {
  frames: Frames;
  resolve(): void;
  reject(error: Error): void;
}

/** Full or empty, or (`req`, `rep`) not its turn: all three pass. */
function notNow(code: string | undefined): boolean {
  return code === "EAGAIN" || code === "EFSM";
}

const ignore = () => {};
const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** See {@linkcode ZmqSocket}. */
export class NodeSocket implements ZmqSocket {
  readonly type: ZmqType;
  readonly #native: NativeSocket;
  readonly #neverWaits: boolean;
  readonly #sends = new Fifo<WaitingSend>();
  readonly #receives = new WaitQueue<Uint8Array[]>();
  readonly #listeners = new Set<(event: ZmqMonitorEvent) => void>();
  #sending = false;
  #reading = false;
  #monitored: Promise<void> | undefined;
  readonly #lingers: boolean;
  #hasSent = false;
  #closed = false;
  #receiveTimeout = -1;
  #sentThisTurn = 0;

  constructor(type: ZmqType, options: ZmqOptions) {
    this.type = type;
    this.#neverWaits = NEVER_WAIT.has(type);
    this.#lingers = options.linger !== 0;
    this.#native = new (loadAddon().Socket)(SOCKET_TYPES[type]);
    for (const { id, kind, value } of socketSettings(options)) {
      if (kind === "bytes") this.#native.setStringOption(id, value);
      else if (kind === "int64") this.#native.setInt64Option(id, value);
      else this.#native.setInt32Option(id, value);
    }
    this.#native.setInt32Option(OPT.SNDTIMEO, 0);
    opened(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Synchronous inside: the addon's own `bind` forbids every other call while it runs. */
  bind(endpoint: string): Promise<string> {
    return this.#try(() => {
      this.#native.bindSync(endpoint);
      return this.#native.getStringOption(OPT.LAST_ENDPOINT);
    }, `Cannot bind ${endpoint}`);
  }

  /** By `disconnect`: libzmq does the same for both, and the addon's `unbind` uses another thread. */
  unbind(endpoint: string): Promise<void> {
    return this.#try(() => this.#native.disconnect(endpoint), `Cannot unbind ${endpoint}`);
  }

  connect(endpoint: string): void {
    this.#call(() => this.#native.connect(endpoint), `Cannot connect to ${endpoint}`);
  }

  disconnect(endpoint: string): void {
    this.#call(() => this.#native.disconnect(endpoint), `Cannot disconnect from ${endpoint}`);
  }

  subscribe(...topics: (string | Uint8Array)[]): void {
    for (const topic of topics) {
      this.#call(() => this.#native.setStringOption(OPT.SUBSCRIBE, topic), "Cannot subscribe");
    }
  }

  unsubscribe(...topics: (string | Uint8Array)[]): void {
    for (const topic of topics) {
      this.#call(() => this.#native.setStringOption(OPT.UNSUBSCRIBE, topic), "Cannot unsubscribe");
    }
  }

  send(frames: Frames): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    this.#hasSent = true;
    if (!this.#sending && this.#canSend()) {
      if (++this.#sentThisTurn < SENDS_PER_TURN) return this.#sendNow(frames);
    }
    if (this.#sends.length >= MAX_WAITING_SENDS) {
      return Promise.reject(floodedError(MAX_WAITING_SENDS));
    }
    return new Promise((resolve, reject) => {
      this.#sends.push({ frames, resolve, reject });
      if (!this.#sending) this.#drainSends();
    });
  }

  trySend(frames: Frames): boolean {
    if (this.#closed) throw closedError();
    if (this.#sending) return false;
    if (!this.#canSend()) {
      this.#wakeReceive();
      return false;
    }
    this.#hasSent = true;
    this.#native.send(frames).catch(ignore);
    return true;
  }

  receive(timeoutMs = Infinity): Promise<Uint8Array[]> {
    if (this.#closed) return Promise.reject(closedError());
    return this.#reading ? this.#receives.wait(timeoutMs) : this.#receiveNow(timeoutMs);
  }

  /** Not in threads: nothing can end the addon's monitor at once, and a thread must not end with it. */
  monitor(listener: (event: ZmqMonitorEvent) => void): () => void {
    if (this.#closed) throw closedError();
    if (inThread()) {
      throw new ZmqError("ENOTSUP", "Cannot monitor a socket in a thread");
    }
    this.#listeners.add(listener);
    this.#monitored ??= this.#watch();
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closed(this);
    for (const send of this.#sends.drain()) send.reject(closedError());
    this.#receives.rejectAll(closedError);
    this.#drainAfterClose();
    this.#native.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array[]> {
    while (!this.#closed) {
      try {
        yield await this.receive();
      } catch (error) {
        if (codeOf(error) !== "ECLOSED") throw error;
      }
    }
  }

  #canSend(): boolean {
    return this.#neverWaits || this.#native.writable;
  }

  async #sendNow(frames: Frames): Promise<void> {
    try {
      await this.#native.send(frames);
    } catch (error) {
      throw this.#translate(error, "Cannot send");
    }
  }

  async #drainSends(): Promise<void> {
    this.#sending = true;
    await endOfTurn();
    this.#sentThisTurn = 0;
    for (let next = this.#sends.peek(); next; next = this.#sends.peek()) {
      const error = await this.#sendWaiting(next.frames);
      if (this.#closed) return;
      this.#sends.shift();
      if (error) next.reject(error);
      else next.resolve();
    }
    this.#sending = false;
  }

  /** Sends once there is room. Returns what went wrong. */
  async #sendWaiting(frames: Frames): Promise<Error | undefined> {
    while (!this.#closed) {
      this.#wakeReceive();
      waitBegins();
      try {
        if (!this.#neverWaits) this.#native.setInt32Option(OPT.SNDTIMEO, SEND_RETRY);
        await this.#native.send(frames);
        return undefined;
      } catch (error) {
        if (this.#neverWaits || !notNow(codeOf(error))) {
          return this.#translate(error, "Cannot send");
        }
      } finally {
        waitEnds();
        if (!this.#closed) this.#native.setInt32Option(OPT.SNDTIMEO, 0);
      }
    }
    return closedError();
  }

  /** Sending no frames sends nothing, but makes the addon look for what a waiting receive may have. */
  #wakeReceive(): void {
    if (this.#reading) this.#native.send([]).catch(ignore);
  }

  async #receiveNow(timeoutMs: number): Promise<Uint8Array[]> {
    this.#reading = true;
    waitBegins();
    try {
      return await this.#receiveBy(monotonicMs() + timeoutMs);
    } catch (error) {
      if (!this.#closed && notNow(codeOf(error))) throw timeoutError();
      throw this.#translate(error, "Cannot receive");
    } finally {
      waitEnds();
      this.#reading = false;
      this.#receiveForNext();
    }
  }

  /**
   * The addon ends its wait, as if the time were up, when what woke it turned out to be nothing: an
   * answer that came too late, or a message of a topic that is subscribed to no more.
   */
  async #receiveBy(deadline: number): Promise<Uint8Array[]> {
    for (;;) {
      const left = deadline - monotonicMs();
      this.#setReceiveTimeout(left === Infinity ? -1 : Math.max(0, Math.ceil(left)));
      try {
        return await this.#native.receive();
      } catch (error) {
        if (this.#closed || codeOf(error) !== "EAGAIN" || monotonicMs() >= deadline) throw error;
      }
    }
  }

  #setReceiveTimeout(timeout: number): void {
    if (timeout === this.#receiveTimeout) return;
    this.#native.setInt32Option(OPT.RCVTIMEO, timeout);
    this.#receiveTimeout = timeout;
  }

  #receiveForNext(): void {
    const waiter = this.#receives.next();
    if (!waiter) return;
    this.#receiveNow(Math.max(0, waiter.deadline - monotonicMs()))
      .then(waiter.resolve, waiter.reject);
  }

  /** The monitor tells when libzmq has let go of a closed socket. Nothing else does. */
  #drainAfterClose(): void {
    if (!this.#lingers || !this.#hasSent || inThread()) return;
    drains(this.#monitored ?? this.#watch());
  }

  /** Follows the monitor until the socket has ended; it must be read, or libzmq's own threads wait. */
  async #watch(): Promise<void> {
    const observer = this.#native.events;
    while (!observer.closed) {
      const event = await observer.receive().catch(() => ({ type: "end", address: "" }));
      this.#tell(event.type, event.address ?? "");
      if (event.type === "end") return;
    }
  }

  #tell(name: string, address: string): void {
    let type: ZmqMonitorEvent["type"] = "other";
    if (MONITOR_TYPES.has(name)) type = name as ZmqMonitorEvent["type"];
    else if (name.startsWith("handshake:error")) type = "handshake:error";
    for (const listener of this.#listeners) listener({ type, address });
  }

  #call<T>(operation: () => T, what: string): T {
    if (this.#closed) throw closedError();
    try {
      return operation();
    } catch (error) {
      throw this.#translate(error, what);
    }
  }

  #try<T>(operation: () => T, what: string): Promise<T> {
    try {
      return Promise.resolve(this.#call(operation, what));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #translate(error: unknown, what: string): Error {
    if (this.#closed) return closedError();
    const reason = error instanceof Error ? error.message : String(error);
    return new ZmqError(codeOf(error) ?? "EINVAL", `${what}: ${reason}`, { cause: error });
  }
}
