/** The files that minions are served. (`salt/runners/fileserver.py`) @module */
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import type { Data } from "../../types/mod.ts";
import { type FileLists, RootsFileServer } from "../fileserver/mod.ts";

const backend = {
  type: "any",
  doc: "Only these back ends: a name, several with commas, or a list; with - in front, all others.",
} as const;
const saltenv = { type: "string", default: "base", doc: "Environment." } as const;

/** The one back end that is built in. */
const ROOTS = ["roots", "file"];

/** Whether a choice of back ends takes in the one there is. */
function chosen(wanted: Data): boolean {
  if (wanted === null || wanted === "") return true;
  const names = (Array.isArray(wanted) ? wanted : String(wanted).split(","))
    .map((name) => String(name).trim());
  const without = names.filter((name) => name.startsWith("-")).map((name) => name.slice(1));
  if (without.length === names.length) return !ROOTS.some((name) => without.includes(name));
  return ROOTS.some((name) => names.includes(name));
}

function lists(ctx: RunnerContext, args: { saltenv: string; backend: Data }): FileLists {
  if (chosen(args.backend)) return new RootsFileServer(ctx.opts).lists(args.saltenv);
  return { files: [], dirs: [], emptyDirs: [], links: {} };
}

/** The runner `fileserver`. */
export const fileserver = runnerModule({
  name: "fileserver",
  doc: "The files that minions are served.",
  functions: {
    envs: runnerFn({
      doc: "The environments.",
      args: {
        backend,
        sources: { type: "bool", default: false, doc: "Say which back end each is of." },
      },
      example: "salt-run fileserver.envs\nsalt-run fileserver.envs sources=True",
      run: (ctx, args) => {
        const envs = chosen(args.backend) ? new RootsFileServer(ctx.opts).envs() : [];
        return args.sources ? { roots: envs } : envs;
      },
    }),
    file_list: runnerFn({
      doc: "The files of an environment.",
      args: { saltenv, backend },
      example: "salt-run fileserver.file_list\nsalt-run fileserver.file_list saltenv=prod",
      run: (ctx, args) => lists(ctx, args).files,
    }),
    dir_list: runnerFn({
      doc: "The folders of an environment.",
      args: { saltenv, backend },
      example: "salt-run fileserver.dir_list",
      run: (ctx, args) => lists(ctx, args).dirs,
    }),
    empty_dir_list: runnerFn({
      doc: "The empty folders of an environment.",
      args: { saltenv, backend },
      example: "salt-run fileserver.empty_dir_list",
      run: (ctx, args) => lists(ctx, args).emptyDirs,
    }),
    symlink_list: runnerFn({
      doc: "The links of an environment, and what they lead to.",
      args: { saltenv, backend },
      example: "salt-run fileserver.symlink_list",
      run: (ctx, args) => lists(ctx, args).links,
    }),
    update: runnerFn({
      doc:
        "Fetches what back ends serve from elsewhere. Folders of this host are served as they are.",
      args: {
        backend,
        kwargs: { type: "any", keywords: true, doc: "Options of back ends that fetch." },
      },
      example: "salt-run fileserver.update",
      run: () => true,
    }),
    clear_cache: runnerFn({
      doc: "Clears what back ends have fetched. Folders of this host have no such thing.",
      args: { backend },
      example: "salt-run fileserver.clear_cache",
      run: () => "No cache was cleared",
    }),
    clear_file_list_cache: runnerFn({
      doc: "Clears kept lists of files. Lists of this host's folders are a second old at most.",
      args: { saltenv, backend },
      example: "salt-run fileserver.clear_file_list_cache",
      run: () => ({}),
    }),
  },
});
