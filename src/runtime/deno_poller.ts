/**
 * Waits for file descriptors on Deno: one `poll` in another thread for all sockets of this one.
 * @module
 */
import { setImmediate } from "node:timers";
import { libcName } from "./deno_libc.ts";

const POLLIN = 1;
/** `sizeof struct pollfd`: an int and two shorts. */
const POLLFD_BYTES = 8;
const REVENTS = 6;
/** Turns of the event loop in which sockets are asked directly, before a thread waits for them. */
const EAGER_TURNS = 3;

const SYMBOLS = {
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  pipe: { parameters: ["buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Something with a file descriptor that becomes readable when it should be looked at. */
export interface Polled {
  readonly fd: number;
  /** Does what can be done now. Returns whether there was anything. */
  pump(): boolean;
  /** Whether it still waits for something. */
  readonly waiting: boolean;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Calls `pump` of what it watches when that may have something to do, for as long as it waits. */
export class Poller {
  readonly #libc = Deno.dlopen(libcName(), SYMBOLS).symbols;
  readonly #watched = new Set<Polled>();
  readonly #pipe: { readEnd: number; writeEnd: number };
  readonly #byte = new Uint8Array(64);
  #running = false;
  #polling = false;
  #woken = false;

  constructor() {
    const fds = new Int32Array(2);
    if (this.#libc.pipe(new Uint8Array(fds.buffer)) < 0) throw new Error("Cannot make a pipe");
    this.#pipe = { readEnd: fds[0]!, writeEnd: fds[1]! };
  }

  /** Watches until it no longer waits. */
  watch(polled: Polled): void {
    if (this.#watched.has(polled)) return;
    this.#watched.add(polled);
    this.#wake();
    if (!this.#running) this.#run();
  }

  /** Stops watching; without anything to watch, nothing here keeps the program alive. */
  unwatch(polled: Polled): void {
    if (this.#watched.delete(polled)) this.#wake();
  }

  #wake(): void {
    if (!this.#polling || this.#woken) return;
    this.#woken = true;
    this.#libc.write(this.#pipe.writeEnd, this.#byte, 1n);
  }

  async #run(): Promise<void> {
    this.#running = true;
    let idleTurns = 0;
    while (true) {
      await nextTurn();
      let busy = false;
      for (const polled of this.#watched) {
        if (!polled.waiting) this.#watched.delete(polled);
        else if (polled.pump()) busy = true;
      }
      if (this.#watched.size === 0) break;
      idleTurns = busy ? 0 : idleTurns + 1;
      if (idleTurns > EAGER_TURNS) await this.#poll();
    }
    this.#running = false;
  }

  async #poll(): Promise<void> {
    const fds = [this.#pipe.readEnd, ...Array.from(this.#watched, (polled) => polled.fd)];
    const buffer = new Uint8Array(fds.length * POLLFD_BYTES);
    const view = new DataView(buffer.buffer);
    fds.forEach((fd, index) => {
      view.setInt32(index * POLLFD_BYTES, fd, true);
      view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
    });
    this.#polling = true;
    await this.#libc.poll(buffer, BigInt(fds.length), -1);
    this.#polling = false;
    if (view.getInt16(REVENTS, true) !== 0) {
      this.#libc.read(this.#pipe.readEnd, this.#byte, BigInt(this.#byte.length));
      this.#woken = false;
    }
  }
}
