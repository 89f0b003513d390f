/**
 * The way to a Redis server, Valkey or Redis Cluster; the package that speaks its protocol is loaded
 * when the first connection opens.
 *
 * A connection tries for as long as it is open, with a growing pause. While it is down, commands fail
 * at once instead of piling up: who uses it knows what can wait.
 * @module
 */
import { Buffer } from "node:buffer";
import { EX, SaltException } from "../errors.ts";
import {
  type Driver,
  openDriver,
  type RedisLimits,
  type RedisReply,
  RETRY_FIRST,
  RETRY_LAST,
  type Words,
} from "./redis_driver.ts";
import { faultOf, isReply, type RedisFault } from "./redis_faults.ts";
import { redisName, type RedisSettings } from "./redis_settings.ts";

export type { RedisReply } from "./redis_driver.ts";

/** A part of a command. Numbers go as text. */
export type RedisArg = string | Uint8Array | number;

/** Redis could not do its work. The message names the server and the option it came from. */
export class RedisError extends SaltException {
  override name = "RedisError";
  readonly fault: RedisFault;
  constructor(message: string, fault: RedisFault, cause?: unknown) {
    super(message, { cause, exitCode: fault === "denied" ? EX.NOPERM : EX.UNAVAILABLE });
    this.fault = fault;
  }
}

/** One connection; all commands go over it in the order in which they were sent. */
export interface RedisConnection {
  /** How the server is named in messages. */
  readonly name: string;
  /** Whether commands go through now. */
  readonly ready: boolean;
  /**
   * Waits for the connection.
   * @throws {RedisError} after `timeoutMs` (5000 when absent) with what kept it from coming about; it
   * goes on trying all the same until `close()`.
   */
  connected(timeoutMs?: number): Promise<void>;
  /**
   * Sends a command. In a cluster its first key says to which server: that is argument 1, of `EVAL` and
   * `XREADGROUP` the first after their word for keys.
   * @throws {RedisError}
   */
  send(...command: RedisArg[]): Promise<RedisReply>;
  /**
   * A way to each server that holds keys: one, or the masters of a cluster. For commands that look at
   * all keys, such as `SCAN`, which are each server's own.
   * @throws {RedisError}
   */
  servers(): Promise<((...command: RedisArg[]) => Promise<RedisReply>)[]>;
  /**
   * Sends commands as one transaction: all are done and nothing in between, or none is. In a cluster,
   * all keys must be of one slot. Bulk strings in these replies are text: read bytes with `send`.
   * @throws {RedisError}
   */
  transaction(commands: readonly (readonly RedisArg[])[]): Promise<RedisReply[]>;
  /** Calls back when it comes up, and when it goes down with the reason. Returns a remover. */
  onState(listener: (ready: boolean, why: RedisError | null) => void): () => void;
  /** Ends it; what is under way fails. */
  close(): void;
}

/** Opens a connection and begins to connect; does not wait for it. Loads the package. */
export async function openRedis(
  settings: RedisSettings,
  limits: RedisLimits = {},
): Promise<RedisConnection> {
  return new Connection(settings, await openDriver(settings, limits));
}

class Connection implements RedisConnection {
  readonly name: string;
  readonly #settings: RedisSettings;
  readonly #driver: Driver;
  readonly #listeners = new Set<(ready: boolean, why: RedisError | null) => void>();
  #ready = false;
  #closed = false;
  #why: RedisError | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: RedisSettings, driver: Driver) {
    this.name = redisName(settings);
    this.#settings = settings;
    this.#driver = driver;
    driver.onReady(() => this.#up());
    driver.onError((error) => this.#down(error));
    this.#connect(0);
  }

  get ready(): boolean {
    return this.#ready;
  }

  async connected(timeoutMs = 5000): Promise<void> {
    if (this.#ready) return;
    let settle: (ready: boolean) => void = () => {};
    const up = new Promise<boolean>((resolve) => (settle = resolve));
    const remove = this.onState((ready) => ready && settle(true));
    const timer = setTimeout(() => settle(false), timeoutMs);
    try {
      if (!await up) throw this.#why ?? this.#error(new Error("it does not answer"));
    } finally {
      clearTimeout(timer);
      remove();
    }
  }

  async send(...command: RedisArg[]): Promise<RedisReply> {
    if (!this.#ready) throw this.#why ?? this.#error(new Error("it is not connected yet"));
    try {
      return await this.#driver.send(wordsOf(command));
    } catch (error) {
      throw this.#error(error);
    }
  }

  async servers(): Promise<((...command: RedisArg[]) => Promise<RedisReply>)[]> {
    if (!this.#ready) throw this.#why ?? this.#error(new Error("it is not connected yet"));
    try {
      const sends = await this.#driver.servers();
      return sends.map((send) => async (...command) => {
        try {
          return await send(wordsOf(command));
        } catch (error) {
          throw this.#error(error);
        }
      });
    } catch (error) {
      throw this.#error(error);
    }
  }

  async transaction(commands: readonly (readonly RedisArg[])[]): Promise<RedisReply[]> {
    if (!this.#ready) throw this.#why ?? this.#error(new Error("it is not connected yet"));
    try {
      return await this.#driver.multi(commands.map(wordsOf));
    } catch (error) {
      throw this.#error(error);
    }
  }

  onState(listener: (ready: boolean, why: RedisError | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ready = false;
    clearTimeout(this.#retry);
    this.#why = this.#error(new Error("the connection was closed"));
    try {
      this.#driver.destroy();
    } catch {
      // It was not open.
    }
  }

  #connect(retries: number): void {
    this.#driver.connect().catch((error) => {
      if (this.#closed) return;
      this.#down(error);
      if (this.#driver.persistent) return;
      const pause = Math.min(RETRY_FIRST * 2 ** retries, RETRY_LAST);
      this.#retry = setTimeout(() => this.#connect(retries + 1), pause);
    });
  }

  #up(): void {
    if (this.#ready || this.#closed) return;
    this.#ready = true;
    this.#why = null;
    for (const listener of this.#listeners) listener(true, null);
  }

  #down(cause: unknown): void {
    if (this.#closed) return;
    // A server that says no, be it to a PING as its disk is full, is there: nothing would bring the
    // connection up again, as it is not down.
    if (this.#ready && isReply(cause)) return;
    this.#why = this.#error(cause);
    if (!this.#ready) return;
    this.#ready = false;
    for (const listener of this.#listeners) listener(false, this.#why);
  }

  #error(cause: unknown): RedisError {
    if (cause instanceof RedisError) return cause;
    const { fault, why } = faultOf(cause);
    const { option } = this.#settings;
    return new RedisError(`Cannot use Redis at ${this.name} (${option}): ${why}`, fault, cause);
  }
}

function wordsOf(command: readonly RedisArg[]): Words {
  return command.map((word) =>
    typeof word === "string"
      ? word
      : typeof word === "number"
      ? String(word)
      : Buffer.from(word.buffer, word.byteOffset, word.byteLength)
  );
}
