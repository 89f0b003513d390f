/**
 * Writing ZIP files. (PKWARE APPNOTE.TXT 6.3.10)
 * @module
 */
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { Readable } from "node:stream";
import { crc32, createDeflateRaw } from "node:zlib";
import { CommandExecutionError } from "../../../errors.ts";

const largest = 0xffffffff;

/** One entry as the directory at the end has it. */
interface Written {
  name: Uint8Array;
  mode: number;
  time: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
}

/** Date and time as DOS keeps them, in local time. */
function dosTime(time: Date): number {
  const year = Math.max(0, time.getFullYear() - 1980);
  const date = (year << 9) | ((time.getMonth() + 1) << 5) | time.getDate();
  const clock = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1);
  return (date * 0x10000) + clock;
}

function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const chunk = Buffer.alloc(1 << 16);
      const count = readSync(file, chunk);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** A ZIP file that is being written. */
export class ZipWriter {
  readonly #file: number;
  readonly #entries: Written[] = [];
  #at = 0;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#at + done);
    }
    this.#at += bytes.length;
  }

  /** Adds a file or, with `/` at the end of the name, a folder. Links are followed. */
  async add(path: string, name: string): Promise<void> {
    const stat = statSync(path);
    const isFolder = stat.isDirectory();
    const entry: Written = {
      name: new TextEncoder().encode(isFolder && !name.endsWith("/") ? `${name}/` : name),
      mode: stat.mode & 0xffff,
      time: dosTime(stat.mtime),
      method: isFolder ? 0 : 8,
      crc: 0,
      packed: 0,
      size: 0,
      at: this.#at,
    };
    this.#write(header(entry));
    if (!isFolder) await this.#pack(path, entry);
    if (entry.size >= largest || this.#at >= largest) {
      throw new CommandExecutionError("The archive would be larger than 4 GiB");
    }
    writeSync(this.#file, header(entry), 0, undefined, entry.at);
    this.#entries.push(entry);
  }

  async #pack(path: string, entry: Written): Promise<void> {
    const from = this.#at;
    const counted = function* () {
      for (const chunk of chunksOf(path)) {
        entry.crc = crc32(chunk, entry.crc);
        entry.size += chunk.length;
        yield chunk;
      }
    };
    const packed = Readable.from(counted()).compose(createDeflateRaw());
    for await (const chunk of packed as AsyncIterable<Uint8Array>) this.#write(chunk);
    entry.packed = this.#at - from;
  }

  /** Writes the directory. The archive is not whole before. */
  finish(): void {
    const from = this.#at;
    for (const entry of this.#entries) this.#write(directoryEntry(entry));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.#entries.length, 8);
    end.writeUInt16LE(this.#entries.length, 10);
    end.writeUInt32LE(this.#at - from, 12);
    end.writeUInt32LE(from, 16);
    this.#write(end);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Fields that local header and directory have alike. */
function common(entry: Written): Buffer {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt16LE(0x800, 2);
  bytes.writeUInt16LE(entry.method, 4);
  bytes.writeUInt32LE(entry.time, 6);
  bytes.writeUInt32LE(entry.crc >>> 0, 10);
  bytes.writeUInt32LE(entry.packed, 14);
  bytes.writeUInt32LE(entry.size, 18);
  bytes.writeUInt16LE(entry.name.length, 22);
  return bytes;
}

function header(entry: Written): Buffer {
  const signature = Buffer.from([0x50, 0x4b, 3, 4]);
  return Buffer.concat([signature, common(entry), entry.name]);
}

function directoryEntry(entry: Written): Buffer {
  const signature = Buffer.from([0x50, 0x4b, 1, 2, 20, 3]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(((entry.mode << 16) | (entry.name.at(-1) === 47 ? 0x10 : 0)) >>> 0, 6);
  rest.writeUInt32LE(entry.at, 10);
  return Buffer.concat([signature, common(entry), rest, entry.name]);
}
