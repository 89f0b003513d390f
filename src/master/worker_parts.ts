/**
 * What a request worker works with; one set in each worker thread.
 * @module
 */
import type { JobCache, MinionDataCache, QueueStore } from "../cache/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import type { KeyStore, MasterKeys } from "../key/mod.ts";
import type { DataMap } from "../types/mod.ts";
import type { FleetKey } from "./fleet_key.ts";
import type { PresenceCheck } from "./presence.ts";
import type { ReturnWriter } from "./return_writer.ts";
import type { Returning } from "./returning.ts";

/** Handed to every command. */
export interface WorkerParts {
  opts: MasterOpts;
  keys: KeyStore;
  masterKeys: MasterKeys;
  fleet: FleetKey;
  jobs: JobCache;
  /** Stores returns in {@linkcode WorkerParts.jobs}. */
  returns: Pick<ReturnWriter, "save">;
  minions: MinionDataCache;
  queue: QueueStore;
  /** User to local key. */
  localKeys: Readonly<Record<string, string>>;
  /** Fires on the master's bus. */
  fire(tag: string, data: DataMap): void;
  /** Hands a load and the ids it is for to the publisher. */
  send(load: DataMap, minions: string[]): Promise<void>;
  /** Asks the main thread for a new fleet key. */
  rotate(reason: string): void;
  /** Minions that hold a live subscription now. */
  subscribers(): number;
  presence: PresenceCheck;
  returning: Returning;
}
