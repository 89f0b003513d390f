/** The files that minions are served. (`salt/runners/fileserver.py`) @module */
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { globMatch } from "../../text/glob.ts";
import type { Data } from "../../types/mod.ts";
import {
  backendName,
  clearGitfs,
  type FileLists,
  FileServers,
  lockGitfs,
  type NamedBackend,
  openBackends,
  type Outcome,
  unlockGitfs,
  updateGitfs,
} from "../fileserver/mod.ts";

const backend = {
  type: "any",
  doc: "Only these back ends: a name, several with commas, or a list; with - in front, all others.",
} as const;
const saltenv = { type: "string", default: "base", doc: "Environment." } as const;

const remote = {
  type: "string",
  default: null,
  doc: "Only remotes whose address fits this glob.",
} as const;

/** The back ends of a choice, of those that `fileserver_backend` names. */
function chosen(ctx: RunnerContext, wanted: Data): NamedBackend[] {
  const all = openBackends(ctx.opts);
  if (wanted === null || wanted === "") return all;
  const words = (Array.isArray(wanted) ? wanted : String(wanted).split(","))
    .map((name) => String(name).trim());
  const names = (list: string[]) => list.map((name) => backendName(name.replace(/^-/, "")));
  const without = words.filter((name) => name.startsWith("-"));
  const takesAway = without.length === words.length;
  return all.filter(({ name }) => names(takesAway ? without : words).includes(name) !== takesAway);
}

function lists(ctx: RunnerContext, args: { saltenv: string; backend: Data }): FileLists {
  return new FileServers(chosen(ctx, args.backend)).lists(args.saltenv);
}

function hasGitfs(ctx: RunnerContext, wanted: Data): boolean {
  return chosen(ctx, wanted).some(({ name }) => name === "gitfs");
}

/** What was done, or that nothing was. */
function told({ done, errors }: Outcome, word: string, nothing: string): Data {
  if (done.length === 0 && errors.length === 0) return nothing;
  return {
    ...(done.length > 0 ? { [word]: done } : {}),
    ...(errors.length > 0 ? { errors } : {}),
  };
}

const noOutcome: Outcome = { done: [], errors: [] };

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
        const backends = chosen(ctx, args.backend);
        if (!args.sources) return new FileServers(backends).envs();
        return Object.fromEntries(backends.map(({ name, server }) => [name, server.envs()]));
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
        kwargs: { type: "any", keywords: true, doc: "`remotes`: only those whose address fits." },
      },
      example: "salt-run fileserver.update\nsalt-run fileserver.update backend=git",
      run: async (ctx, { backend, kwargs }) => {
        const wanted = kwargs["remotes"] ?? null;
        const globs = (Array.isArray(wanted) ? wanted : wanted === null ? ["*"] : [wanted]).map(
          String,
        );
        if (hasGitfs(ctx, backend)) {
          await updateGitfs(ctx.opts, ({ url }) => globs.some((glob) => globMatch(glob, url)));
        }
        return true;
      },
    }),
    lock: runnerFn({
      doc: "Keeps remotes from being fetched.",
      args: { backend, remote },
      example: "salt-run fileserver.lock gitfs remote='*example.com*'",
      run: (ctx, args) => {
        const outcome = hasGitfs(ctx, args.backend) ? lockGitfs(ctx.opts, args.remote) : noOutcome;
        return told(outcome, "locked", "No locks were set");
      },
    }),
    clear_lock: runnerFn({
      doc: "Lets locked remotes be fetched again.",
      args: { backend, remote },
      example: "salt-run fileserver.clear_lock gitfs",
      run: (ctx, args) => {
        const outcome = hasGitfs(ctx, args.backend)
          ? unlockGitfs(ctx.opts, args.remote)
          : noOutcome;
        return told(outcome, "cleared", "No locks were removed");
      },
    }),
    clear_cache: runnerFn({
      doc: "Clears what back ends have fetched. Folders of this host have no such thing.",
      args: { backend },
      example: "salt-run fileserver.clear_cache",
      run: (ctx, args) => {
        if (!hasGitfs(ctx, args.backend)) return "No cache was cleared";
        clearGitfs(ctx.opts);
        return { cleared: ["gitfs"] };
      },
    }),
    clear_file_list_cache: runnerFn({
      doc: "Clears kept lists of files. Lists of this host's folders are a second old at most.",
      args: { saltenv, backend },
      example: "salt-run fileserver.clear_file_list_cache",
      run: () => ({}),
    }),
  },
});
