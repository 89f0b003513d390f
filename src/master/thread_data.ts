/**
 * What worker threads are given when they start, and the memory in it that the main thread shares.
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newTurnstile, openJobCache } from "../cache/mod.ts";
import { sharedTable } from "../channel/shared_set.ts";
import type { MasterOpts } from "../config/mod.ts";
import { atomicWrite } from "../fs/mod.ts";
import { getLogger, lowestWanted } from "../logging/mod.ts";
import { writeLocalKeys } from "./local_keys.ts";
import type { WorkerData } from "./worker_thread.ts";

const log = getLogger("saltx.master");

/** Who is there, as all threads see it. */
export type SharedMemory = Pick<
  WorkerData,
  "present" | "lost" | "signedIn" | "elsewhere" | "subscribers"
>;

/** New memory, empty. */
export function sharedMemory(opts: Pick<MasterOpts, "cluster">): SharedMemory {
  return {
    present: sharedTable(1 << 17),
    lost: sharedTable(1 << 14),
    signedIn: sharedTable(1 << 17),
    elsewhere: opts.cluster ? sharedTable(1 << 17) : null,
    subscribers: new SharedArrayBuffer(4),
  };
}

/** What all workers are given; the secrets in it are read or made. */
export async function workerData(
  opts: MasterOpts,
  parts: SharedMemory & Pick<WorkerData, "masterKeys" | "fleetKey" | "publishPort" | "startedAt">,
): Promise<WorkerData> {
  // Made before the workers open it, so that they do not race for its schema.
  openJobCache(opts).close();
  return {
    opts,
    ...parts,
    sessionSecret: await sessionSecret(join(opts.cachedir, ".session_secret")),
    localKeys: await writeLocalKeys(opts.cachedir, {
      master: opts.user,
      patterns: Object.keys(opts.publisher_acl),
      verify: opts.client_acl_verify,
    }),
    replays: sharedTable(),
    turnstile: newTurnstile(),
    logLevelNo: lowestWanted(),
  };
}

/** The secret outlives the process: sessions go on after a restart of the master. */
async function sessionSecret(path: string): Promise<Uint8Array> {
  try {
    const secret = readFileSync(path);
    if (secret.length === 32) return new Uint8Array(secret);
    log.warning(`${path} is not 32 bytes long; minions sign in again with a new one`);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
  const secret = randomBytes(32);
  await atomicWrite(path, secret, { mode: 0o600 });
  return new Uint8Array(secret);
}
