/**
 * Options of a master that serves repositories.
 * @module
 */
import { join } from "node:path";
import { loadMasterConfig, type MasterOpts } from "../../src/config/mod.ts";

/** Defaults, with all folders below `root`. */
export function defaultMasterOpts(root: string, overrides: Record<string, unknown>): MasterOpts {
  return loadMasterConfig({
    configDir: "/nonexistent",
    overrides: { root_dir: root, cachedir: join(root, "cache"), ...overrides },
  });
}
