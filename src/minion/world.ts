/**
 * What a minion knows of its machine and can do there: grains and modules. All its masters share it.
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { MinionOpts } from "../config/mod.ts";
import type { ModuleRegistry } from "../loader/types.ts";
import type { DataMap } from "../types/mod.ts";

/** How grains and modules are loaded. */
export interface WorldParts {
  /** `fresh` where kept ones will not do. */
  loadGrains(opts: MinionOpts, fresh: boolean): Promise<DataMap>;
  buildRegistry(context: { opts: MinionOpts; grains: DataMap }): Promise<ModuleRegistry>;
}

/** Grains and modules. They load from the start; {@linkcode World.ready} says when they are there. */
export class World {
  readonly #opts: MinionOpts;
  readonly #parts: WorldParts;
  #loading: Promise<void>;
  #grains: DataMap = {};
  #registry: ModuleRegistry | null = null;

  constructor(opts: MinionOpts, parts: WorldParts) {
    this.#opts = opts;
    this.#parts = parts;
    this.#loading = this.#load(false);
    // Whoever waits for it sees the error.
    this.#loading.catch(() => {});
  }

  /** @throws what loading rejected with: a defect of a module, or of this machine. */
  ready(): Promise<void> {
    return this.#loading;
  }

  get grains(): DataMap {
    return this.#grains;
  }

  /** Of use once ready. */
  get registry(): ModuleRegistry {
    if (!this.#registry) throw new Error("The modules are not loaded yet");
    return this.#registry;
  }

  /** Collects grains anew and loads modules with them. Whether the grains are others than before. */
  async refreshGrains(): Promise<boolean> {
    const before = this.#grains;
    await this.#load(true);
    return !isDeepStrictEqual(before, this.#grains);
  }

  /** Loads modules anew, with the grains that are known. */
  async refreshModules(): Promise<void> {
    this.#registry = await this.#parts.buildRegistry({ opts: this.#opts, grains: this.#grains });
  }

  async #load(fresh: boolean): Promise<void> {
    this.#grains = await this.#parts.loadGrains(this.#opts, fresh);
    await this.refreshModules();
  }
}
