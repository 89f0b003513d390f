/** Further work trees of a repository: `git.worktree_add` … @module */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { DataMap } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { cwd, more, options, running } from "./args.ts";
import {
  expandPath,
  git,
  type GitOptions,
  gitVersion,
  linesOf,
  optionWords,
  ownKeywords,
} from "./run.ts";

const { user, password, output_encoding } = running;

/** One entry of `git worktree list --porcelain`. */
interface Worktree {
  path: string;
  head: string;
  /** Null when none is checked out. */
  branch: string | null;
}

/** Reads `git worktree list --porcelain`; entries that are not whole are left out. */
export function parseWorktrees(text: string): Worktree[] {
  return text.trim().split("\n\n").flatMap((block) => {
    const fields = new Map(
      block.split("\n").map((line) => {
        const [, key = "", value = ""] = /^(\S+)\s*(.*)$/.exec(line.trim()) ?? [];
        return [key, value] as const;
      }),
    );
    const [path, head, branch] = [fields.get("worktree"), fields.get("HEAD"), fields.get("branch")];
    if (!path || !head || (!branch && !fields.has("detached"))) return [];
    return [{ path, head, branch: branch?.replace("refs/heads/", "") ?? null }];
  });
}

async function list(
  ctx: ExecContext,
  args: GitOptions & { cwd: string; stale: boolean },
  all: boolean,
): Promise<DataMap> {
  if (all && args.stale) {
    throw new CommandExecutionError("'all' and 'stale' cannot both be set to True");
  }
  const where = { ...args, cwd: await expandPath(args.cwd, args.user ?? null) };
  const { stdout } = await git(ctx, ["worktree", "list", "--porcelain"], where);
  const found: DataMap = {};
  for (const { path, head, branch } of parseWorktrees(stdout)) {
    const stale = !statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (!all && stale !== args.stale) continue;
    const entry: DataMap = { stale, HEAD: head, detached: branch === null, branch };
    if (branch === null) {
      const tags = linesOf((await git(ctx, ["tag", "--points-at", head], where)).stdout);
      if (tags.length > 0) entry["tags"] = tags;
    }
    found[path] = entry;
  }
  return found;
}

async function isWorktree(ctx: ExecContext, args: GitOptions & { cwd: string }): Promise<boolean> {
  const place = await expandPath(args.cwd, args.user ?? null);
  if (!existsSync(place)) return false;
  const options = { ...args, cwd: place, ignore_retcode: true, soft: true };
  const { retcode, stdout } = await git(ctx, ["rev-parse", "--show-toplevel"], options);
  if (retcode !== 0) return false;
  try {
    const [, path] = /^gitdir:\s+(.*)/.exec(readFileSync(join(stdout, ".git"), "utf8")) ?? [];
    return path !== undefined && isAbsolute(path);
  } catch {
    return false;
  }
}

interface Add extends GitOptions {
  cwd: string;
  worktree_path: string;
  ref: string | null;
  reset_branch: boolean | null;
  force: boolean | null;
  detach: boolean;
  opts: string[];
  git_opts: string[];
  branch: string | null;
}

async function add(ctx: ExecContext, args: Add): Promise<string> {
  if (args.branch && args.detach) {
    throw new SaltInvocationError("Only one of 'branch' and 'detach' is allowed");
  }
  const branch = operand(args.branch || basename(args.worktree_path), "the name of a branch");
  const how = args.detach
    ? ["--detach"]
    : [args.reset_branch ? "-B" : "-b", branch, ...(args.force ? ["--force"] : [])];
  const words = [
    ...args.git_opts,
    "worktree",
    "add",
    ...how,
    ...args.opts,
    operand(args.worktree_path, "a path"),
    ...(args.ref ? [operand(args.ref, "a reference")] : []),
  ];
  const place = await expandPath(args.cwd, args.user ?? null);
  return (await git(ctx, words, { ...args, cwd: place, merged: true })).stdout;
}

/** Functions about work trees. */
export const worktreeFunctions = {
  is_worktree: fn({
    doc: "Says whether a folder is a further work tree of a repository.",
    args: { cwd, user, password, output_encoding },
    example: "salt myminion git.is_worktree /path/to/repo",
    run: isWorktree,
  }),
  list_worktrees: fn({
    doc: "Returns the work trees of a repository.",
    args: {
      cwd,
      stale: { type: "bool", default: false, doc: "Those whose folder is gone." },
      user,
      password,
      output_encoding,
      kwargs: { ...more, doc: "`all=True`: those whose folder is gone too." },
    },
    example: "salt myminion git.list_worktrees /path/to/repo\n" +
      "salt myminion git.list_worktrees /path/to/repo all=True",
    run: (ctx, { kwargs, ...args }) => list(ctx, args, isTrue(ownKeywords(kwargs, "all")["all"])),
  }),
  worktree_add: fn({
    doc: "Adds a work tree to a repository. Returns what git says.",
    args: {
      cwd,
      worktree_path: { type: "string", required: true, doc: "Where it comes to be." },
      ref: { type: "string", default: null, doc: "What it has; HEAD." },
      reset_branch: { type: "bool", default: null, doc: "Set a branch that is there anew." },
      force: { type: "bool", default: null, doc: "Also a branch that is checked out elsewhere." },
      detach: { type: "bool", default: false, doc: "Without a branch." },
      ...options,
      ...running,
      kwargs: { ...more, doc: "`branch`: name of the branch; the last part of the path." },
    },
    example: "salt myminion git.worktree_add /path/to/repo/main ../hotfix ref=origin/master\n" +
      "salt myminion git.worktree_add /path/to/repo/main ../hotfix branch=hotfix21 ref=v2.1.9.3",
    run(ctx, { kwargs, ...args }) {
      const branch = ownKeywords(kwargs, "branch")["branch"] ?? null;
      return add(ctx, {
        ...args,
        opts: optionWords(args.opts),
        git_opts: optionWords(args.git_opts),
        branch: branch === null ? null : pyStr(branch),
      });
    },
  }),
  worktree_prune: fn({
    doc: "Forgets work trees whose folder is gone. Returns what git says.",
    args: {
      cwd,
      dry_run: { type: "bool", default: false, doc: "Only say which." },
      verbose: { type: "bool", default: true, doc: "Say which." },
      expire: { type: "string", default: null, doc: "Only those unused for that long." },
      ...options,
      ...running,
    },
    example: "salt myminion git.worktree_prune /path/to/repo\n" +
      "salt myminion git.worktree_prune /path/to/repo dry_run=True",
    async run(ctx, args) {
      const words = [
        ...optionWords(args.git_opts),
        "worktree",
        "prune",
        ...(args.dry_run ? ["--dry-run"] : []),
        ...(args.verbose ? ["--verbose"] : []),
        ...(args.expire ? ["--expire", args.expire] : []),
        ...optionWords(args.opts),
      ];
      const place = await expandPath(args.cwd, args.user);
      const done = await git(ctx, words, { ...args, cwd: place });
      const [major = 0, minor = 0] = (await gitVersion(ctx)).split(".").map(Number);
      return major > 2 || (major === 2 && minor >= 36) ? done.stderr : done.stdout;
    },
  }),
  worktree_rm: fn({
    doc: "Removes the folder of a work tree.",
    args: { cwd, user, output_encoding },
    example: "salt myminion git.worktree_rm /path/to/worktree",
    async run(ctx, args) {
      const place = await expandPath(args.cwd, args.user);
      if (!existsSync(place)) throw new CommandExecutionError(`${place} does not exist`);
      if (!await isWorktree(ctx, { ...args, cwd: place })) {
        throw new CommandExecutionError(`${place} is not a git worktree`);
      }
      try {
        rmSync(place, { recursive: true });
      } catch (error) {
        throw new CommandExecutionError(`Unable to remove ${place}: ${messageOf(error)}`);
      }
      return true;
    },
  }),
};
