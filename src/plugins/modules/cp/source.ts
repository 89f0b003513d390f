/**
 * Where the files of `salt://` come from: the master, or this host's own back ends where `file_client`
 * is `local`. (`salt/fileclient.py:RemoteClient, FSClient`)
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { promisify } from "node:util";
import type { MinionOpts } from "../../../config/mod.ts";
import { CommandExecutionError } from "../../../errors.ts";
import type { AskOptions, ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import {
  FileServers,
  type FileServerSettings,
  openBackends,
  updateGitfs,
} from "../../fileserver/mod.ts";
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
  /** Bytes from `offset` on, not necessarily all; none at the end. Undefined when there is no file. */
  read(
    path: string,
    saltenv: string,
    offset: number,
    gzip: number | null,
  ): Promise<Chunk | undefined>;
}

/** Bytes of a file. */
export interface Chunk {
  bytes: Uint8Array;
  /** Bytes of the whole file; null where the source does not say. */
  total: number | null;
  /** Is another one once the content may be another one; null where the source does not say. */
  version: string | null;
}

/** Bytes that are asked for at a time. Real masters send their `file_buffer_size` instead. */
const wantedChunk = 2 << 20;

/** A chunk that is lost, because the master is restarted, is asked for again soon and often. */
const patience: AskOptions = { raw: true, timeoutMs: 15_000, tries: 12 };

/** Most bytes that a compressed chunk may unfold to. */
const maxChunk = 64 << 20;

class MasterSource implements FileSource {
  readonly #request: (load: DataMap, options?: AskOptions) => Promise<Data>;

  constructor(request: (load: DataMap, options?: AskOptions) => Promise<Data>) {
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
    const load: DataMap = { cmd: "_serve_file", path, saltenv, loc, size: wantedChunk, bulk: true };
    if (gzip !== null) load["gzip"] = gzip;
    const chunk = await this.#request(load, patience);
    if (!isMap(chunk) || chunk["data"] === undefined) {
      throw new CommandExecutionError(`The master sent no data for salt://${path}`);
    }
    const bytes = bytesOf(chunk["data"]);
    if (bytes.length === 0 && bytesOf(chunk["dest"] ?? "").length === 0) return undefined;
    const { size } = chunk;
    const total = typeof size === "number" && size >= 0 ? size : null;
    const version = chunk["version"] === undefined ? null : textOf(chunk["version"]);
    if (!chunk["gzip"] || bytes.length === 0) return { bytes, total, version };
    const { gunzip } = await import("node:zlib");
    const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: maxChunk });
    return { bytes: unpacked, total, version };
  }
}

function textOf(value: Data): string {
  return new TextDecoder().decode(bytesOf(value));
}

/** Bytes of what may have been taken for text. */
function bytesOf(value: Data): Uint8Array {
  return value instanceof Uint8Array ? value : new TextEncoder().encode(pyStr(value));
}

const localChunk = 1 << 20;

class LocalSource implements FileSource {
  readonly #server: FileServers;
  readonly #opts: MinionOpts;
  #fetching: Promise<unknown> = Promise.resolve();
  #fetched = -Infinity;

  /** @throws SaltConfigurationError for bad settings of a back end. */
  constructor(opts: MinionOpts) {
    this.#opts = opts;
    this.#server = new FileServers(openBackends(settingsOf(opts)));
  }

  /** The files, with repositories fetched as nobody else does here. */
  async #files(): Promise<FileServers> {
    const isFetched = this.#server.backends.some(({ name }) => name === "gitfs");
    const interval = this.#opts.gitfs_update_interval * 1000;
    if (isFetched && performance.now() - this.#fetched > interval) {
      this.#fetched = performance.now();
      this.#fetching = updateGitfs(settingsOf(this.#opts));
    }
    await this.#fetching;
    return this.#server;
  }

  async envs(): Promise<Data> {
    return (await this.#files()).envs();
  }

  async list(kind: ListKind, saltenv: string, prefix: string): Promise<string[]> {
    const lists = (await this.#files()).lists(saltenv);
    const all = kind === "_file_list"
      ? lists.files
      : kind === "_dir_list"
      ? lists.dirs
      : lists.emptyDirs;
    return all.filter((path) => path.startsWith(prefix));
  }

  async links(saltenv: string, prefix: string): Promise<DataMap> {
    const links = Object.entries((await this.#files()).lists(saltenv).links);
    return Object.fromEntries(links.filter(([path]) => path.startsWith(prefix)));
  }

  async hash(path: string, saltenv: string): Promise<FileHash | undefined> {
    const found = (await this.#files()).find(path, saltenv);
    return found && fileHash(found.path, this.#opts.hash_type) || undefined;
  }

  async stat(path: string, saltenv: string): Promise<Data[] | null> {
    return (await this.#files()).find(path, saltenv)?.stat ?? null;
  }

  async read(path: string, saltenv: string, offset: number): Promise<Chunk | undefined> {
    const found = (await this.#files()).find(path, saltenv);
    if (!found) return undefined;
    const file = openSync(found.path, "r");
    try {
      const buffer = new Uint8Array(localChunk);
      const length = readSync(file, buffer, 0, localChunk, offset);
      return { bytes: buffer.subarray(0, length), total: null, version: null };
    } finally {
      closeSync(file);
    }
  }
}

function settingsOf(opts: MinionOpts): FileServerSettings {
  return opts as unknown as FileServerSettings;
}

/** Sources of options in use. */
const localSources = new WeakMap<MinionOpts, LocalSource>();

/**
 * The source that this minion's options name.
 * @throws SaltConfigurationError when they describe a back end wrongly.
 */
export function fileSource(ctx: ExecContext): FileSource {
  if (ctx.opts.file_client === "local") {
    const source = localSources.get(ctx.opts) ?? new LocalSource(ctx.opts);
    localSources.set(ctx.opts, source);
    return source;
  }
  return new MasterSource((load, options) => ctx.minion.request(load, options));
}
