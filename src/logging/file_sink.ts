/**
 * Lines to a file, without holding up the daemon: a write waits in memory while the one before it
 * is on its way to the disk.
 * @module
 */
import {
  closeSync,
  existsSync,
  fchownSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  write,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";

/** How much may wait for a slow disk; more lines are dropped, and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** How often, in ms, to look whether somebody put another file in our file's place. */
const LOOK_INTERVAL_MS = 1000;

/** Mode of a new log file: Salt makes them under the umask 027. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;

/** What a log file is to do. */
export interface FileSinkOptions {
  path: string;
  /** Size at which it is put aside; 0 for never. */
  maxBytes: number;
  /** How many files put aside are kept; 0 switches this off. */
  backups: number;
  /** Who gets the file and a folder made for it. */
  owner?: { uid: number; gid: number };
  /** Told once for each series of failed writes. */
  onError(message: string): void;
}

/** A log file that is open. */
export class FileSink {
  readonly #options: FileSinkOptions;
  #fd: number;
  #inode = 0;
  #size = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #busy = false;
  /** Whether the system has a write of ours; its file number must stay open that long. */
  #inFlight = false;
  #reopenWanted = false;
  #failing = false;
  #whenIdle: (() => void)[] = [];
  #closed = false;
  #lastLook = 0;

  /** @throws SaltException when the file cannot be opened. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
    const folder = dirname(options.path);
    if (!existsSync(folder)) ensureDir(folder, FOLDER_MODE, options.owner);
    this.#fd = this.#open();
    if (options.owner) fchownSync(this.#fd, options.owner.uid, options.owner.gid);
  }

  #open(): number {
    const { path } = this.#options;
    try {
      const fd = openSync(path, "a", FILE_MODE);
      const stat = fstatSync(fd);
      this.#inode = stat.ino;
      this.#size = stat.size;
      this.#lastLook = Date.now();
      return fd;
    } catch (error) {
      throw fileError("open log file", path, error);
    }
  }

  /** Takes a line; never waits, never throws. */
  write(line: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#busy) this.#startWriting();
  }

  #take(): Buffer {
    if (this.#dropped > 0) {
      const note = Buffer.from(`[${this.#dropped} lines of log dropped: the disk is too slow]\n`);
      this.#waiting.push(note);
      this.#dropped = 0;
    }
    const batch = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return batch;
  }

  #startWriting(): void {
    this.#busy = true;
    // Lines of the same turn go out as one write.
    queueMicrotask(() => this.#writeNext());
  }

  #writeNext(): void {
    if (!this.#closed) this.#look();
    if (this.#closed || this.#waiting.length === 0) {
      this.#busy = false;
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    const batch = this.#take();
    this.#inFlight = true;
    this.#writeAll(batch, 0, (error) => {
      this.#inFlight = false;
      this.#noteResult(error);
      this.#writeNext();
    });
  }

  #writeAll(batch: Buffer, at: number, done: (error: Error | null) => void): void {
    write(this.#fd, batch, at, batch.length - at, null, (error, written) => {
      if (error) return done(error);
      this.#size += written;
      if (at + written < batch.length && written > 0) this.#writeAll(batch, at + written, done);
      else done(null);
    });
  }

  #noteResult(error: Error | null): void {
    if (error && !this.#failing) {
      this.#options.onError(fileError("write log file", this.#options.path, error).message);
    }
    this.#failing = error !== null;
  }

  /** Follows `logrotate`, and puts the file aside when it has grown too large. */
  #look(): void {
    const { maxBytes, backups, path } = this.#options;
    if (maxBytes > 0 && backups > 0 && this.#size + this.#waitingBytes > maxBytes) {
      this.#rotate();
    } else if (this.#reopenWanted) {
      this.reopen();
    } else if (Date.now() - this.#lastLook >= LOOK_INTERVAL_MS) {
      this.#lastLook = Date.now();
      if (inodeOf(path) !== this.#inode) this.reopen();
    }
  }

  #rotate(): void {
    const { backups, path } = this.#options;
    try {
      rmSync(`${path}.${backups}`, { force: true });
      for (let n = backups - 1; n >= 0; n--) {
        const from = n === 0 ? path : `${path}.${n}`;
        if (inodeOf(from) !== undefined) renameSync(from, `${path}.${n + 1}`);
      }
    } catch (error) {
      this.#noteResult(error as Error);
    }
    this.reopen();
  }

  /** Opens the file anew, after it has been moved away. Goes on with the old one if that fails. */
  reopen(): void {
    if (this.#closed) return;
    this.#reopenWanted = this.#inFlight;
    if (this.#inFlight) return;
    const old = this.#fd;
    try {
      this.#fd = this.#open();
      closeSync(old);
    } catch (error) {
      this.#options.onError((error as Error).message);
    }
  }

  /** Writes what waits, now. For the end of the process. */
  flushSync(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    const batch = this.#take();
    try {
      for (let at = 0; at < batch.length;) at += writeSync(this.#fd, batch, at);
    } catch (error) {
      this.#noteResult(error as Error);
    }
  }

  /** Resolves when everything written so far is with the system. */
  async idle(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Waits for what is on its way, writes the rest and closes the file. */
  async close(): Promise<void> {
    await this.idle();
    if (this.#closed) return;
    this.flushSync();
    this.#closed = true;
    closeSync(this.#fd);
  }
}

/** The number of the file that has this name now; undefined when none has. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
