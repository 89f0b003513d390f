/**
 * Where the buses are. (`salt/utils/event.py:SaltEvent.__load_uri`)
 * @module
 */
import { join } from "node:path";
import { ipcEndpoint } from "../transport/zeromq/endpoints.ts";
import type { BusAddress } from "./types.ts";

/** Both endpoints of a bus; `files` are the socket files of ipc endpoints. */
export interface BusEndpoints {
  pub: string;
  pull: string;
  files: { pub: string; pull: string } | null;
}

/** The part of a minion bus's file names that stands for its id: 10 hex digits. */
export function minionIdHash(id: string, hashType = "sha256"): string {
  // Loaded here: who talks to a master's bus needs none.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash(hashType).update(id).digest("hex").slice(0, 10);
}

/** @throws {SaltConfigurationError} when sock_dir makes a path too long. */
export function busEndpoints(address: BusAddress): BusEndpoints {
  if ("pubPort" in address) {
    return {
      pub: `tcp://127.0.0.1:${address.pubPort}`,
      pull: `tcp://127.0.0.1:${address.pullPort}`,
      files: null,
    };
  }
  const stem = address.node === "master" ? "master_event" : `minion_event_${address.idHash}`;
  const pub = join(address.sockDir, `${stem}_pub.ipc`);
  const pull = join(address.sockDir, `${stem}_pull.ipc`);
  return { pub: ipcEndpoint(pub), pull: ipcEndpoint(pull), files: { pub, pull } };
}
