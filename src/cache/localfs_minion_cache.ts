/**
 * Data of minions in Salt's files (`cache: localfs`): `<cachedir>/minions/<id>/data.p` holds grains and
 * pillar, `mine.p` the mine, each a msgpack map. Real Salt masters and tools read and write the same.
 * (`salt/cache/localfs.py`, `salt/master.py:AESFuncs._pillar`, `salt/daemons/masterapi.py:_mine`)
 * @module
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SaltException } from "../errors.ts";
import { atomicWriteSync, ensureDir, fileError } from "../fs/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import { type Data, type DataMap, isMap, type MinionId } from "../types/mod.ts";
import type { MinionData, MinionDataCache } from "./minion_data_cache.ts";
import type { MineStore, MineStoreOptions } from "./mine_store.ts";
import { StoreError } from "./sqlite_error.ts";

const log = getLogger("saltx.cache");

/** Bytes of a file that are read at most. */
const MAX_FILE = 64 * 1024 * 1024;

/** The bank of all minions, a folder for each. */
class Banks {
  readonly #folder: string;

  constructor(cachedir: string) {
    this.#folder = join(cachedir, "minions");
  }

  read(id: string, key: "data" | "mine"): DataMap | null {
    if (!isValidMinionId(id)) return null;
    const path = this.#path(id, key);
    try {
      if (statSync(path).size > MAX_FILE) throw new SaltException(`it has over ${MAX_FILE} bytes`);
      const value = unpack(readFileSync(path));
      return isMap(value) ? value : null;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ENOENT" || code === "ENOTDIR") return null;
      log.error(`"${path}" is passed over: ${messageOf(error)}`);
      return null;
    }
  }

  write(id: string, key: "data" | "mine", value: DataMap): void {
    if (!isValidMinionId(id)) throw new StoreError(`"${id}" is not a minion id`, "other");
    const path = this.#path(id, key);
    try {
      ensureDir(join(this.#folder, id), 0o700);
      atomicWriteSync(path, packLocal(value), { mode: 0o600 });
    } catch (error) {
      const full = (error as { code?: string }).code === "ENOSPC";
      throw new StoreError(messageOf(fileError("write", path, error)), full ? "full" : "io", error);
    }
  }

  /** Seconds since 1970 of the last change. */
  updated(id: string): number {
    return (statSync(this.#path(id, "data"), { throwIfNoEntry: false })?.mtimeMs ?? 0) / 1000;
  }

  remove(id: string, key?: "data" | "mine"): boolean {
    if (!isValidMinionId(id)) return false;
    const path = key === undefined ? join(this.#folder, id) : this.#path(id, key);
    if (!statSync(path, { throwIfNoEntry: false })) return false;
    rmSync(path, { recursive: true, force: true });
    return true;
  }

  ids(): MinionId[] {
    try {
      return readdirSync(this.#folder).filter(isValidMinionId).sort() as MinionId[];
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return [];
      throw fileError("list", this.#folder, error);
    }
  }

  #path(id: string, key: string): string {
    return join(this.#folder, id, `${key}.p`);
  }
}

/** {@linkcode MinionDataCache} over Salt's files. */
export class LocalfsMinionDataCache implements MinionDataCache {
  readonly #banks: Banks;

  constructor(cachedir: string) {
    this.#banks = new Banks(cachedir);
  }

  setGrains(id: MinionId, grains: DataMap): void {
    this.#banks.write(id, "data", { ...this.#banks.read(id, "data"), grains });
  }

  setPillar(id: MinionId, pillar: DataMap): void {
    this.#banks.write(id, "data", { ...this.#banks.read(id, "data"), pillar });
  }

  grains(id: string): DataMap | null {
    return this.#part(id, "grains");
  }

  pillar(id: string): DataMap | null {
    return this.#part(id, "pillar");
  }

  data(id: string): MinionData | null {
    const data = this.#banks.read(id, "data");
    if (data === null) return null;
    const { grains, pillar } = data;
    return {
      grains: isMap(grains) ? grains : {},
      pillar: isMap(pillar) ? pillar : {},
      updated: this.#banks.updated(id),
    };
  }

  /** Salt's files may change behind our back at any time: each is read. */
  view(): (id: string) => MinionData | null {
    return (id) => this.data(id);
  }

  ids(): MinionId[] {
    return this.#banks.ids().filter((id) => this.#banks.read(id, "data") !== null);
  }

  *all(): IterableIterator<[MinionId, MinionData]> {
    for (const id of this.#banks.ids()) {
      const data = this.data(id);
      if (data) yield [id, data];
    }
  }

  forget(ids: readonly string[]): number {
    return ids.filter((id) => this.#banks.remove(id, "data")).length;
  }

  close(): void {}

  #part(id: string, name: "grains" | "pillar"): DataMap | null {
    const part = this.#banks.read(id, "data")?.[name];
    return isMap(part) ? part : null;
  }
}

/** {@linkcode MineStore} over Salt's files. */
export class LocalfsMineStore implements MineStore {
  readonly #banks: Banks;
  readonly #maxValues: number;
  readonly #maxBytes: number;

  constructor(options: MineStoreOptions) {
    this.#banks = new Banks(options.cachedir);
    this.#maxValues = options.maxValues ?? 1000;
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
  }

  set(id: string, values: DataMap, clear: boolean): boolean {
    const all = { ...(clear ? {} : this.all(id)), ...values };
    if (Object.keys(all).length > this.#maxValues) return false;
    if (packLocal(all).length > this.#maxBytes) return false;
    this.#banks.write(id, "mine", all);
    return true;
  }

  get(id: string, fun: string): Data | undefined {
    const all = this.all(id);
    return Object.hasOwn(all, fun) ? all[fun] : undefined;
  }

  all(id: string): DataMap {
    return this.#banks.read(id, "mine") ?? {};
  }

  remove(id: string, fun: string): boolean {
    const { [fun]: value, ...rest } = this.all(id);
    if (value === undefined) return false;
    this.#banks.write(id, "mine", rest);
    return true;
  }

  flush(ids: readonly string[]): boolean {
    return ids.filter((id) => this.#banks.remove(id, "mine")).length > 0;
  }

  close(): void {}
}
