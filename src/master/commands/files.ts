/**
 * The file server as minions ask it. (`salt/fileserver/__init__.py:Fileserver`,
 * `salt/fileserver/roots.py:serve_file, file_hash`)
 * @module
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { EncryptedCommand } from "../../channel/gate.ts";
import type { MasterOpts } from "../../config/mod.ts";
import { type FileServer, type FoundFile, RootsFileServer } from "../../plugins/fileserver/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";

/** File sums kept; beyond it the memory starts anew. */
const MAX_SUMS = 50_000;

/** Bytes read at a time for a sum. */
const SUM_CHUNK = 1 << 20;

/** Lists of a saltenv are this old at most, in ms: a state run asks for them again and again. */
const LISTS_AGE = 1000;

/** The commands of the file server; none needs a token, as in Salt. */
export function fileCommands(opts: MasterOpts): Record<string, EncryptedCommand> {
  const files = new Files(opts, new RootsFileServer(opts));
  const command = (run: (load: DataMap) => Data): EncryptedCommand => ({ tok: false, run });
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

class Files {
  readonly #opts: MasterOpts;
  readonly #server: FileServer;
  readonly #sums = new Map<string, { version: string; sum: string }>();
  readonly #lists = new Map<string, { at: number; lists: ReturnType<FileServer["lists"]> }>();
  /** One buffer for all chunks of this worker: what is sent is encrypted, and so copied, at once. */
  #buffer = new Uint8Array(0);

  constructor(opts: MasterOpts, server: FileServer) {
    this.#opts = opts;
    this.#server = server;
  }

  envs(): Data {
    return this.#server.envs();
  }

  find(load: DataMap): Data {
    const found = this.#find(load);
    return found
      ? { path: found.path, rel: found.rel, stat: found.stat, back: "roots" }
      : { path: "", rel: "" };
  }

  hash(load: DataMap): Data {
    const found = this.#find(load);
    return found ? this.#sum(found) : "";
  }

  hashAndStat(load: DataMap): Data {
    const found = this.#find(load);
    return found ? [this.#sum(found), found.stat] : ["", null];
  }

  /** One chunk from byte `loc` on; the end is an empty chunk with a `dest`. */
  serve(load: DataMap): Data {
    const found = this.#find(load);
    const loc = load["loc"];
    if (!found || typeof loc !== "number" || !Number.isSafeInteger(loc) || loc < 0) {
      return { data: "", dest: "" };
    }
    const data = this.#read(found.path, loc);
    const gzip = load["gzip"];
    if (typeof gzip !== "number" || gzip < 1 || gzip > 9 || data.length === 0) {
      return { data, dest: found.rel };
    }
    return { data: new Uint8Array(gzipSync(data, { level: gzip })), dest: found.rel, gzip };
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
    return this.#server.find(path, typeof saltenv === "string" ? saltenv : "base");
  }

  #listsOf(load: DataMap): ReturnType<FileServer["lists"]> {
    const saltenv = typeof load["saltenv"] === "string" ? load["saltenv"] : "base";
    const kept = this.#lists.get(saltenv);
    if (kept && performance.now() - kept.at < LISTS_AGE) return kept.lists;
    this.#lists.clear();
    const lists = this.#server.lists(saltenv);
    this.#lists.set(saltenv, { at: performance.now(), lists });
    return lists;
  }

  #read(path: string, loc: number): Uint8Array {
    const size = Math.max(1, this.#opts.file_buffer_size);
    if (this.#buffer.length !== size) this.#buffer = new Uint8Array(size);
    const file = openSync(path, "r");
    try {
      return this.#buffer.subarray(0, readSync(file, this.#buffer, 0, size, loc));
    } finally {
      closeSync(file);
    }
  }

  #sum(found: FoundFile): { hash_type: string; hsum: string } {
    const hash_type = this.#opts.hash_type;
    const kept = this.#sums.get(found.path);
    if (kept?.version === found.version) return { hash_type, hsum: kept.sum };
    const hsum = sumOf(found.path, hash_type);
    if (this.#sums.size >= MAX_SUMS) this.#sums.clear();
    this.#sums.set(found.path, { version: found.version, sum: hsum });
    return { hash_type, hsum };
  }
}

function sumOf(path: string, hashType: string): string {
  const hash = createHash(hashType);
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(SUM_CHUNK);
    for (let n = 0; (n = readSync(file, buffer, 0, SUM_CHUNK, null)) > 0;) {
      hash.update(buffer.subarray(0, n));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

function prefixOf(load: DataMap): string {
  const prefix = load["prefix"];
  return typeof prefix === "string" ? prefix.replace(/^\/+|\/+$/g, "") : "";
}
