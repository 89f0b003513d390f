/**
 * Requests over REQ sockets: one at a time on each, so that any Salt master understands them.
 * @module
 */
import { SaltClientError, SaltReqTimeoutError } from "../../errors.ts";
import { runtime } from "../../runtime/mod.ts";
import { monotonicMs } from "../../runtime/monotonic.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";
import type { RequestClient } from "../types.ts";

/** Sockets that one client may hold open; further requests wait for one of them. */
const MAX_SOCKETS = 8;

/** Requests that may wait for a socket; more is a caller's defect or a flood. */
const MAX_WAITING = 10_000;

interface Waiter {
  resolve(socket: ZmqSocket): void;
  reject(error: Error): void;
}

/**
 * Opens no socket before the first request. A socket whose request was not answered is thrown away,
 * since a REQ cannot send again before it has received.
 */
export class ZmqRequestClient implements RequestClient {
  readonly #uri: string;
  readonly #options: ZmqOptions;
  readonly #idle: ZmqSocket[] = [];
  readonly #busy = new Set<ZmqSocket>();
  readonly #waiting: Waiter[] = [];
  #opening = 0;
  #closed = false;

  constructor(uri: string, options: ZmqOptions) {
    this.#uri = uri;
    this.#options = { linger: 0, ...options };
  }

  async request(
    payload: Uint8Array,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const deadline = monotonicMs() + options.timeoutMs;
    const socket = await this.#take();
    const abort = () => socket.close();
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      await socket.send(payload);
      const frames = await socket.receive(Math.max(1, deadline - monotonicMs()));
      this.#giveBack(socket);
      return frames.at(-1) ?? new Uint8Array();
    } catch (error) {
      this.#discard(socket);
      options.signal?.throwIfAborted();
      if ((error as { code?: string }).code === "EAGAIN") {
        throw new SaltReqTimeoutError(
          `No answer from the master at ${this.#uri} within ${options.timeoutMs / 1000} s`,
        );
      }
      if (this.#closed) throw new SaltClientError(`The connection to ${this.#uri} was closed`);
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
  }

  close(): void {
    this.#closed = true;
    for (const socket of [...this.#idle, ...this.#busy]) socket.close();
    this.#idle.length = 0;
    const error = new SaltClientError(`The connection to ${this.#uri} was closed`);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  async #take(): Promise<ZmqSocket> {
    if (this.#closed) throw new SaltClientError(`The connection to ${this.#uri} is closed`);
    const idle = this.#idle.pop();
    if (idle) {
      this.#busy.add(idle);
      return idle;
    }
    if (this.#busy.size + this.#opening < MAX_SOCKETS) return await this.#open();
    if (this.#waiting.length >= MAX_WAITING) {
      throw new SaltClientError(`${MAX_WAITING} requests to ${this.#uri} are waiting already`);
    }
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async #open(): Promise<ZmqSocket> {
    this.#opening += 1;
    try {
      const socket = await runtime.openSocket("req", this.#options);
      socket.connect(this.#uri);
      this.#busy.add(socket);
      return socket;
    } finally {
      this.#opening -= 1;
    }
  }

  #giveBack(socket: ZmqSocket): void {
    if (this.#closed) return this.#discard(socket);
    const waiter = this.#waiting.shift();
    if (waiter) return waiter.resolve(socket);
    this.#busy.delete(socket);
    this.#idle.push(socket);
  }

  #discard(socket: ZmqSocket): void {
    socket.close();
    this.#busy.delete(socket);
    const waiter = this.#waiting.shift();
    if (waiter) this.#open().then(waiter.resolve, waiter.reject);
  }
}
