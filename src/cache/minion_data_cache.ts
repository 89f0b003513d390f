/**
 * What a master remembers of minions: their grains and pillar, for targeting and `manage.*`.
 * @module
 */
import type { DataMap, MinionId } from "../types/mod.ts";

/** What is known of one minion. */
export interface MinionData {
  grains: DataMap;
  pillar: DataMap;
  /** Seconds since 1970 of the last change. */
  updated: number;
}

/** Names of grains and of pillar values, the outermost alone. */
export interface DataKeys {
  grains: readonly string[];
  pillar: readonly string[];
}

/** A store of minion data, safe to use from many threads and processes, each with its own instance. */
export interface MinionDataCache {
  setGrains(id: MinionId, grains: DataMap): void;
  setPillar(id: MinionId, pillar: DataMap): void;
  grains(id: string): DataMap | null;
  pillar(id: string): DataMap | null;
  data(id: string): MinionData | null;
  /**
   * For looking at many minions: what gives, of one after the other, at least the values under these
   * keys as they are now. Null keys: all of them.
   */
  view(keys: DataKeys | null): (id: string) => Pick<MinionData, "grains" | "pillar"> | null;
  /** Ids with data, sorted. */
  ids(): MinionId[];
  /** One minion after the other, by id; reads them as they are asked for. */
  all(): IterableIterator<[MinionId, MinionData]>;
  /** Removes data of these minions. Returns of how many there was any. */
  forget(ids: readonly string[]): number;
  close(): void;
}

/** Options of {@linkcode openMinionDataCache}. */
export interface MinionDataCacheOptions {
  cachedir: string;
  /** The master's option of that name: `sqlite` when absent. */
  cache?: string;
  busyTimeout?: number;
  now?: () => number;
}
