/**
 * Grains kept on disk for a while, under `grains_cache`, where collecting them takes long.
 * (`salt/loader/__init__.py:grains`)
 * @module
 */
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MinionOpts } from "../../config/mod.ts";
import { messageOf } from "../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { packLocal, unpack } from "../../serializers/msgpack.ts";
import { type DataMap, isMap } from "../../types/mod.ts";

const log = getLogger("saltx.grains");

type CacheOpts = Pick<MinionOpts, "cachedir" | "grains_cache" | "grains_cache_expiration">;

/** Bytes of the file that are read at most. */
const MAX_FILE = 16 << 20;

function pathOf(opts: CacheOpts): string {
  return join(opts.cachedir, "grains.cache.p");
}

/** Kept grains that are good for some time yet; null where there are none, or none are to be kept. */
export function cachedGrains(opts: CacheOpts, now: number = Date.now()): DataMap | null {
  if (!opts.grains_cache) return null;
  const path = pathOf(opts);
  try {
    const { mtimeMs, size } = statSync(path);
    if ((now - mtimeMs) / 1000 > opts.grains_cache_expiration || size > MAX_FILE) return null;
    const grains = unpack(new Uint8Array(readFileSync(path)));
    return isMap(grains) && Object.keys(grains).length > 0 ? grains : null;
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") {
      log.warning(`Grains are collected anew: "${path}" cannot be read: ${messageOf(error)}`);
    }
    return null;
  }
}

/** Keeps grains, under `grains_cache`. What fails is told in the log. */
export function cacheGrains(opts: CacheOpts, grains: DataMap): void {
  if (!opts.grains_cache) return;
  try {
    ensureDir(opts.cachedir);
    atomicWriteSync(pathOf(opts), packLocal(grains), { mode: 0o600 });
  } catch (error) {
    log.error(`The grains cannot be kept: ${messageOf(error)}`);
  }
}

/** Forgets kept grains: who loads them next collects them. (`salt/modules/saltutil.py:_clear_grains_cache`) */
export function clearCachedGrains(opts: CacheOpts): void {
  if (opts.grains_cache) rmSync(pathOf(opts), { force: true });
}
