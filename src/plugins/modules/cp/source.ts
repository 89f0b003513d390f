/**
 * Where the files of `salt://` come from: the master, or folders of this host where `file_client` is
 * `local`. (`salt/fileclient.py:RemoteClient, FSClient`)
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { CommandExecutionError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { RootsFileServer, type RootsSettings } from "../../fileserver/roots.ts";
import { fileHash } from "./hash.ts";

/** Kinds of lists, by the request that asks for each. */
export type ListKind = "_file_list" | "_dir_list" | "_file_list_emptydirs";

/** A file's hash, as `cp.hash_file` shows it. */
export interface FileHash extends DataMap {
  hsum: string;
  hash_type: string;
}

/** Files of saltenvs. Paths are relative, without `salt://`. */
export interface FileSource {
  envs(): Promise<Data>;
  list(kind: ListKind, saltenv: string, prefix: string): Promise<string[]>;
  links(saltenv: string, prefix: string): Promise<DataMap>;
  /** Undefined when there is no such file. */
  hash(path: string, saltenv: string): Promise<FileHash | undefined>;
  /** Salt's list form of a stat. */
  stat(path: string, saltenv: string): Promise<Data[] | null>;
  /** Bytes from `offset` on, not necessarily all; none at the end. */
  read(path: string, saltenv: string, offset: number, gzip: number | null): Promise<Uint8Array>;
}

/** Most bytes that a compressed chunk may unfold to. */
const maxChunk = 64 << 20;

class MasterSource implements FileSource {
  readonly #request: (load: DataMap) => Promise<Data>;

  constructor(request: (load: DataMap) => Promise<Data>) {
    this.#request = request;
  }

  envs(): Promise<Data> {
    return this.#request({ cmd: "_file_envs" });
  }

  async list(cmd: ListKind, saltenv: string, prefix: string): Promise<string[]> {
    const found = await this.#request({ cmd, saltenv, prefix });
    return Array.isArray(found) ? found.map(pyStr) : [];
  }

  async links(saltenv: string, prefix: string): Promise<DataMap> {
    const found = await this.#request({ cmd: "_symlink_list", saltenv, prefix });
    return isMap(found) ? found : {};
  }

  async hash(path: string, saltenv: string): Promise<FileHash | undefined> {
    const found = await this.#request({ cmd: "_file_hash", path, saltenv });
    if (!isMap(found) || typeof found["hsum"] !== "string" || found["hsum"] === "") {
      return undefined;
    }
    return { hsum: found["hsum"], hash_type: pyStr(found["hash_type"] ?? "sha256") };
  }

  async stat(path: string, saltenv: string): Promise<Data[] | null> {
    const found = await this.#request({ cmd: "_file_find", path, saltenv });
    return isMap(found) && Array.isArray(found["stat"]) ? found["stat"] : null;
  }

  async read(path: string, saltenv: string, loc: number, gzip: number | null) {
    const load: DataMap = { cmd: "_serve_file", path, saltenv, loc };
    if (gzip !== null) load["gzip"] = gzip;
    const chunk = await this.#request(load);
    if (!isMap(chunk) || chunk["data"] === undefined) {
      throw new CommandExecutionError(`The master sent no data for salt://${path}`);
    }
    const { data } = chunk;
    const bytes = data instanceof Uint8Array ? data : new TextEncoder().encode(pyStr(data));
    if (!chunk["gzip"] || bytes.length === 0) return bytes;
    const { gunzipSync } = await import("node:zlib");
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: maxChunk }));
  }
}

const localChunk = 1 << 20;

class LocalSource implements FileSource {
  readonly #server: RootsFileServer;
  readonly #hashType: string;

  constructor(settings: RootsSettings, hashType: string) {
    this.#server = new RootsFileServer(settings);
    this.#hashType = hashType;
  }

  envs(): Promise<Data> {
    return Promise.resolve(this.#server.envs());
  }

  list(kind: ListKind, saltenv: string, prefix: string): Promise<string[]> {
    const lists = this.#server.lists(saltenv);
    const all = kind === "_file_list"
      ? lists.files
      : kind === "_dir_list"
      ? lists.dirs
      : lists.emptyDirs;
    return Promise.resolve(all.filter((path) => path.startsWith(prefix)));
  }

  links(saltenv: string, prefix: string): Promise<DataMap> {
    const links = Object.entries(this.#server.lists(saltenv).links);
    return Promise.resolve(Object.fromEntries(links.filter(([path]) => path.startsWith(prefix))));
  }

  hash(path: string, saltenv: string): Promise<FileHash | undefined> {
    const found = this.#server.find(path, saltenv);
    return Promise.resolve(found && fileHash(found.path, this.#hashType) || undefined);
  }

  stat(path: string, saltenv: string): Promise<Data[] | null> {
    return Promise.resolve(this.#server.find(path, saltenv)?.stat ?? null);
  }

  read(path: string, saltenv: string, offset: number): Promise<Uint8Array> {
    const found = this.#server.find(path, saltenv);
    if (!found) throw new CommandExecutionError(`salt://${path} is gone`);
    const file = openSync(found.path, "r");
    try {
      const buffer = new Uint8Array(localChunk);
      const length = readSync(file, buffer, 0, localChunk, offset);
      return Promise.resolve(buffer.subarray(0, length));
    } finally {
      closeSync(file);
    }
  }
}

/** The source that this minion's options name. */
export function fileSource(ctx: ExecContext): FileSource {
  if (ctx.opts.file_client === "local") {
    const settings = ctx.opts as unknown as RootsSettings;
    return new LocalSource(settings, ctx.opts.hash_type);
  }
  return new MasterSource((load) => ctx.minion.request(load));
}
