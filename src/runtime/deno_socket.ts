/**
 * A ZeroMQ socket on Deno, over libzmq's C functions.
 *
 * libzmq signals a socket's file descriptor once for each change, and any call on the socket may
 * take that signal away; so every call here is followed by a look at what else waits.
 * @module
 */
import { Poller } from "./deno_poller.ts";
import { lastCode, lastError, loadZmq, type Zmq } from "./deno_zmq.ts";
import { Fifo } from "./fifo.ts";
import { cString } from "./libc.ts";
import { closed, opened } from "./open_sockets.ts";
import type { ZmqMonitorEvent, ZmqOptions, ZmqSocket, ZmqType } from "./types.ts";
import { closedError, codeOf, floodedError, timeoutError } from "./zmq_error.ts";
import { monitorEventType, OPT, SOCKET_TYPES, socketSettings } from "./zmq_options.ts";
import { type Frames, MAX_WAITING_SENDS, WaitQueue } from "./zmq_queues.ts";

const DONTWAIT = 1;
const SNDMORE = 2;
const POLLOUT = 2;
const ALL_EVENTS = 0xffff;
/** More than `sizeof zmq_msg_t`, so that the engine keeps it in one place. */
const MESSAGE_BYTES = 128;
/** A received frame above this is given back to libzmq at once instead of with the next one. */
const LARGE_FRAME = 65_536;
/** Calls that may be answered in a row before other events get their turn. */
const CALLS_PER_TURN = 512;

interface WaitingSend {
  frames: Uint8Array[];
  resolve(): void;
  reject(error: Error): void;
}

let poller: Poller | undefined;
let monitors = 0;
const encoder = new TextEncoder();

function toBytes(frames: Frames): Uint8Array[] {
  const list = Array.isArray(frames) ? frames : [frames];
  return list.map((frame) => typeof frame === "string" ? encoder.encode(frame) : frame);
}

/** Full or empty, or (`req`, `rep`) not its turn: all three pass. */
function notNow(code: string): boolean {
  return code === "EAGAIN" || code === "EFSM";
}

/** See {@linkcode ZmqSocket}. */
export class DenoSocket implements ZmqSocket {
  readonly type: ZmqType;
  readonly fd: number;
  readonly #zmq: Zmq;
  readonly #handle: Deno.PointerValue;
  readonly #message = new Uint8Array(MESSAGE_BYTES);
  readonly #int = new Int32Array(32);
  readonly #intBytes = new Uint8Array(this.#int.buffer);
  readonly #size = new BigUint64Array(16);
  readonly #sizeBytes = new Uint8Array(this.#size.buffer);
  readonly #sends = new Fifo<WaitingSend>();
  readonly #receives = new WaitQueue<Uint8Array[]>();
  readonly #listeners = new Set<(event: ZmqMonitorEvent) => void>();
  readonly #poller: Poller;
  #monitored = false;
  #closed = false;
  #callsThisTurn = 0;

  constructor(type: ZmqType, options: ZmqOptions) {
    this.type = type;
    this.#zmq = loadZmq();
    this.#poller = poller ??= new Poller();
    this.#handle = this.#zmq.lib.zmq_socket(this.#zmq.context, SOCKET_TYPES[type]);
    if (this.#handle === null) throw lastError(this.#zmq, "Cannot open a socket");
    opened(this);
    this.#zmq.lib.zmq_msg_init(this.#message);
    for (const { id, kind, value } of socketSettings(options)) {
      if (kind === "bytes") this.#setOption(id, value);
      else if (kind === "int64") this.#setOption(id, new BigInt64Array([BigInt(value)]));
      else this.#setOption(id, new Int32Array([value]));
    }
    this.fd = this.#intOption(OPT.FD);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get waiting(): boolean {
    return !this.#closed && (this.#receives.length > 0 || this.#sends.length > 0);
  }

  bind(endpoint: string): Promise<string> {
    try {
      this.#endpointCall("zmq_bind", endpoint, "Cannot bind");
      return Promise.resolve(this.#lastEndpoint());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  unbind(endpoint: string): Promise<void> {
    try {
      return Promise.resolve(this.#endpointCall("zmq_unbind", endpoint, "Cannot unbind"));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  connect(endpoint: string): void {
    this.#endpointCall("zmq_connect", endpoint, "Cannot connect to");
  }

  disconnect(endpoint: string): void {
    this.#endpointCall("zmq_disconnect", endpoint, "Cannot disconnect from");
  }

  subscribe(...topics: (string | Uint8Array)[]): void {
    this.#mustBeOpen();
    for (const topic of toBytes(topics)) this.#setOption(OPT.SUBSCRIBE, topic);
  }

  unsubscribe(...topics: (string | Uint8Array)[]): void {
    this.#mustBeOpen();
    for (const topic of toBytes(topics)) this.#setOption(OPT.UNSUBSCRIBE, topic);
  }

  send(frames: Frames): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    const parts = toBytes(frames);
    if (this.#sends.length === 0 && ++this.#callsThisTurn < CALLS_PER_TURN) {
      try {
        const sent = this.#sendNow(parts);
        this.#deliver();
        if (sent) return Promise.resolve();
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#sends.length >= MAX_WAITING_SENDS) {
      return Promise.reject(floodedError(MAX_WAITING_SENDS));
    }
    return new Promise((resolve, reject) => {
      this.#sends.push({ frames: parts, resolve, reject });
      this.#poller.watch(this);
    });
  }

  trySend(frames: Frames): boolean {
    this.#mustBeOpen();
    if (this.#sends.length > 0) return false;
    const sent = this.#sendNow(toBytes(frames));
    this.#deliver();
    return sent;
  }

  receive(timeoutMs = Infinity): Promise<Uint8Array[]> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#receives.length === 0 && ++this.#callsThisTurn < CALLS_PER_TURN) {
      try {
        const message = this.#receiveNow();
        this.#flush();
        if (message) return Promise.resolve(message);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (timeoutMs <= 0) return Promise.reject(timeoutError());
    const promise = this.#receives.wait(timeoutMs, () => this.#restIfIdle());
    this.#poller.watch(this);
    return promise;
  }

  monitor(listener: (event: ZmqMonitorEvent) => void): () => void {
    this.#mustBeOpen();
    this.#listeners.add(listener);
    if (!this.#monitored) {
      this.#monitored = true;
      const endpoint = `inproc://saltx.monitor.${++monitors}`;
      const { lib } = this.#zmq;
      if (lib.zmq_socket_monitor(this.#handle, cString(endpoint), ALL_EVENTS) < 0) {
        throw lastError(this.#zmq, "Cannot monitor the socket");
      }
      this.#watch(endpoint);
    }
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closed(this);
    this.#poller.unwatch(this);
    for (const send of this.#sends.drain()) send.reject(closedError());
    this.#receives.rejectAll(closedError);
    this.#zmq.lib.zmq_msg_close(this.#message);
    this.#zmq.lib.zmq_close(this.#handle);
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

  /** Called by the poller. */
  pump(): boolean {
    this.#callsThisTurn = 0;
    const sent = this.#flush();
    return this.#deliver() || sent;
  }

  /** Sends what waits, as far as there is room. */
  #flush(): boolean {
    let busy = false;
    for (let next = this.#sends.peek(); next && !this.#closed; next = this.#sends.peek()) {
      try {
        if (!this.#sendNow(next.frames)) break;
        next.resolve();
      } catch (error) {
        next.reject(error as Error);
      }
      this.#sends.shift();
      busy = true;
    }
    return busy;
  }

  /** Gives messages to those who wait for them. */
  #deliver(): boolean {
    let busy = false;
    while (this.#receives.length > 0 && !this.#closed) {
      try {
        const message = this.#receiveNow();
        if (!message) break;
        this.#receives.next()?.resolve(message);
      } catch (error) {
        this.#receives.next()?.reject(error as Error);
      }
      busy = true;
    }
    return busy;
  }

  /** Returns false when there is no room. A message is taken whole or not at all. */
  #sendNow(parts: Uint8Array[]): boolean {
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.#sendParts(parts)) return true;
      // libzmq looks for news only now and then while sending; being asked, it does.
      if ((this.#intOption(OPT.EVENTS) & POLLOUT) === 0) return false;
    }
    return false;
  }

  #sendParts(parts: Uint8Array[]): boolean {
    const { lib } = this.#zmq;
    const last = parts.length - 1;
    for (let index = 0; index <= last; index++) {
      const part = parts[index]!;
      const flags = index < last ? DONTWAIT | SNDMORE : DONTWAIT;
      while (lib.zmq_send(this.#handle, part, BigInt(part.length), flags) < 0) {
        const code = lastCode(this.#zmq);
        if (notNow(code)) return false;
        if (code !== "EINTR") throw lastError(this.#zmq, "Cannot send");
      }
    }
    return true;
  }

  #receiveNow(): Uint8Array[] | undefined {
    const frames: Uint8Array[] = [];
    do {
      const frame = this.#receiveFrame();
      if (!frame) return undefined;
      frames.push(frame);
    } while (this.#zmq.lib.zmq_msg_more(this.#message) !== 0);
    return frames;
  }

  #receiveFrame(): Uint8Array | undefined {
    const { lib } = this.#zmq;
    const length = lib.zmq_msg_recv(this.#message, this.#handle, DONTWAIT);
    if (length < 0) {
      const code = lastCode(this.#zmq);
      if (code === "EINTR") return this.#receiveFrame();
      if (notNow(code)) return undefined;
      throw lastError(this.#zmq, "Cannot receive");
    }
    const frame = new Uint8Array(length);
    if (length > 0) Deno.UnsafePointerView.copyInto(lib.zmq_msg_data(this.#message)!, frame);
    if (length > LARGE_FRAME) this.#releaseFrame();
    return frame;
  }

  /** Frees the frame's memory but keeps the flag that says whether more follow. */
  #releaseFrame(): void {
    const { lib } = this.#zmq;
    if (lib.zmq_msg_more(this.#message) !== 0) return;
    lib.zmq_msg_close(this.#message);
    lib.zmq_msg_init(this.#message);
  }

  #restIfIdle(): void {
    if (!this.waiting) this.#poller.unwatch(this);
  }

  /** Follows the monitor until the socket has ended; it must be read, or libzmq's own threads wait. */
  async #watch(endpoint: string): Promise<void> {
    const monitor = new DenoSocket("pair", { linger: 0 });
    monitor.connect(endpoint);
    for await (const [head, address] of monitor) {
      if (!head || head.length < 2) continue;
      const type = monitorEventType(new DataView(head.buffer).getUint16(0, true));
      const event = { type, address: new TextDecoder().decode(address) };
      for (const listener of this.#listeners) listener(event);
      if (type === "end") monitor.close();
    }
  }

  #endpointCall(
    name: "zmq_bind" | "zmq_unbind" | "zmq_connect" | "zmq_disconnect",
    endpoint: string,
    what: string,
  ): void {
    this.#mustBeOpen();
    if (this.#zmq.lib[name](this.#handle, cString(endpoint)) < 0) {
      throw lastError(this.#zmq, `${what} ${endpoint}`);
    }
  }

  #lastEndpoint(): string {
    const value = new Uint8Array(512);
    this.#size[0] = BigInt(value.length);
    const { lib } = this.#zmq;
    if (lib.zmq_getsockopt(this.#handle, OPT.LAST_ENDPOINT, value, this.#sizeBytes) < 0) {
      throw lastError(this.#zmq, "Cannot read the endpoint");
    }
    return new TextDecoder().decode(value.subarray(0, Number(this.#size[0]) - 1));
  }

  #intOption(id: number): number {
    this.#size[0] = 4n;
    if (this.#zmq.lib.zmq_getsockopt(this.#handle, id, this.#intBytes, this.#sizeBytes) < 0) {
      throw lastError(this.#zmq, "Cannot read a socket option");
    }
    return this.#int[0]!;
  }

  #setOption(id: number, value: Uint8Array | Int32Array | BigInt64Array): void {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (
      this.#zmq.lib.zmq_setsockopt(
        this.#handle,
        id,
        bytes as Uint8Array<ArrayBuffer>,
        BigInt(bytes.length),
      ) < 0
    ) {
      throw lastError(this.#zmq, `Cannot set socket option ${id}`);
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closedError();
  }
}
