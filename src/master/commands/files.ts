/**
 * The file server as minions ask it. (`salt/fileserver/__init__.py:Fileserver`,
 * `salt/fileserver/roots.py:serve_file, file_hash`)
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import { Bulk, type BulkContent } from "../../channel/bulk_reply.ts";
import type { EncryptedCommand } from "../../channel/gate.ts";
import type { MasterOpts } from "../../config/mod.ts";
import {
  type FileLists,
  FileServers,
  type FoundFile,
  openBackends,
} from "../../plugins/fileserver/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { FileSums } from "./file_sums.ts";
import { Slots } from "./slots.ts";

const gzipApart = promisify(gzip);

/** Bytes that one request gets at most, however many it wants. */
const MAX_CHUNK = 4 << 20;

/** Bytes from which on a chunk is worth a key of its own. */
const MIN_BULK = 1 << 14;

/** Bytes from which on a chunk is packed by another thread: for less, the way there is the longer one. */
const LARGE_PACKING = 1 << 16;

/** Chunks that are packed at once, each with its memory. */
const MOST_PACKINGS = 4;

/** Lists of a saltenv are this old at most, in ms: a state run asks for them again and again. */
const LISTS_AGE = 1000;

/** The commands of the file server; none needs a token, as in Salt. */
export function fileCommands(opts: MasterOpts): Record<string, EncryptedCommand> {
  const files = new Files(opts, new FileServers(openBackends(opts)));
  const command = (run: (load: DataMap) => Reply | Promise<Reply>): EncryptedCommand => ({
    tok: false,
    heavy: true,
    aside: true,
    run,
  });
  return {
    _file_envs: command(() => files.envs()),
    _file_find: command((load) => files.find(load)),
    _file_hash: command((load) => files.hash(load)),
    _file_hash_and_stat: command((load) => files.hashAndStat(load)),
    _serve_file: command((load) => files.serve(load)),
    _file_list: command((load) => files.list(load, "files")),
    _dir_list: command((load) => files.list(load, "dirs")),
    _file_list_emptydirs: command((load) => files.list(load, "emptyDirs")),
    _symlink_list: command((load) => files.links(load)),
  };
}

type Reply = Data | Bulk;

class Files {
  readonly #opts: MasterOpts;
  readonly #server: FileServers;
  readonly #sums: FileSums;
  readonly #packings = new Slots(MOST_PACKINGS);
  readonly #lists = new Map<string, { at: number; lists: FileLists }>();

  constructor(opts: MasterOpts, server: FileServers) {
    this.#opts = opts;
    this.#server = server;
    this.#sums = new FileSums(opts.cachedir);
  }

  envs(): Data {
    return this.#server.envs();
  }

  find(load: DataMap): Data {
    const { path, saltenv } = load;
    if (typeof path !== "string") return { path: "", rel: "" };
    const hit = this.#server.findWith(path, envOf(saltenv));
    if (!hit) return { path: "", rel: "" };
    const { found, back } = hit;
    return { path: found.path, rel: found.rel, stat: found.stat, back };
  }

  hash(load: DataMap): Data | Promise<Data> {
    const found = this.#find(load);
    return found ? this.#withSum(found, (sum) => sum) : "";
  }

  hashAndStat(load: DataMap): Data | Promise<Data> {
    const found = this.#find(load);
    return found ? this.#withSum(found, (sum) => [sum, found.stat]) : ["", null];
  }

  /**
   * One chunk from byte `loc` on; the end is an empty chunk with a `dest`. Minions of saltx say how
   * much they want and that they take it in `bulk`, and are told how long the file is.
   */
  serve(load: DataMap): Reply | Promise<Reply> {
    const found = this.#find(load);
    const { loc, size, gzip } = load;
    if (!found || typeof loc !== "number" || !Number.isSafeInteger(loc) || loc < 0) {
      return { data: "", dest: "" };
    }
    const isWanted = typeof size === "number" && size > 0;
    const most = isWanted
      ? Math.min(Math.trunc(size) || 1, MAX_CHUNK)
      : this.#opts.file_buffer_size;
    const length = Math.max(1, Math.min(most, found.size - loc));
    const level = typeof gzip === "number" && gzip >= 1 && gzip <= 9 ? Math.trunc(gzip) : null;
    const part = new FilePart(found, loc, length);
    const about = { dest: found.rel, ...(isWanted ? { size: found.size } : {}) };
    if (level === null && isWanted && load["bulk"] && length >= MIN_BULK) {
      return new Bulk(about, "data", part);
    }
    const read = (): Piece => {
      const { data, version } = part.whole();
      return { data, about: isWanted ? { ...about, ...version } : about };
    };
    if (level !== null && length >= LARGE_PACKING) {
      return this.#packings.run(() => packedApart(read(), level));
    }
    const piece = read();
    if (level === null || piece.data.length === 0) return { data: piece.data, ...piece.about };
    return packed(piece, gzipSync(piece.data, { level }), level);
  }

  list(load: DataMap, kind: "files" | "dirs" | "emptyDirs"): Data {
    const prefix = prefixOf(load);
    return this.#listsOf(load)[kind].filter((path) => path.startsWith(prefix));
  }

  links(load: DataMap): Data {
    const prefix = prefixOf(load);
    const links = Object.entries(this.#listsOf(load).links);
    return Object.fromEntries(links.filter(([path]) => path.startsWith(prefix)));
  }

  #find(load: DataMap): FoundFile | null {
    const { path, saltenv } = load;
    if (typeof path !== "string") return null;
    return this.#server.find(path, envOf(saltenv));
  }

  #listsOf(load: DataMap): FileLists {
    const saltenv = envOf(load["saltenv"]);
    const kept = this.#lists.get(saltenv);
    if (kept && performance.now() - kept.at < LISTS_AGE) return kept.lists;
    this.#lists.clear();
    const lists = this.#server.lists(saltenv);
    this.#lists.set(saltenv, { at: performance.now(), lists });
    return lists;
  }

  #withSum(found: FoundFile, reply: (sum: DataMap) => Data): Data | Promise<Data> {
    const { hash_type } = this.#opts;
    const sum = this.#sums.of(found, hash_type);
    const of = (hsum: string) => reply({ hash_type, hsum });
    return typeof sum === "string" ? of(sum) : sum.then(of);
  }
}

/** Bytes of a file, and what else the reply says. */
interface Piece {
  data: Uint8Array;
  about: DataMap;
}

function packed({ about }: Piece, bytes: Uint8Array, level: number): DataMap {
  return { data: new Uint8Array(bytes), ...about, gzip: level };
}

/** Packed by another thread. */
async function packedApart(piece: Piece, level: number): Promise<DataMap> {
  if (piece.data.length === 0) return { data: piece.data, ...piece.about };
  return packed(piece, await gzipApart(piece.data, { level }), level);
}

function envOf(saltenv: Data | undefined): string {
  return typeof saltenv === "string" ? saltenv : "base";
}

/** Bytes of a file. It is opened by the first read, and closed at the end. */
class FilePart implements BulkContent {
  readonly length: number;
  readonly #found: FoundFile;
  #at: number;
  #file: number | null = null;

  constructor(found: FoundFile, at: number, length: number) {
    this.#found = found;
    this.#at = at;
    this.length = length;
  }

  read(into: Uint8Array): number {
    this.#file ??= openSync(this.#found.path, "r");
    const got = readSync(this.#file, into, 0, into.length, this.#at);
    this.#at += got;
    return got;
  }

  /** The version, if all that was read is of it. */
  end(): DataMap {
    if (this.#file === null) return {};
    try {
      const { settled, version, isStill } = this.#found;
      return settled && (isStill?.(this.#file) ?? true) ? { version } : {};
    } finally {
      closeSync(this.#file);
      this.#file = null;
    }
  }

  /** All at once, and what {@linkcode FilePart.end} has to say. */
  whole(): { data: Uint8Array; version: DataMap } {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(this.length).buffer);
    let got = 0;
    let version: DataMap = {};
    try {
      got = this.read(bytes);
    } finally {
      version = this.end();
    }
    return { data: bytes.subarray(0, got), version };
  }
}

function prefixOf(load: DataMap): string {
  const prefix = load["prefix"];
  return typeof prefix === "string" ? prefix.replace(/^\/+|\/+$/g, "") : "";
}
