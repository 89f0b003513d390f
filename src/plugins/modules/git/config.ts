/** Settings of git: `git.config_get`, `git.config_set` … @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { more, running } from "./args.ts";
import {
  expandPath,
  git,
  type GitOptions,
  type GitResult,
  linesOf,
  listWords,
  ownKeywords,
} from "./run.ts";

interface Where extends GitOptions {
  cwd: string | null;
}

/** The checkout whose settings are meant; those of the user where there is none. */
async function place(args: Where, global: boolean): Promise<Where> {
  if (args.cwd === null && !global) {
    throw new SaltInvocationError("'cwd' argument required unless global=True");
  }
  return { ...args, cwd: args.cwd === null ? null : await expandPath(args.cwd, args.user ?? null) };
}

async function ask(
  ctx: ExecContext,
  option: string,
  args: Where & { key: string; value_regex?: string | null },
  global: boolean,
): Promise<GitResult> {
  const scope = global ? "--global" : "--local";
  const regex = option === "--get-regexp" ? args.value_regex ?? null : null;
  const words = ["config", scope, option, operand(args.key, "a key")];
  const where = { ...await place(args, global), soft: true };
  return await git(ctx, regex === null ? words : [...words, regex], where);
}

async function get(
  ctx: ExecContext,
  args: Where & { key: string },
  kwargs: DataMap,
): Promise<Data> {
  const known = ownKeywords(kwargs, "all", "global");
  const { retcode, stdout } = await ask(ctx, "--get-all", args, isTrue(known["global"]));
  if (retcode === 1) return null;
  const values = stdout === "" ? [] : stdout.split("\n");
  return isTrue(known["all"]) ? values : values.at(-1) ?? "";
}

async function getRegexp(
  ctx: ExecContext,
  args: Where & { key: string; value_regex: string | null },
  kwargs: DataMap,
): Promise<DataMap> {
  const { global = false } = ownKeywords(kwargs, "global");
  const { retcode, stdout } = await ask(ctx, "--get-regexp", args, isTrue(global));
  const found: Record<string, string[]> = {};
  for (const line of retcode === 1 ? [] : linesOf(stdout)) {
    const [, key, value] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (key !== undefined) (found[key] ??= []).push(value!);
  }
  return found;
}

async function set(
  ctx: ExecContext,
  args: Where & { key: string; value: Data; multivar: Data },
  kwargs: DataMap,
): Promise<Data> {
  const known = ownKeywords(kwargs, "add", "global");
  const global = isTrue(known["global"]);
  const where = await place(args, global);
  if (args.value !== null && args.multivar !== null) {
    throw new SaltInvocationError("Only one of 'value' and 'multivar' is permitted");
  }
  const one = args.value !== null;
  const values = one ? [pyStr(args.value)] : listWords(args.multivar);
  const key = operand(args.key, "a key");
  for (const [index, value] of values.entries()) {
    const adds = one ? isTrue(known["add"]) : index > 0;
    const scope = global ? ["--global"] : [];
    await git(ctx, ["config", ...scope, adds ? "--add" : "--replace-all", key, value], where);
  }
  return await get(ctx, args, { all: true, global });
}

async function unset(
  ctx: ExecContext,
  args: Where & { key: string; value_regex: string | null },
  kwargs: DataMap,
): Promise<true> {
  const known = ownKeywords(kwargs, "all", "global");
  const global = isTrue(known["global"]);
  const where = { ...await place(args, global), soft: true };
  const words = [
    "config",
    isTrue(known["all"]) ? "--unset-all" : "--unset",
    global ? "--global" : "--local",
    operand(args.key, "a key"),
    ...(args.value_regex === null ? [] : [args.value_regex]),
  ];
  const { retcode, stderr } = await git(ctx, words, where);
  if (retcode === 0) return true;
  throw new CommandExecutionError(await whyNotUnset(ctx, args, retcode, stderr));
}

async function whyNotUnset(
  ctx: ExecContext,
  args: Where & { key: string; value_regex: string | null },
  retcode: number,
  stderr: string,
): Promise<string> {
  if (retcode === 1) return "Section or key is invalid";
  if (retcode === 6) return "The value_regex is invalid";
  if (retcode === 5) {
    if (await get(ctx, args, {}) === null) return `Key '${args.key}' does not exist`;
    const matching = args.value_regex === null ? "" : " and value_regex matches multiple values";
    return `Multiple values exist for key '${args.key}'${matching}`;
  }
  const why = stderr ? `; ${stderr}` : "";
  return `Failed to unset key '${args.key}', git config returned exit code ${retcode}${why}`;
}

const key = { type: "string", required: true, doc: "Name of the setting." } as const;
const checkout = { type: "string", default: null, doc: "The checkout." } as const;
const regex = { type: "string", default: null, doc: "Only values that fit this." } as const;
const ofUser = "`global=True`: settings of the user, not of a checkout";

const regexp = fn({
  doc: "Returns all settings whose name fits a regular expression, with lists of their values.",
  args: {
    key: { ...key, doc: "Regular expression for names." },
    value_regex: regex,
    cwd: checkout,
    ...running,
    kwargs: { ...more, doc: `${ofUser}.` },
  },
  example: "salt myminion git.config_get_regexp 'foo.*' cwd=/path/to/repo\n" +
    "salt myminion git.config_get_regexp '^foo.*' global=True",
  run: (ctx, { kwargs, ...args }) => getRegexp(ctx, args, kwargs),
});

/** Functions about settings. */
export const configFunctions = {
  config_get: fn({
    doc: "Returns the last value of a setting; None when it is not set.",
    args: {
      key,
      cwd: checkout,
      ...running,
      kwargs: { ...more, doc: `${ofUser}; \`all=True\`: all values.` },
    },
    example: "salt myminion git.config_get user.name cwd=/path/to/repo\n" +
      "salt myminion git.config_get user.email global=True",
    run: (ctx, { kwargs, ...args }) => get(ctx, args, kwargs),
  }),
  config_get_regexp: regexp,
  config_set: fn({
    doc: "Sets a setting. Returns all its values.",
    args: {
      key,
      value: { type: "any", default: null, doc: "The value." },
      multivar: { type: "any", default: null, doc: "Several values, a list or with commas." },
      cwd: checkout,
      ...running,
      kwargs: { ...more, doc: `${ofUser}; \`add=True\`: one more value.` },
    },
    example: "salt myminion git.config_set user.email me@example.com cwd=/path/to/repo\n" +
      "salt myminion git.config_set user.email foo@bar.com global=True",
    run: (ctx, { kwargs, ...args }) => set(ctx, args, kwargs),
  }),
  config_unset: fn({
    doc: "Removes a setting.",
    args: {
      key,
      value_regex: regex,
      cwd: checkout,
      ...running,
      kwargs: { ...more, doc: `${ofUser}; \`all=True\`: all values.` },
    },
    example: "salt myminion git.config_unset /path/to/repo foo.bar\n" +
      "salt myminion git.config_unset foo.bar all=True cwd=/path/to/repo",
    run: (ctx, { kwargs, ...args }) => unset(ctx, args, kwargs),
  }),
};
