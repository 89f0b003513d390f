/**
 * Which minions have spoken protocol version 3, so that none of them, and nobody in their name, goes
 * back to the weaker version 2 (CVE-2025-62349 is that downgrade).
 *
 * One line a minion in `<cachedir>/minions_v3`: id, and a digest of the key that spoke, so that a host
 * which was set up anew with an older Salt and another key starts fresh.
 * @module
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";

const log = getLogger("saltx.master");

/** Shared by all workers through the file: what another one has learned is seen after `REREAD_MS`. */
const REREAD_MS = 10_000;

/** Ids whose key is kept beside the lines; beyond it the memory starts anew. */
const MAX_NOTED = 50_000;

/** Remembers by id and key. */
export class VersionMemory {
  readonly #path: string;
  readonly #acceptedKey: (id: string) => string | null;
  #known = new Set<string>();
  /** Keys of ids that are known to speak version 3: what nearly every request asks about. */
  readonly #noted = new Map<string, string>();
  #read = -Infinity;

  constructor(cachedir: string, acceptedKey: (id: string) => string | null) {
    this.#path = join(cachedir, "minions_v3");
    this.#acceptedKey = acceptedKey;
  }

  speaksVersion3(id: string): boolean {
    const key = this.#acceptedKey(id);
    if (key === null) return false;
    const line = lineOf(id, key);
    if (!this.#known.has(line)) this.#load();
    return this.#known.has(line);
  }

  note(id: string): void {
    const key = this.#acceptedKey(id);
    if (key === null || this.#noted.get(id) === key) return;
    if (this.#noted.size >= MAX_NOTED) this.#noted.clear();
    this.#noted.set(id, key);
    const line = lineOf(id, key);
    if (this.#known.has(line)) return;
    this.#load();
    if (this.#known.has(line)) return;
    this.#known.add(line);
    try {
      appendFileSync(this.#path, line + "\n", { mode: 0o600 });
    } catch (error) {
      log.error(`${this.#path} cannot be written: ${messageOf(error)}`);
    }
  }

  #load(): void {
    if (performance.now() - this.#read < REREAD_MS) return;
    this.#read = performance.now();
    try {
      this.#known = new Set([...this.#known, ...readFileSync(this.#path, "utf8").split("\n")]);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") {
        log.error(`${this.#path} cannot be read: ${messageOf(error)}`);
      }
    }
  }
}

function lineOf(id: string, key: string): string {
  const bare = key.replaceAll(/\s/g, "");
  return `${id} ${createHash("sha256").update(bare).digest("hex").slice(0, 32)}`;
}
