/**
 * Sums of files that are served. Those of large files are kept on disk too, for all workers and the
 * next start; workers that are asked for a new one at the same time work it out each.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import type { FoundFile } from "../../plugins/fileserver/mod.ts";
import { Slots } from "./slots.ts";

const log = getLogger("saltx.fileserver");

/** Sums in memory; beyond it the memory starts anew. */
const MAX_SUMS = 50_000;

/** Sums on disk; beyond it the older half goes. */
const MAX_KEPT = 1000;

/** Bytes read at a time. */
const CHUNK = 1 << 20;

/** Bytes from which on a file is large: others wait for the sum of a smaller one, a few ms. */
const LARGE = 8 << 20;

/** Large files that are read at once. More than one, so that a short one does not wait for a long one. */
const MOST_AT_ONCE = 4;

/** What a reading of a file gave. */
interface Reading {
  sum: string;
  /** Whether all of it was of the version that was found. */
  still: boolean;
}

/** Works sums out, each once for a content. */
export class FileSums {
  readonly #folder: string;
  readonly #sums = new Map<string, { version: string; sum: string }>();
  /** Sums that are being worked out, by all that they depend on. */
  readonly #underWay = new Map<string, Promise<string>>();
  readonly #slots = new Slots(MOST_AT_ONCE);

  /** `cachedir`: a folder of its own below it is made when it is needed. */
  constructor(cachedir: string) {
    this.#folder = join(cachedir, "file_sums");
  }

  /**
   * At once, unless a large file has to be read for it: others go on between its pieces. When the file
   * changes meanwhile, the sum is that of what was read, and the next who asks has it read again.
   * @throws when the file cannot be read, or `type` names no hash; the promise rejects then.
   */
  of(found: FoundFile, type: string): string | Promise<string> {
    const known = this.#known(found, type);
    if (known !== undefined) return known;
    if (found.size >= LARGE) return this.#shared(found, type);
    return this.#note(found, type, readNow(found, type));
  }

  #shared(found: FoundFile, type: string): Promise<string> {
    const name = [type, found.path, found.version].join("\0");
    const underWay = this.#underWay.get(name);
    if (underWay) return underWay;
    const sum = this.#slots.run(async () =>
      // Another worker may have kept it while this one waited for a slot.
      this.#known(found, type) ?? this.#note(found, type, await readInPieces(found, type))
    ).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, sum);
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

  /** Keeps a sum, unless it may be that of another version, and returns it. */
  #note(found: FoundFile, type: string, { sum, still }: Reading): string {
    if (!still) return sum;
    this.#remember(found, type, sum);
    if (found.size >= LARGE) this.#keep(found, type, sum);
    return sum;
  }

  #keep(found: FoundFile, type: string, sum: string): void {
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

function readNow(found: FoundFile, type: string): Reading {
  const hash = createHash(type);
  const file = openSync(found.path, "r");
  try {
    const buffer = new Uint8Array(CHUNK);
    for (let n = 0; (n = readSync(file, buffer, 0, CHUNK, null)) > 0;) {
      hash.update(buffer.subarray(0, n));
    }
    return readingOf(found, hash, file);
  } finally {
    closeSync(file);
  }
}

/** Reads a piece while the one before is hashed, and lets others go first after each. */
async function readInPieces(found: FoundFile, type: string): Promise<Reading> {
  const hash = createHash(type);
  const file = await open(found.path, "r");
  try {
    const read = (buffer: Uint8Array) => {
      const reading = file.read(buffer, 0, CHUNK, null);
      // It may fail while others have their turn: whoever awaits it later is told all the same.
      reading.catch(() => {});
      return reading;
    };
    let [piece, other] = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
    let reading = read(piece);
    for (let n = 0; (n = (await reading).bytesRead) > 0;) {
      reading = read(other);
      hash.update(piece.subarray(0, n));
      [piece, other] = [other, piece];
      // A piece that is there already would be taken within the same turn of the event loop.
      await turn();
    }
    return readingOf(found, hash, file.fd);
  } finally {
    await file.close();
  }
}

function readingOf({ isStill }: FoundFile, hash: Hash, file: number): Reading {
  return { sum: hash.digest("hex"), still: isStill?.(file) ?? true };
}
