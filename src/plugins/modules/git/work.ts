/** Work in a checkout: `git.checkout`, `git.commit`, `git.merge` … @module */
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { cwd, identity, more, options, running } from "./args.ts";
import { expandPath, git, type GitOptions, optionWords, ownKeywords } from "./run.ts";

const { user, password, ignore_retcode, output_encoding } = running;

interface Work extends GitOptions {
  cwd: string;
  opts?: Data;
  git_opts?: Data;
}

/** Runs a command in a checkout; `after` stands behind the options. */
async function work(
  ctx: ExecContext,
  command: readonly string[],
  args: Work,
  after: readonly string[] = [],
): Promise<string> {
  const words = [
    ...optionWords(args.git_opts ?? null),
    ...command,
    ...optionWords(args.opts ?? null),
    ...after,
  ];
  const place = await expandPath(args.cwd, args.user ?? null);
  return (await git(ctx, words, { ...args, cwd: place })).stdout;
}

const file = { type: "string", required: true, doc: "The file, or a folder." } as const;

/** Whether `git init` shares a repository, as its option says it. */
function sharedWord(value: Data): string {
  if (typeof value === "number") return `0${value}`;
  return typeof value === "string" ? value : pyStr(value).toLowerCase();
}

/** Functions that change a checkout. */
export const workFunctions = {
  init: fn({
    doc: "Makes a repository. Returns what git says.",
    args: {
      cwd: { ...cwd, doc: "Where it comes to be." },
      bare: { type: "bool", default: false, doc: "Without a checkout." },
      template: { type: "string", default: null, doc: "Folder to copy from." },
      separate_git_dir: { type: "string", default: null, doc: "Folder for what git keeps." },
      shared: { type: "any", default: null, doc: "Who else may write to it." },
      ...options,
      ...running,
    },
    example: "salt myminion git.init /path/to/repo opts='--bare'",
    async run(ctx, args) {
      const words = [
        ...optionWords(args.git_opts),
        "init",
        ...(args.bare ? ["--bare"] : []),
        ...(args.template === null ? [] : [`--template=${args.template}`]),
        ...(args.separate_git_dir === null ? [] : [`--separate-git-dir=${args.separate_git_dir}`]),
        ...(args.shared === null ? [] : [`--shared=${sharedWord(args.shared)}`]),
        ...optionWords(args.opts),
        await expandPath(args.cwd, args.user),
      ];
      return (await git(ctx, words, { ...args, cwd: null })).stdout;
    },
  }),
  add: fn({
    doc: "Adds files to what is committed next. Returns what git says.",
    args: { cwd, filename: file, ...options, ...running },
    example: "salt myminion git.add /path/to/repo foo/bar.py",
    run(ctx, args) {
      const opts = optionWords(args.opts).filter((word) => word !== "-v" && word !== "--verbose");
      return work(ctx, ["add", "--verbose"], { ...args, opts }, ["--", args.filename]);
    },
  }),
  rm: fn({
    doc: "Removes files, also from what is committed next. Returns what git says.",
    args: { cwd, filename: file, ...options, ...running },
    example: "salt myminion git.rm /path/to/repo foo/bar.py opts='--dry-run'",
    run: (ctx, args) => work(ctx, ["rm"], args, ["--", args.filename]),
  }),
  commit: fn({
    doc: "Commits. Returns what git says.",
    args: {
      cwd,
      message: { type: "string", required: true, doc: "The message." },
      ...options,
      user,
      password,
      filename: { type: "string", default: null, doc: "Only this file." },
      ignore_retcode,
      output_encoding,
    },
    example: "salt myminion git.commit /path/to/repo 'The commit message'",
    run: (ctx, args) =>
      work(ctx, ["commit", "-m", args.message], args, args.filename ? ["--", args.filename] : []),
  }),
  branch: fn({
    doc: "Makes or changes a branch.",
    args: {
      cwd,
      name: { type: "string", default: null, doc: "Name of the branch." },
      ...options,
      ...running,
    },
    example: "salt myminion git.branch /path/to/repo mybranch opts='--set-upstream-to=origin/b'",
    async run(ctx, args) {
      const name = args.name === null ? [] : [operand(args.name, "a branch")];
      await work(ctx, ["branch"], args, name);
      return true;
    },
  }),
  checkout: fn({
    doc: "Checks a revision out. Returns what git says.",
    args: {
      cwd,
      rev: { type: "string", default: null, doc: "The revision." },
      force: { type: "bool", default: false, doc: "Lose changes that are not committed." },
      ...options,
      ...running,
    },
    example: "salt myminion git.checkout /path/to/repo somebranch\n" +
      "salt myminion git.checkout /path/to/repo opts='-b newbranch'",
    run(ctx, args) {
      const makes = optionWords(args.opts).some((word) => word === "-b" || word === "-B");
      if (args.rev === null && !makes) {
        throw new SaltInvocationError("'rev' argument is required unless -b or -B in opts");
      }
      const force = args.force ? ["--force"] : [];
      const rev = args.rev === null ? [] : [operand(args.rev, "a revision")];
      return work(ctx, ["checkout", ...force], { ...args, merged: true }, rev);
    },
  }),
  discard_local_changes: fn({
    doc: "Gives files back what was committed. Returns what git says.",
    args: {
      cwd,
      path: { type: "string", default: ".", doc: "File or folder." },
      ...running,
    },
    example: "salt myminion git.discard_local_changes /path/to/repo path=foo",
    run: (ctx, args) => work(ctx, ["checkout", "--", args.path], { ...args, merged: true }),
  }),
  merge: fn({
    doc: "Merges a revision. Returns what git says.",
    args: {
      cwd,
      rev: { type: "string", default: null, doc: "The revision; the upstream of the branch." },
      ...options,
      user,
      password,
      identity,
      ignore_retcode,
      output_encoding,
      kwargs: more,
    },
    example: "salt myminion git.merge /path/to/repo upstream/mybranch",
    run(ctx, { kwargs, ...args }) {
      ownKeywords(kwargs);
      return work(ctx, ["merge"], args, args.rev ? [operand(args.rev, "a revision")] : []);
    },
  }),
  rebase: fn({
    doc: "Puts commits on top of another revision. Returns what git says.",
    args: {
      cwd,
      rev: { type: "string", default: "master", doc: "The revision." },
      ...options,
      ...running,
    },
    example: "salt myminion git.rebase /path/to/repo 'origin master'",
    run(ctx, args) {
      const opts = optionWords(args.opts);
      if (opts.some((word) => word === "-i" || word === "--interactive")) {
        throw new SaltInvocationError("Interactive rebases are not supported");
      }
      return work(ctx, ["rebase"], args, shlexSplit(args.rev));
    },
  }),
  reset: fn({
    doc: "Runs `git reset`. Returns what git says.",
    args: { cwd, ...options, user, password, identity, ignore_retcode, output_encoding },
    example: "salt myminion git.reset /path/to/repo opts='--hard origin/master'",
    run: (ctx, args) => work(ctx, ["reset"], args),
  }),
  stash: fn({
    doc: "Puts changes aside, or brings them back. Returns what git says.",
    args: {
      cwd,
      action: { type: "string", default: "save", doc: "Such as save, pop or list." },
      ...options,
      ...running,
    },
    example: "salt myminion git.stash /path/to/repo pop",
    run: (ctx, args) => work(ctx, ["stash", operand(args.action, "an action")], args),
  }),
  tag: fn({
    doc: "Makes or changes a tag. Returns what git says.",
    args: {
      cwd,
      name: { type: "string", required: true, doc: "Name of the tag." },
      ref: { type: "string", default: "HEAD", doc: "What it names." },
      message: { type: "string", default: null, doc: "Message of the tag." },
      ...options,
      ...running,
    },
    example: "salt myminion git.tag /path/to/repo v1.2 message='Version 1.2'",
    run(ctx, args) {
      const opts = optionWords(args.opts).filter((word) => word !== "-a" && word !== "--annotate");
      if (opts.some((word) => word === "-m" || word.includes("--message"))) {
        throw new SaltInvocationError('Tag messages must be passed in the "message" argument');
      }
      const message = args.message === null ? [] : ["-a", "-m", args.message];
      const removes = opts.includes("-d") || opts.includes("--delete");
      const ref = removes ? [] : [operand(args.ref, "a revision")];
      const after = [operand(args.name, "the name of a tag"), ...ref];
      return work(ctx, ["tag", ...message], { ...args, opts, merged: true }, after);
    },
  }),
};
