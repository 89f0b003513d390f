/**
 * The execution modules that saltx has, and the registry made of them.
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { createRegistry } from "../../loader/registry.ts";
import type { ExecutionModule, ModuleRegistry } from "../../loader/types.ts";
import type { DataMap } from "../../types/mod.ts";
import { cmd } from "./cmd/mod.ts";
import { test } from "./test.ts";

/** Every execution module, in the order in which they are asked whether they load. */
export const executionModules: readonly ExecutionModule[] = [cmd, test];

/**
 * Loads the built-in execution modules for a minion.
 * @throws LoaderError when two modules claim a name or a descriptor is not whole.
 */
export function buildRegistry(
  context: { opts: MinionOpts; grains: DataMap },
): Promise<ModuleRegistry> {
  return createRegistry(executionModules, context);
}
