/**
 * Sums of files that are served. Those of large files are kept on disk too, for all workers and the
 * next start.
 * @module
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import type { FoundFile } from "../../plugins/fileserver/mod.ts";

const log = getLogger("saltx.fileserver");

/** Sums in memory; beyond it the memory starts anew. */
const MAX_SUMS = 50_000;

/** Sums on disk; beyond it the older half goes. */
const MAX_KEPT = 1000;

/** Bytes read at a time. */
const CHUNK = 1 << 20;

/** Bytes from which on a file is large. */
const LARGE = 8 << 20;

/** Works sums out, each once for a content. */
export class FileSums {
  readonly #folder: string;
  readonly #sums = new Map<string, { version: string; sum: string }>();

  /** `cachedir`: a folder of its own below it is made when it is needed. */
  constructor(cachedir: string) {
    this.#folder = join(cachedir, "file_sums");
  }

  /** @throws when the file cannot be read, or `type` names no hash. */
  of(found: FoundFile, type: string): string {
    const known = this.#known(found, type);
    if (known !== undefined) return known;
    const sum = sumOf(found.path, type);
    this.#note(found, type, sum);
    return sum;
  }

  #known(found: FoundFile, type: string): string | undefined {
    const kept = this.#sums.get(found.path);
    if (kept?.version === `${type}:${found.version}`) return kept.sum;
    if (found.size < LARGE) return undefined;
    try {
      const sum = readFileSync(this.#fileOf(found, type), "latin1");
      if (!/^[0-9a-f]+$/.test(sum)) return undefined;
      this.#remember(found, type, sum);
      return sum;
    } catch {
      return undefined;
    }
  }

  #note(found: FoundFile, type: string, sum: string): void {
    this.#remember(found, type, sum);
    if (found.size < LARGE) return;
    try {
      ensureDir(this.#folder, 0o700);
      atomicWriteSync(this.#fileOf(found, type), sum, { mode: 0o600, durable: false });
      this.#tidy();
    } catch (error) {
      log.warning(`A hash could not be kept: ${messageOf(error)}`);
    }
  }

  #remember(found: FoundFile, type: string, sum: string): void {
    if (this.#sums.size >= MAX_SUMS) this.#sums.clear();
    this.#sums.set(found.path, { version: `${type}:${found.version}`, sum });
  }

  #fileOf(found: FoundFile, type: string): string {
    const name = createHash("sha256").update(`${type}\0${found.path}\0${found.version}`);
    return join(this.#folder, name.digest("hex").slice(0, 40));
  }

  #tidy(): void {
    const names = readdirSync(this.#folder);
    if (names.length <= MAX_KEPT) return;
    const aged = names.map((name) => join(this.#folder, name))
      .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
    aged.sort((a, b) => a.time - b.time);
    for (const { path } of aged.slice(0, MAX_KEPT / 2)) rmSync(path, { force: true });
  }
}

function sumOf(path: string, type: string): string {
  const hash = createHash(type);
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(CHUNK);
    for (let n = 0; (n = readSync(file, buffer, 0, CHUNK, null)) > 0;) {
      hash.update(buffer.subarray(0, n));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
