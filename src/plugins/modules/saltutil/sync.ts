/** Bringing custom code from the master. (`salt/modules/saltutil.py:_sync`) @module */
import { readFile } from "node:fs/promises";
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, type ExecutionFunction, fn } from "../../../loader/types.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { listedNames, splitNames, syncForm, type SyncSource } from "../../extmods/sync.ts";

const saltenv = {
  type: "any",
  default: null,
  doc: "Environments: one, several with commas, or a list; the option `saltenv`, or `base`, when " +
    "left out.",
} as const;
const refresh = (value: boolean) =>
  ({ type: "bool", default: value, doc: "Load anew what the code is for." }) as const;
const lists = {
  extmod_whitelist: { type: "any", default: null, doc: "Only these names, with commas." },
  extmod_blacklist: { type: "any", default: null, doc: "Not these names, with commas." },
} as const;
const cleanPillarCache = {
  type: "bool",
  default: false,
  doc: "Has the master forget what it has compiled.",
} as const;

interface SyncArgs {
  saltenv: Data;
  extmod_whitelist: Data;
  extmod_blacklist: Data;
}

/** What is loaded anew after a kind was brought. */
type Refresh = "modules" | "pillar" | "beacons" | "none";

interface Kind {
  form: string;
  after: Refresh;
  /** Whether it is loaded anew unless the caller says otherwise. */
  refresh?: boolean;
  /** Only a minion without a master has use for it. */
  localOnly?: string;
}

/** By the function's name after `sync_`. */
const KINDS: Readonly<Record<string, Kind>> = {
  beacons: { form: "beacons", after: "beacons" },
  clouds: { form: "clouds", after: "modules" },
  engines: { form: "engines", after: "modules", refresh: false },
  executors: { form: "executors", after: "modules" },
  grains: { form: "grains", after: "pillar" },
  log_handlers: { form: "log_handlers", after: "modules" },
  matchers: { form: "matchers", after: "modules", refresh: false },
  modules: { form: "modules", after: "modules" },
  output: { form: "output", after: "modules" },
  pillar: { form: "pillar", after: "pillar", localOnly: "Pillar" },
  proxymodules: { form: "proxy", after: "modules", refresh: false },
  renderers: { form: "renderers", after: "modules" },
  returners: { form: "returners", after: "modules" },
  sdb: { form: "sdb", after: "none" },
  serializers: { form: "serializers", after: "modules" },
  states: { form: "states", after: "modules" },
  thorium: { form: "thorium", after: "modules", refresh: false },
  tops: { form: "tops", after: "none", localOnly: "Master top" },
  utils: { form: "utils", after: "modules" },
  wrapper: { form: "wrapper", after: "modules", localOnly: "Wrapper" },
};

/** What `sync_all` brings, in Salt's order. */
const ALL = [
  ...[
    "clouds",
    "beacons",
    "modules",
    "states",
    "sdb",
    "grains",
    "renderers",
    "returners",
    "output",
  ],
  ...["utils", "log_handlers", "executors", "proxymodules", "engines", "thorium", "serializers"],
  "matchers",
];

function isLocal(ctx: ExecContext): boolean {
  return ctx.opts.file_client === "local";
}

/** The file server as this minion reaches it. */
function sourceOf(ctx: ExecContext): SyncSource {
  return {
    async list(saltenv, prefix) {
      const paths = await ctx.salt("cp.list_master", [saltenv, prefix]);
      return Array.isArray(paths) ? paths.map(String) : [];
    },
    async read(path, saltenv) {
      const cached = await ctx.salt("cp.cache_file", [`salt://${path}`, saltenv]);
      if (typeof cached === "string" && cached !== "") return await readFile(cached);
      throw new Error(`salt://${path} of environment ${saltenv} could not be fetched`);
    },
  };
}

function environments(ctx: ExecContext, given: Data): string[] {
  if (given !== null && given !== "") return splitNames(given);
  return [typeof ctx.opts.saltenv === "string" ? ctx.opts.saltenv : "base"];
}

async function bring(ctx: ExecContext, name: string, args: SyncArgs): Promise<string[]> {
  const { form, localOnly } = KINDS[name]!;
  if (localOnly && !isLocal(ctx)) {
    throw new CommandExecutionError(
      `${localOnly} modules can only be synced to masterless minions`,
    );
  }
  const { opts } = ctx;
  const listed = (given: Data, option: string) =>
    listedNames(given ?? opts[option] as Data | undefined, form);
  const { changed } = await syncForm({
    form,
    root: opts.extension_modules,
    saltenvs: environments(ctx, args.saltenv),
    whitelist: listed(args.extmod_whitelist, "extmod_whitelist"),
    blacklist: listed(args.extmod_blacklist, "extmod_blacklist") ?? [],
    clean: opts.clean_dynamic_modules !== false,
  }, sourceOf(ctx));
  return changed;
}

async function loadAnew(ctx: ExecContext, what: Refresh, cleanCache = false): Promise<void> {
  if (what === "modules") await ctx.minion.refreshModules();
  else if (what === "beacons") await ctx.minion.fireLocal("beacons_refresh", {});
  else if (what === "pillar") {
    await ctx.minion.refreshGrains("never");
    await ctx.minion.refreshPillar(cleanCache);
  }
}

function syncFunction(name: string, kind: Kind): ExecutionFunction {
  const own = kind.form === "pillar" || kind.form === "grains"
    ? { clean_pillar_cache: cleanPillarCache }
    : {};
  const withRefresh = kind.form === "sdb" ? {} : { refresh: refresh(kind.refresh ?? true) };
  return fn({
    doc: `Brings custom code from \`salt://_${kind.form}\`, and returns the names of what is new ` +
      "or was changed. What the file server no longer has goes.",
    args: { saltenv, ...withRefresh, ...lists, ...own },
    example: `salt '*' saltutil.sync_${name}\nsalt '*' saltutil.sync_${name} saltenv=dev`,
    async run(ctx, given) {
      const args = given as unknown as DataMap & SyncArgs;
      const changed = await bring(ctx, name, args);
      if (args["refresh"] === true) {
        await loadAnew(ctx, kind.after, args["clean_pillar_cache"] === true);
      }
      return changed;
    },
  });
}

const syncAll = fn({
  doc:
    "Brings custom code of all kinds, and returns the names of what is new or was changed, by kind.",
  args: { saltenv, refresh: refresh(true), ...lists, clean_pillar_cache: cleanPillarCache },
  example: "salt '*' saltutil.sync_all\nsalt '*' saltutil.sync_all saltenv=base,dev",
  async run(ctx, args) {
    const found: DataMap = {};
    for (const name of [...ALL, ...(isLocal(ctx) ? ["pillar"] : [])]) {
      found[name] = await bring(ctx, name, args);
    }
    if (args.refresh) {
      await loadAnew(ctx, "pillar", args.clean_pillar_cache);
      await loadAnew(ctx, "beacons");
    }
    return found;
  },
});

/** Functions that bring custom code. */
export const syncFunctions: Record<string, ExecutionFunction> = {
  ...Object.fromEntries(
    Object.entries(KINDS).map(([name, kind]) => [`sync_${name}`, syncFunction(name, kind)]),
  ),
  sync_all: syncAll,
};
