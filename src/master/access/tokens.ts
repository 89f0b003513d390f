/**
 * Tokens of users who have logged in: a file each in `token_dir`. (`salt/tokens/localfs.py`)
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { atomicWriteSync, ensureDir } from "../../fs/mod.ts";
import { packLocal, unpack } from "../../serializers/msgpack.ts";
import { type DataMap, isMap } from "../../types/mod.ts";

/** A token's name is the digest of random bytes: it never is a path. */
const NAME = /^[0-9a-f]{64,128}$/;

/** Tokens kept; more are a flood of logins, and the expired go first. */
const MAX_TOKENS = 10_000;

/** What a token stands for. */
export interface Token extends DataMap {
  token: string;
  /** Seconds since 1970. */
  start: number;
  expire: number;
  name: string;
  eauth: string;
}

/** Makes and finds tokens. */
export class TokenStore {
  readonly #dir: string;
  readonly #hashType: string;
  readonly #now: () => number;

  constructor(dir: string, hashType: string, now: () => number = Date.now) {
    this.#dir = dir;
    this.#hashType = hashType;
    this.#now = now;
  }

  /** A new token that holds for `seconds`. */
  make(user: { name: string; eauth: string; groups: string[] }, seconds: number): Token {
    ensureDir(this.#dir, 0o700);
    this.#makeRoom();
    const name = createHash(this.#hashType === "md5" ? "sha256" : this.#hashType)
      .update(randomBytes(64)).digest("hex");
    const start = this.#now() / 1000;
    const token: Token = {
      token: name,
      start,
      expire: start + seconds,
      name: user.name,
      eauth: user.eauth,
      ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    };
    atomicWriteSync(join(this.#dir, name), packLocal(token), { mode: 0o600 });
    return token;
  }

  /** The token of that name; null when there is none, or its time is over (it is removed then). */
  get(name: unknown): Token | null {
    if (typeof name !== "string" || !NAME.test(name)) return null;
    const path = join(this.#dir, name);
    let data: unknown;
    try {
      data = unpack(readFileSync(path));
    } catch {
      return null;
    }
    if (!isMap(data) || Number(data["expire"]) <= this.#now() / 1000) {
      rmSync(path, { force: true });
      return null;
    }
    return data as Token;
  }

  #makeRoom(): void {
    const names = readdirSync(this.#dir).filter((name) => NAME.test(name));
    if (names.length < MAX_TOKENS) return;
    const live = names.filter((name) => this.get(name) !== null);
    if (live.length >= MAX_TOKENS) rmSync(join(this.#dir, live[0]!), { force: true });
  }
}
