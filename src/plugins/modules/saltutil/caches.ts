/** What the minion keeps on disk. (`salt/modules/saltutil.py`) @module */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, SaltReqTimeoutError } from "../../../errors.ts";
import { listFolder } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";

/** Removes cached returns older than some hours. */
function clearJobCache(ctx: ExecContext, hours: number): boolean {
  const root = join(ctx.opts.cachedir, "minion_jobs");
  const threshold = Date.now() - hours * 3_600_000;
  for (const name of listFolder(root)) {
    const path = join(root, name);
    if (statSync(path).mtimeMs < threshold) rmSync(path, { recursive: true, force: true });
  }
  return true;
}

/** What the cache folder holds that is more than a cache. */
const kept = new Set(["proc", "journal", "extmods"]);

function clearCache(ctx: ExecContext): boolean {
  for (const name of ["files", "localfiles", "extrn_files", "minion_jobs", "accumulator"]) {
    rmSync(join(ctx.opts.cachedir, name), { recursive: true, force: true });
  }
  for (const name of listFolder(ctx.opts.cachedir)) {
    if (!kept.has(name) && name.endsWith(".cache.p")) rmSync(join(ctx.opts.cachedir, name));
  }
  return true;
}

async function revokeAuth(ctx: ExecContext, preserve: boolean): Promise<boolean> {
  try {
    await ctx.minion.request({
      cmd: "revoke_auth",
      id: ctx.id,
      preserve_minion_cache: preserve,
    });
    return true;
  } catch (error) {
    if (error instanceof SaltReqTimeoutError) return false;
    throw error;
  }
}

/** Functions about caches and keys. */
export const cacheFunctions = {
  clear_cache: fn({
    doc: "Removes cached files, templates and job results of the minion.",
    args: {},
    example: "salt '*' saltutil.clear_cache",
    run: (ctx) => clearCache(ctx),
  }),
  clear_job_cache: fn({
    doc: "Removes cached job results that are older than some hours.",
    args: { hours: { type: "float", default: 24, doc: "How old they may be." } },
    example: "salt '*' saltutil.clear_job_cache hours=12",
    run: (ctx, { hours }) => clearJobCache(ctx, hours),
  }),
  list_extmods: fn({
    doc: "Lists custom modules that were synced to this minion, by kind.",
    args: {},
    example: "salt '*' saltutil.list_extmods",
    run(ctx) {
      const root = join(ctx.opts.cachedir, "extmods");
      const kinds = listFolder(root);
      if (kinds.length === 0) return {};
      return Object.fromEntries(
        kinds.map((kind) => [
          kind,
          listFolder(join(root, kind)).map((file) => file.split(".")[0]!),
        ]),
      );
    },
  }),
  regen_keys: fn({
    doc: "Removes the minion's keys, so that it makes new ones at its next start.",
    args: {},
    example: "salt '*' saltutil.regen_keys",
    run(ctx) {
      for (const name of listFolder(ctx.opts.pki_dir)) {
        const path = join(ctx.opts.pki_dir, name);
        if (!statSync(path).isFile()) continue;
        try {
          rmSync(path);
        } catch (error) {
          throw new CommandExecutionError(`Cannot remove "${path}"`, { cause: error });
        }
      }
      return null;
    },
  }),
  revoke_auth: fn({
    doc: "Has the master forget this minion's key. It must be accepted again.",
    args: {
      preserve_minion_cache: {
        type: "bool",
        default: false,
        doc: "Has the master keep what it has cached of this minion.",
      },
    },
    example: "salt '*' saltutil.revoke_auth",
    run: (ctx, args) => revokeAuth(ctx, args.preserve_minion_cache),
  }),
};
