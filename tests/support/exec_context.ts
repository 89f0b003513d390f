/**
 * A context for calling execution functions in tests: the real registry, options of a fresh minion.
 * @module
 */
import { loadMinionConfig, type MinionOpts } from "../../src/config/mod.ts";
import { type ContextOptions, createContext, type ExecContext } from "../../src/loader/mod.ts";
import { createRegistry } from "../../src/loader/registry.ts";
import type { ExecutionModule } from "../../src/loader/types.ts";
import { buildRegistry, executionModules } from "../../src/plugins/modules/mod.ts";
import type { DataMap, Jid, PublishLoad } from "../../src/types/mod.ts";

/** What a test wants otherwise than usual. */
export interface TestContextOptions extends Partial<Omit<ContextOptions, "opts" | "registry">> {
  opts?: Record<string, unknown>;
  /** Modules that load here whether the machine suits them or not, and serve their name alone. */
  modules?: readonly ExecutionModule[];
}

/** Options of a minion `tester` whose files are all below `root_dir`, or nowhere. */
export function testOpts(overrides: Record<string, unknown> = {}): MinionOpts {
  const { conf_file: configFile } = overrides;
  return loadMinionConfig({
    ...(typeof configFile === "string" ? { configFile } : { configDir: "/nonexistent" }),
    overrides: { id: "tester", file_client: "local", ...overrides },
  });
}

/** A context with all built-in modules. */
export async function testContext(options: TestContextOptions = {}): Promise<ExecContext> {
  const opts = testOpts(options.opts);
  const grains: DataMap = options.grains ?? { id: "tester", os: "Debian", os_family: "Debian" };
  const registry = options.modules
    ? await createRegistry(withModules(options.modules), { opts, grains })
    : await buildRegistry({ opts, grains });
  return createContext({ ...options, opts, grains, registry });
}

function withModules(modules: readonly ExecutionModule[]): ExecutionModule[] {
  const called = (module: ExecutionModule) => module.virtualname ?? module.name;
  const names = modules.map(called);
  const others = executionModules.filter((module) => !names.includes(called(module)));
  return [...modules.map(({ virtual: _, ...module }) => module), ...others];
}

/** The publication of a job, as a minion gets it. */
export function testJob(fun: string | string[], arg: PublishLoad["arg"] = []): PublishLoad {
  return {
    fun,
    arg,
    tgt: "*",
    tgt_type: "glob",
    jid: "20260101000000000000" as Jid,
    ret: "",
    user: "root",
  };
}
