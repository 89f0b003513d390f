/** Other repositories: `git.clone`, `git.fetch`, `git.remote_set` … @module */
import { existsSync, mkdirSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { cwd, identity, login, more, options, running, saltenv } from "./args.ts";
import {
  expandPath,
  git,
  type GitOptions,
  linesOf,
  listWords,
  optionWords,
  ownKeywords,
  redact,
  withLogin,
} from "./run.ts";

const { user, password, ignore_retcode, output_encoding } = running;

/** Reads what `git fetch` prints. */
export function parseFetch(text: string): DataMap {
  const branches: DataMap = {};
  const lists: Record<string, string[]> = {};
  const pattern =
    /^[\s*]*(?:([0-9a-f]+)\.\.([0-9a-f]+)|\[(?:new (tag|branch)|tag update)\])\s+(.+)->/;
  for (const line of text.split("\n")) {
    const found = pattern.exec(line);
    if (!found) continue;
    const [, from, to, kind, name] = found;
    if (from !== undefined) branches[name!.trimEnd()] = { old: from, new: to! };
    else {
      const list = kind === "tag" ? "new tags" : kind ? "new branches" : "updated tags";
      (lists[list] ??= []).push(name!.trimEnd());
    }
  }
  return {
    ...lists,
    ...(Object.keys(branches).length > 0 ? { "updated branches": branches } : {}),
  };
}

/** Reads `git remote --verbose`: URLs by remote and by what they are for. */
export function parseRemotes(text: string, redacted: boolean): Record<string, DataMap> {
  const remotes: Record<string, DataMap> = {};
  for (const line of text.split("\n")) {
    const found = /^(\S+)\s+(.*)\s+\((fetch|push)\)$/.exec(line);
    if (!found) continue;
    const [, name, url, action] = found;
    (remotes[name!] ??= {})[action!] = redacted ? redact(url!) : url!;
  }
  return remotes;
}

/** Reads `git ls-remote`: ids by reference. */
export function parseRefs(text: string): DataMap {
  const rows = linesOf(text).map((line) => line.split(/\s+/, 2));
  return Object.fromEntries(rows.filter((row) => row.length === 2).map(([id, ref]) => [ref!, id!]));
}

async function remotesOf(ctx: ExecContext, args: GitOptions & { cwd: string }, redacted = true) {
  const path = await expandPath(args.cwd, args.user ?? null);
  const { stdout } = await git(ctx, ["remote", "--verbose"], { ...args, cwd: path });
  return parseRemotes(stdout, redacted);
}

async function remoteOf(
  ctx: ExecContext,
  args: GitOptions & { cwd: string; remote: string },
  redacted: boolean,
): Promise<Data> {
  const all = await remotesOf(ctx, args, redacted);
  if (Object.hasOwn(all, args.remote)) return all[args.remote]!;
  const path = await expandPath(args.cwd, args.user ?? null);
  throw new CommandExecutionError(
    `Remote '${args.remote}' not present in git checkout located at ${path}`,
  );
}

interface SetRemote extends GitOptions {
  cwd: string;
  url: string;
  remote: string;
  https_user: string | null;
  https_pass: string | null;
  push_url: string | null;
  push_https_user: string | null;
  push_https_pass: string | null;
}

async function setRemote(ctx: ExecContext, args: SetRemote): Promise<Data> {
  const remote = operand(args.remote, "the name of a remote");
  const url = operand(withLogin(args.url, args.https_user, args.https_pass), "a URL");
  const where = { ...args, cwd: await expandPath(args.cwd, args.user ?? null) };
  if (Object.hasOwn(await remotesOf(ctx, args), remote)) {
    await git(ctx, ["remote", "rm", remote], where);
  }
  await git(ctx, ["remote", "add", remote, url], where);
  if (args.push_url) {
    const push = withLogin(args.push_url, args.push_https_user, args.push_https_pass);
    await git(ctx, ["remote", "set-url", "--push", remote, operand(push, "a URL")], where);
  }
  return await remoteOf(ctx, args, true);
}

const remoteName = (value: string) => ({
  type: "string",
  default: value,
  doc: "Name of the remote.",
} as const);

/** Functions about remotes. */
export const remoteFunctions = {
  clone: fn({
    doc: "Clones a repository.",
    args: {
      cwd: { ...cwd, doc: "Where the checkout comes to be; with `name`, its parent." },
      url: { type: "string", default: null, doc: "URL or path of the repository." },
      name: { type: "string", default: null, doc: "Name of the checkout below `cwd`." },
      ...options,
      user,
      password,
      identity,
      ...login,
      ignore_retcode,
      saltenv,
      output_encoding,
    },
    example: "salt myminion git.clone /path/to/repo_parent_dir git://github.com/saltstack/salt.git",
    async run(ctx, args) {
      if (!args.url) throw new SaltInvocationError("Missing 'url' argument");
      const path = await expandPath(args.cwd, args.user);
      const url = withLogin(args.url, args.https_user, args.https_pass);
      if (args.name !== null && !existsSync(path)) mkdirSync(path, { recursive: true });
      const words = ["clone", ...optionWords(args.opts), "--", url, args.name ?? path];
      const place = args.name === null ? "/tmp" : path;
      await git(ctx, [...optionWords(args.git_opts), ...words], { ...args, cwd: place });
      return true;
    },
  }),
  fetch: fn({
    doc: "Fetches from a remote. Returns new and updated branches and tags.",
    args: {
      cwd,
      remote: { type: "string", default: null, doc: "Name or URL of the remote." },
      force: { type: "bool", default: false, doc: "Also what is no descendant." },
      refspecs: { type: "any", default: null, doc: "References, a list or with commas between." },
      ...options,
      user,
      password,
      identity,
      ignore_retcode,
      saltenv,
      output_encoding,
    },
    example: "salt myminion git.fetch /path/to/repo upstream",
    async run(ctx, args) {
      const opts = optionWords(args.opts).filter((word) => word !== "-f" && word !== "--force");
      const words = [
        "fetch",
        ...(args.force ? ["--force"] : []),
        ...opts,
        ...(args.remote ? [operand(args.remote, "a remote")] : []),
        ...listWords(args.refspecs).map((ref) => operand(ref, "a reference")),
      ];
      const place = await expandPath(args.cwd, args.user);
      const where = { ...args, cwd: place, merged: true };
      const { stdout } = await git(ctx, [...optionWords(args.git_opts), ...words], where);
      return parseFetch(stdout);
    },
  }),
  pull: fn({
    doc: "Pulls. Returns what git says.",
    args: { cwd, ...options, user, password, identity, ignore_retcode, saltenv, output_encoding },
    example: "salt myminion git.pull /path/to/repo opts='--rebase origin master'",
    async run(ctx, args) {
      const words = [...optionWords(args.git_opts), "pull", ...optionWords(args.opts)];
      const place = await expandPath(args.cwd, args.user);
      return (await git(ctx, words, { ...args, cwd: place })).stdout;
    },
  }),
  push: fn({
    doc: "Pushes a reference to a remote. Returns what git says.",
    args: {
      cwd,
      remote: { type: "string", default: null, doc: "Name or URL of the remote." },
      ref: { type: "string", default: null, doc: "What to push." },
      ...options,
      user,
      password,
      identity,
      ignore_retcode,
      saltenv,
      output_encoding,
      kwargs: more,
    },
    example: "salt myminion git.push /path/to/repo origin master\n" +
      "salt myminion git.push /path/to/repo origin issue21:upstream/issue21",
    async run(ctx, { kwargs, ...args }) {
      ownKeywords(kwargs);
      const targets = [args.remote, args.ref].filter((one) => one !== null)
        .map((one) => operand(one, "a remote or reference"));
      const words = ["push", ...optionWords(args.opts), ...targets];
      const place = await expandPath(args.cwd, args.user);
      const where = { ...args, cwd: place };
      return (await git(ctx, [...optionWords(args.git_opts), ...words], where)).stdout;
    },
  }),
  ls_remote: fn({
    doc: "Returns the references of a remote with their ids.",
    args: {
      cwd: { type: "string", default: null, doc: "A checkout, for the name of a remote." },
      remote: remoteName("origin"),
      ref: { type: "string", default: null, doc: "Only this reference." },
      ...options,
      user,
      password,
      identity,
      ...login,
      ignore_retcode,
      output_encoding,
      saltenv,
    },
    example: "salt myminion git.ls_remote /path/to/repo origin master\n" +
      "salt myminion git.ls_remote remote='https://mydomain.tld/repo.git' ref=HEAD",
    async run(ctx, args) {
      const remote = operand(withLogin(args.remote, args.https_user, args.https_pass), "a remote");
      const ref = args.ref ? [operand(args.ref, "a reference")] : [];
      const words = ["ls-remote", ...optionWords(args.opts), remote, ...ref];
      const place = args.cwd === null ? null : await expandPath(args.cwd, args.user);
      const where = { ...args, cwd: place };
      return parseRefs((await git(ctx, [...optionWords(args.git_opts), ...words], where)).stdout);
    },
  }),
  remote_refs: fn({
    doc: "Returns the references of a repository with their ids.",
    args: {
      url: { type: "string", required: true, doc: "URL of the repository." },
      heads: { type: "bool", default: false, doc: "Only branches." },
      tags: { type: "bool", default: false, doc: "Only tags." },
      user,
      password,
      identity,
      ...login,
      ignore_retcode,
      output_encoding,
      saltenv,
      kwargs: { ...more, doc: "`filter`: only references that fit this pattern." },
    },
    example: "salt myminion git.remote_refs https://github.com/saltstack/salt.git heads=True",
    async run(ctx, { kwargs, ...args }) {
      const { filter = null } = ownKeywords(kwargs, "filter");
      const words = [
        "ls-remote",
        ...(args.heads ? ["--heads"] : []),
        ...(args.tags ? ["--tags"] : []),
        operand(withLogin(args.url, args.https_user, args.https_pass), "a URL"),
        ...(filter ? [operand(filter, "a reference")] : []),
      ];
      return parseRefs((await git(ctx, words, args)).stdout);
    },
  }),
  remotes: fn({
    doc: "Returns the URLs of all remotes, for fetching and for pushing.",
    args: {
      cwd,
      user,
      password,
      redact_auth: { type: "bool", default: true, doc: "Leave out names and passwords." },
      ignore_retcode,
      output_encoding,
    },
    example: "salt myminion git.remotes /path/to/repo",
    run: (ctx, args) => remotesOf(ctx, args, args.redact_auth),
  }),
  remote_get: fn({
    doc: "Returns the URLs of a remote, for fetching and for pushing.",
    args: {
      cwd,
      remote: remoteName("origin"),
      user,
      password,
      redact_auth: { type: "bool", default: true, doc: "Leave out names and passwords." },
      ignore_retcode,
      output_encoding,
    },
    example: "salt myminion git.remote_get /path/to/repo\n" +
      "salt myminion git.remote_get /path/to/repo upstream",
    run: (ctx, args) => remoteOf(ctx, args, args.redact_auth),
  }),
  remote_set: fn({
    doc: "Sets the URL of a remote. Returns its URLs.",
    args: {
      cwd,
      url: { type: "string", required: true, doc: "URL to fetch from." },
      remote: remoteName("origin"),
      user,
      password,
      ...login,
      push_url: { type: "string", default: null, doc: "URL to push to." },
      push_https_user: { type: "string", default: null, doc: "Name for it." },
      push_https_pass: { type: "string", default: null, doc: "Password for it." },
      ignore_retcode,
      output_encoding,
    },
    example: "salt myminion git.remote_set /path/to/repo git@github.com:user/repo.git",
    run: setRemote,
  }),
  submodule: fn({
    doc: "Runs a command of `git submodule`. Returns what git says.",
    args: {
      cwd,
      command: { type: "string", required: true, doc: "Such as update or init." },
      ...options,
      user,
      password,
      identity,
      ignore_retcode,
      saltenv,
      output_encoding,
      kwargs: more,
    },
    example: "salt myminion git.submodule /path/to/repo update opts='--init --recursive'",
    async run(ctx, { kwargs, ...args }) {
      if (pyStr(ownKeywords(kwargs, "init")["init"] ?? false) === "True") {
        throw new SaltInvocationError(
          "The 'init' argument is no longer supported. Either set 'command' to 'init', or include " +
            "'--init' in the 'opts' argument and set 'command' to 'update'.",
        );
      }
      const words = [...optionWords(args.git_opts), "submodule", args.command];
      const place = await expandPath(args.cwd, args.user);
      return (await git(ctx, [...words, ...optionWords(args.opts)], { ...args, cwd: place }))
        .stdout;
    },
  }),
};
