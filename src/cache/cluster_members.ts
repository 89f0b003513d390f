/**
 * What a master that is in a cluster knows of the others, left in a file for runners.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { atomicWriteSync } from "../fs/mod.ts";
import { type DataMap, isMap } from "../types/mod.ts";

/** Below `cachedir`. */
const FILE = "cluster.json";

/** A master of a cluster. */
export interface ClusterMember extends DataMap {
  id: string;
  host: string;
  version: string;
  /** Whether it was heard of within the last ten seconds. */
  alive: boolean;
  /** How many minions hang on it. */
  minions: number;
}

/** A cluster as one master sees it. */
export interface ClusterView extends DataMap {
  cluster_id: string;
  /** The master that says it. */
  node_id: string;
  /** Whether it is in touch with the others now. */
  joined: boolean;
  /** By id; as last heard where it is not joined. */
  members: ClusterMember[];
}

/** @throws SaltException when it cannot be written. */
export function writeClusterView(cachedir: string, view: ClusterView): void {
  const path = join(cachedir, FILE);
  atomicWriteSync(path, JSON.stringify(view), { mode: 0o600, durable: false });
}

/** The last view and its age in s; null when there is none. */
export function readClusterView(cachedir: string): { view: ClusterView; age: number } | null {
  try {
    const path = join(cachedir, FILE);
    const view = JSON.parse(readFileSync(path, "utf8"));
    if (!isMap(view)) return null;
    return { view: view as ClusterView, age: (Date.now() - statSync(path).mtimeMs) / 1000 };
  } catch {
    return null;
  }
}
