/** Custom code of the master itself. (`salt/runners/saltutil.py`) @module */
import { readFile } from "node:fs/promises";
import {
  type RunnerContext,
  runnerFn,
  type RunnerFunction,
  runnerModule,
} from "../../loader/runner_types.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { listedNames, splitNames, syncForm, type SyncSource } from "../extmods/sync.ts";
import { FileServers, openBackends } from "../fileserver/mod.ts";

const args = {
  saltenv: { type: "any", default: "base", doc: "Environments: one, or several with commas." },
  extmod_whitelist: { type: "any", default: null, doc: "Only these names, with commas." },
  extmod_blacklist: { type: "any", default: null, doc: "Not these names, with commas." },
} as const;

interface SyncArgs {
  saltenv: Data;
  extmod_whitelist: Data;
  extmod_blacklist: Data;
}

/** By the function's name after `sync_`: the folder `salt://_<form>`, in the order of `sync_all`. */
const FORMS: Readonly<Record<string, string>> = {
  clouds: "clouds",
  modules: "modules",
  states: "states",
  grains: "grains",
  renderers: "renderers",
  returners: "returners",
  output: "output",
  proxymodules: "proxy",
  runners: "runners",
  wheel: "wheel",
  engines: "engines",
  thorium: "thorium",
  queues: "queues",
  pillar: "pillar",
  utils: "utils",
  sdb: "sdb",
  cache: "cache",
  fileserver: "fileserver",
  tops: "tops",
  eauth_tokens: "tokens",
  serializers: "serializers",
  executors: "executors",
  roster: "roster",
};

/** The master's own files. */
function sourceOf(ctx: RunnerContext): SyncSource {
  const server = new FileServers(openBackends(ctx.opts));
  return {
    list: (saltenv, prefix) =>
      Promise.resolve(server.lists(saltenv).files.filter((path) => path.startsWith(prefix))),
    async read(path, saltenv) {
      const found = server.find(path, saltenv);
      if (!found) throw new Error(`salt://${path} of environment ${saltenv} is not there`);
      return await readFile(found.path);
    },
  };
}

async function bring(ctx: RunnerContext, form: string, given: SyncArgs): Promise<string[]> {
  const { opts } = ctx;
  const listed = (value: Data, option: string) =>
    listedNames(value ?? opts[option as "extmod_whitelist"] as Data | undefined, form);
  const { changed } = await syncForm({
    form,
    root: opts.extension_modules,
    saltenvs: splitNames(given.saltenv),
    whitelist: listed(given.extmod_whitelist, "extmod_whitelist"),
    blacklist: listed(given.extmod_blacklist, "extmod_blacklist") ?? [],
    clean: opts.clean_dynamic_modules !== false,
  }, sourceOf(ctx));
  return changed;
}

function syncFunction(name: string, form: string): RunnerFunction {
  return runnerFn({
    doc:
      `Brings custom code from \`salt://_${form}\` into the master's \`extension_modules\`, and ` +
      "gives the names of what is new or was changed.",
    args,
    example: `salt-run saltutil.sync_${name}`,
    run: (ctx, given) => bring(ctx, form, given),
  });
}

/** The runner `saltutil`. */
export const saltutil = runnerModule({
  name: "saltutil",
  doc: "Custom code of the master itself.",
  functions: {
    ...Object.fromEntries(
      Object.entries(FORMS).map(([name, form]) => [`sync_${name}`, syncFunction(name, form)]),
    ),
    sync_all: runnerFn({
      doc: "Brings custom code of all kinds.",
      args,
      example: "salt-run saltutil.sync_all",
      run: async (ctx, given) => {
        const found: DataMap = {};
        for (const [name, form] of Object.entries(FORMS)) {
          found[name === "eauth_tokens" ? "tokens" : name] = await bring(ctx, form, given);
        }
        return found;
      },
    }),
  },
});
