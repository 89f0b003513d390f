/** What a repository has: `git.revision`, `git.list_branches`, `git.diff` … @module */
import { basename } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { cwd, more, options, running } from "./args.ts";
import {
  expandPath,
  git,
  type GitOptions,
  gitVersion,
  linesOf,
  listWords,
  optionWords,
  ownKeywords,
} from "./run.ts";

const { user, password, ignore_retcode, output_encoding } = running;

type Place = GitOptions & { cwd: string };

async function output(ctx: ExecContext, words: readonly string[], args: Place): Promise<string> {
  const place = await expandPath(args.cwd, args.user ?? null);
  return (await git(ctx, words, { ...args, cwd: place })).stdout;
}

async function refs(ctx: ExecContext, args: Place, under: string): Promise<string[]> {
  return linesOf(
    await output(ctx, ["for-each-ref", "--format", "%(refname:short)", under], args),
  );
}

interface MergeBase extends Place {
  refs: Data;
  octopus: boolean;
  is_ancestor: boolean;
  independent: boolean;
  fork_point: string | null;
  opts: Data;
  git_opts: Data;
}

function mergeBaseRefs(args: MergeBase): string[] {
  const given = Array.isArray(args.refs)
    ? args.refs.map(pyStr)
    : listWords(args.refs).map((ref) => ref.trim());
  const kinds = [args.octopus, args.independent, args.is_ancestor, args.fork_point];
  if (kinds.filter(Boolean).length > 1) {
    throw new SaltInvocationError(
      "Only one of 'octopus', 'independent', 'is_ancestor', and 'fork_point' is permitted",
    );
  }
  if (args.is_ancestor && given.length !== 2) {
    throw new SaltInvocationError("Two refs/commits are required if 'is_ancestor' is True");
  }
  if (!args.fork_point) return given;
  if (given.length > 1) {
    throw new SaltInvocationError(
      "At most one ref/commit can be passed if 'fork_point' is specified",
    );
  }
  return given.length > 0 ? given : ["HEAD"];
}

async function mergeBase(ctx: ExecContext, args: MergeBase, all: boolean): Promise<Data> {
  if (all && (args.independent || args.is_ancestor || args.fork_point)) {
    throw new SaltInvocationError(
      "The 'all' argument is not compatible with 'independent', 'is_ancestor', or 'fork_point'",
    );
  }
  const refs = mergeBaseRefs(args).map((ref) => operand(ref, "a reference"));
  const words = [
    ...optionWords(args.git_opts),
    "merge-base",
    ...optionWords(args.opts),
    ...(all ? ["--all"] : []),
    ...(args.octopus ? ["--octopus"] : []),
    ...(args.is_ancestor ? ["--is-ancestor"] : []),
    ...(args.independent ? ["--independent"] : []),
    ...(args.fork_point ? ["--fork-point", args.fork_point] : []),
    ...refs,
  ];
  const place = await expandPath(args.cwd, args.user ?? null);
  const done = await git(ctx, words, { ...args, cwd: place, soft: args.is_ancestor });
  if (args.is_ancestor) return done.retcode === 0;
  const bases = linesOf(done.stdout);
  return all ? bases : bases[0] ?? "";
}

const states: Readonly<Record<string, string>> = {
  M: "modified",
  A: "new",
  D: "deleted",
  "??": "untracked",
};

/** Reads `git status -z --porcelain`: files by what became of them. */
export function parseStatus(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of text.split("\0")) {
    const [, state, file] = /^\s*(\S+)\s+([^]*)$/.exec(line) ?? [];
    if (state !== undefined) (found[states[state] ?? state] ??= []).push(file!);
  }
  return found;
}

interface Diff extends Place {
  item1: string | null;
  item2: string | null;
  opts: Data;
  git_opts: Data;
  no_index: boolean;
  cached: boolean;
  paths: Data;
}

async function diff(ctx: ExecContext, args: Diff): Promise<string> {
  if (args.no_index && args.cached) {
    throw new CommandExecutionError(
      "The 'no_index' and 'cached' options cannot be used together",
    );
  }
  const items = [args.item1, args.item2].filter((one) => one).map((one) =>
    operand(one, "a revision")
  );
  const compared = args.no_index ? [] : args.cached ? items.slice(0, 1) : items;
  if (compared.length < items.length) {
    ctx.log.warning(`git.diff does not regard ${items.slice(compared.length).join(", ")}`);
  }
  const paths = listWords(args.paths);
  const words = [
    ...optionWords(args.git_opts),
    "diff",
    ...optionWords(args.opts),
    ...(args.no_index ? ["--no-index"] : []),
    ...(args.cached ? ["--cached"] : []),
    ...compared,
    ...(paths.length > 0 ? ["--", ...paths] : []),
  ];
  const place = await expandPath(args.cwd, args.user ?? null);
  const soft = args.no_index;
  const how = { ...args, cwd: place, merged: true, soft, ignore_retcode: soft };
  return (await git(ctx, words, how)).stdout;
}

async function writeArchive(
  ctx: ExecContext,
  args: Place & { output: string; rev: string; prefix: string | null; git_opts: Data },
  format: Data,
): Promise<true> {
  const user = args.user ?? null;
  const place = await expandPath(args.cwd, user);
  const prefix = args.prefix === "" ? [] : ["--prefix", args.prefix ?? `${basename(place)}/`];
  const words = [
    ...optionWords(args.git_opts),
    "archive",
    ...prefix,
    ...(format ? ["--format", pyStr(format)] : []),
    "--output",
    await expandPath(args.output, user),
    operand(args.rev, "a revision"),
  ];
  await git(ctx, words, { ...args, cwd: place });
  return true;
}

const head = { type: "string", default: "HEAD", doc: "A revision." } as const;

/** Functions that read. */
export const historyFunctions = {
  version: fn({
    doc: "Returns the version of git.",
    args: { versioninfo: { type: "bool", default: false, doc: "As a list of its parts." } },
    example: "salt myminion git.version",
    async run(ctx, { versioninfo }) {
      const version = await gitVersion(ctx);
      if (!versioninfo) return version;
      return version.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
    },
  }),
  current_branch: fn({
    doc: "Returns the branch that is checked out; HEAD when none is.",
    args: { cwd, ...running },
    example: "salt myminion git.current_branch /path/to/repo",
    run: (ctx, args) => output(ctx, ["rev-parse", "--abbrev-ref", "HEAD"], args),
  }),
  revision: fn({
    doc: "Returns the id of a revision.",
    args: {
      cwd,
      rev: head,
      short: { type: "bool", default: false, doc: "Only as much as is needed." },
      ...running,
    },
    example: "salt myminion git.revision /path/to/repo mybranch",
    run: (ctx, args) =>
      output(
        ctx,
        ["rev-parse", ...(args.short ? ["--short"] : []), operand(args.rev, "a revision")],
        args,
      ),
  }),
  rev_parse: fn({
    doc: "Runs `git rev-parse`. Returns what git says.",
    args: {
      cwd,
      rev: { type: "string", default: null, doc: "A revision." },
      ...options,
      ...running,
    },
    example: "salt myminion git.rev_parse /path/to/repo opts='--git-dir'",
    run: (ctx, args) =>
      output(ctx, [
        ...optionWords(args.git_opts),
        "rev-parse",
        ...optionWords(args.opts),
        ...(args.rev === null ? [] : [operand(args.rev, "a revision")]),
      ], args),
  }),
  describe: fn({
    doc: "Returns the name that git gives to a revision by its tags; its id when there are none.",
    args: { cwd, rev: head, ...running },
    example: "salt myminion git.describe /path/to/repo",
    run: (ctx, args) =>
      output(ctx, ["describe", "--always", operand(args.rev, "a revision")], args),
  }),
  list_branches: fn({
    doc: "Lists the branches.",
    args: {
      cwd,
      remote: { type: "bool", default: false, doc: "Those of remotes." },
      ...running,
    },
    example: "salt myminion git.list_branches /path/to/repo remote=True",
    run: (ctx, args) => refs(ctx, args, args.remote ? "refs/remotes/" : "refs/heads/"),
  }),
  list_tags: fn({
    doc: "Lists the tags.",
    args: { cwd, ...running },
    example: "salt myminion git.list_tags /path/to/repo",
    run: (ctx, args) => refs(ctx, args, "refs/tags/"),
  }),
  status: fn({
    doc: "Returns the files that are not as they were committed, by what became of them.",
    args: { cwd, ...running },
    example: "salt myminion git.status /path/to/repo",
    run: async (ctx, args) => parseStatus(await output(ctx, ["status", "-z", "--porcelain"], args)),
  }),
  diff: fn({
    doc: "Returns how revisions, or files, differ.",
    args: {
      cwd,
      item1: { type: "string", default: null, doc: "A revision." },
      item2: { type: "string", default: null, doc: "Another one." },
      ...options,
      user,
      password,
      no_index: { type: "bool", default: false, doc: "Compare two files, given as `paths`." },
      cached: { type: "bool", default: false, doc: "What would be committed." },
      paths: { type: "any", default: null, doc: "Only these files." },
      output_encoding,
    },
    example: "salt myminion git.diff /path/to/repo\n" +
      "salt myminion git.diff /path/to/repo paths=path/to/file1,path/to/file2",
    run: diff,
  }),
  merge_base: fn({
    doc: "Returns the best common ancestor of revisions.",
    args: {
      cwd,
      refs: { type: "any", default: null, doc: "The revisions, a list or with commas between." },
      octopus: { type: "bool", default: false, doc: "Ancestors of all of them." },
      is_ancestor: { type: "bool", default: false, doc: "Say whether one is that of the other." },
      independent: { type: "bool", default: false, doc: "Those that no other one reaches." },
      fork_point: { type: "string", default: null, doc: "Where a branch came from this one." },
      ...options,
      ...running,
      kwargs: { ...more, doc: "`all=True`: all best ancestors." },
    },
    example: "salt myminion git.merge_base /path/to/repo HEAD upstream/mybranch",
    run: (ctx, { kwargs, ...args }) =>
      mergeBase(ctx, args, isTrue(ownKeywords(kwargs, "all")["all"])),
  }),
  merge_tree: fn({
    doc: "Returns what a merge would do.",
    args: {
      cwd,
      ref1: { type: "string", required: true, doc: "A revision." },
      ref2: { type: "string", required: true, doc: "Another one." },
      base: { type: "string", default: null, doc: "Their ancestor; found when left out." },
      ...running,
    },
    example: "salt myminion git.merge_tree /path/to/repo HEAD upstream/dev",
    async run(ctx, args) {
      const [ref1, ref2] = [operand(args.ref1, "a revision"), operand(args.ref2, "a revision")];
      let base = args.base;
      try {
        base ??= await output(ctx, ["merge-base", ref1, ref2], args);
      } catch (error) {
        throw new CommandExecutionError(
          `Unable to determine merge base for ${ref1} and ${ref2}`,
          { cause: error },
        );
      }
      return await output(ctx, ["merge-tree", operand(base, "a revision"), ref1, ref2], args);
    },
  }),
  symbolic_ref: fn({
    doc: "Reads or sets a reference that names another one.",
    args: {
      cwd,
      ref: { type: "string", required: true, doc: "The reference." },
      value: { type: "string", default: null, doc: "What it is to name." },
      ...options,
      ...running,
    },
    example: "salt myminion git.symbolic_ref /path/to/repo HEAD\n" +
      "salt myminion git.symbolic_ref /path/to/repo FOO opts='--delete'",
    run(ctx, args) {
      const opts = optionWords(args.opts);
      if (args.value !== null && opts.some((word) => word === "-d" || word === "--delete")) {
        throw new SaltInvocationError(
          "Value cannot be set for symbolic ref if -d/--delete is included in opts",
        );
      }
      const value = args.value ? [operand(args.value, "a reference")] : [];
      const words = ["symbolic-ref", ...opts, operand(args.ref, "a reference"), ...value];
      return output(ctx, [...optionWords(args.git_opts), ...words], args);
    },
  }),
  archive: fn({
    doc: "Writes what a revision has into an archive.",
    args: {
      cwd,
      output: { type: "string", required: true, doc: "Path of the archive." },
      rev: head,
      prefix: { type: "string", default: null, doc: "What paths begin with; the checkout's name." },
      git_opts: options.git_opts,
      user,
      password,
      ignore_retcode,
      output_encoding,
      kwargs: { ...more, doc: "`format`: tar, zip …; by the name of the archive." },
    },
    example: "salt myminion git.archive /path/to/repo /path/to/archive.tar",
    run: (ctx, { kwargs, ...args }) =>
      writeArchive(ctx, args, ownKeywords(kwargs, "format")["format"] ?? null),
  }),
};
