/**
 * Salt's layout of its cache in Redis: a value for each bank and key, sets of the keys of a bank and of
 * its inner banks, and a time for each key. Real Salt masters read and write the same.
 * (`salt/cache/redis_cache.py:store, flush, list_`)
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";
import { packLocal } from "../serializers/msgpack.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import type { DataMap } from "../types/mod.ts";
import type { RedisArg } from "./redis_connection.ts";

/** What a bank of a minion holds. */
export type MinionKey = "data" | "mine";

/** Names and commands. */
export class RedisLayout {
  readonly #bank: string;
  readonly #keys: string;
  readonly #key: string;
  readonly #time: string;

  /** @throws {SaltConfigurationError} when a prefix is no text. */
  constructor(opts: object) {
    const prefix = (name: string, otherwise: string) => {
      const option = `cache.redis.${name}`;
      const value = (opts as Record<string, unknown>)[option] ?? otherwise;
      if (typeof value !== "string") throw new SaltConfigurationError(`${option}: must be text`);
      return value;
    };
    const separator = prefix("separator", "_");
    this.#bank = prefix("bank_prefix", "$BANK") + separator;
    this.#keys = prefix("bank_keys_prefix", "$BANKEYS") + separator;
    this.#key = prefix("key_prefix", "$KEY") + separator;
    this.#time = prefix("timestamp_prefix", "$TSTAMP") + separator;
  }

  /** Set of all minions that have a bank. */
  get minions(): string {
    return `${this.#keys}minions`;
  }

  value(id: string, key: MinionKey): string {
    return `${this.#key}minions/${checked(id)}/${key}`;
  }

  time(id: string, key: MinionKey): string {
    // Salt writes its names as Python writes a set of one text.
    return `${this.#time}{'minions/${checked(id)}'}/{'${key}'}`;
  }

  /** Commands that store a value. */
  store(id: string, key: MinionKey, value: DataMap, seconds: number): RedisArg[][] {
    return [
      ["SADD", `${this.#bank}minions`, ".", checked(id)],
      ["SADD", this.minions, id],
      ["SADD", `${this.#bank}minions/${id}`, "."],
      ["SET", this.value(id, key), packLocal(value)],
      ["SADD", `${this.#keys}minions/${id}`, key],
      ["SET", this.time(id, key), packLocal(Math.trunc(seconds))],
    ];
  }

  /** Commands that remove a value. */
  flush(id: string, key: MinionKey): RedisArg[][] {
    return [
      ["DEL", this.value(id, key)],
      ["DEL", this.time(id, key)],
      ["SREM", `${this.#keys}minions/${checked(id)}`, key],
    ];
  }
}

/** An id becomes part of a name: only one that is an id. */
function checked(id: string): string {
  if (!isValidMinionId(id)) throw new TypeError(`'${id}' is not a minion id`);
  return id;
}
