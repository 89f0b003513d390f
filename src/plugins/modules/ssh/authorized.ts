/** Keys that let users in: `ssh.auth_keys`, `ssh.set_auth_key` … @module */
import { existsSync, statSync } from "node:fs";
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { allUsers, findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { readSystemFile } from "../_system_file.ts";
import {
  type AuthorizedKey,
  fingerprint,
  keyKind,
  keyLine,
  keyOf,
  parseAuthorizedKeys,
  readKeyFile,
  userFile,
  writeUserFile,
} from "./files.ts";

const user = { type: "string", required: true, doc: "Name of the user." } as const;
const key = { type: "string", required: true, doc: "The key, without its kind." } as const;
const config = {
  type: "string",
  default: ".ssh/authorized_keys",
  doc: "The file: a path, or one from the home; `%u` is the user, `%h` the home.",
} as const;
const hash = {
  type: "string",
  default: null,
  doc: "Digest that fingerprints are made by; sha256 when left out.",
} as const;
const source = { type: "string", required: true, doc: "File of keys: a path or a URL." } as const;
const saltenv = { type: "string", default: "base", doc: "Environment of `salt://`." } as const;
const cacheKeys = { type: "list", default: null, doc: "Has no effect." } as const;

function optionList(value: Data): string[] {
  return value === null || value === "" ? [] : [value].flat().map(pyStr);
}

/** The keys of a user; none where there is no such file or user. */
async function keysOf(
  name: string,
  path: string,
  hash: string | null,
): Promise<Map<string, AuthorizedKey> | undefined> {
  if (!await findUser(name)) return undefined;
  const { path: full } = await userFile(name, path);
  if (!statSync(full, { throwIfNoEntry: false })?.isFile()) return undefined;
  return parseAuthorizedKeys(readKeyFile(full), hash);
}

function asData(keys: Map<string, AuthorizedKey> | undefined): DataMap {
  return Object.fromEntries([...keys ?? []].map(([one, entry]) => [one, { ...entry }]));
}

interface Wanted {
  user: string;
  key: string;
  enc: string;
  comment: string;
  options: string[];
  config: string;
  fingerprint_hash_type: string | null;
}

async function checkKey(wanted: Wanted): Promise<"add" | "update" | "exists"> {
  const enc = keyKind(wanted.enc);
  const current = (await keysOf(wanted.user, wanted.config, wanted.fingerprint_hash_type))
    ?.get(wanted.key);
  if (!current) return "add";
  const now = keyLine(wanted.key, current.enc, current.comment, current.options);
  return now === keyLine(wanted.key, enc, wanted.comment, wanted.options) ? "exists" : "update";
}

/** Rewrites a user's file line by line; null takes the line away. Empty lines go too. */
async function rewrite(
  ctx: ExecContext,
  { user: name, config }: { user: string; config: string },
  change: (line: string) => string | null,
): Promise<void> {
  const { user, path } = await userFile(name, config);
  const lines = readKeyFile(path).split("\n").map((line) => line.trim()).filter(Boolean);
  const kept = lines.map((line) => line.startsWith("#") ? line : change(line))
    .filter((line) => line !== null);
  const text = kept.map((line) => line.endsWith("\n") ? line : `${line}\n`).join("");
  await writeUserFile(ctx, path, text, user);
}

async function setKey(ctx: ExecContext, wanted: Wanted): Promise<string> {
  if (wanted.key.split(/\s+/).filter(Boolean).length > 1) return "invalid";
  const enc = keyKind(wanted.enc);
  const account = await findUser(wanted.user);
  if (!account) return "fail";
  if (fingerprint(wanted.key, wanted.fingerprint_hash_type) === null) return "Invalid public key";
  const status = await checkKey(wanted);
  if (status === "exists") return "no change";
  const line = keyLine(wanted.key, enc, wanted.comment, wanted.options);
  if (status === "update") {
    await rewrite(ctx, wanted, (old) => keyOf(old)?.key === wanted.key ? line : old);
    return "replace";
  }
  const { path } = await userFile(wanted.user, wanted.config);
  if (path.startsWith(account.home) && !existsSync(account.home)) return "fail";
  const before = readSystemFile(path) ?? "";
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  await writeUserFile(ctx, path, `${before}${gap}${line}`, account);
  return "new";
}

async function removeKey(
  ctx: ExecContext,
  args: { user: string; key: string; config: string; fingerprint_hash_type: string | null },
): Promise<string> {
  const current = await keysOf(args.user, args.config, args.fingerprint_hash_type);
  if (!current?.has(args.key)) return "Key not present";
  await rewrite(ctx, args, (line) => keyOf(line)?.key === args.key ? null : line);
  return "Key removed";
}

/** The keys of a file that is fetched; undefined, with a line in the log, when it has none. */
function sourceKeys(
  ctx: ExecContext,
  path: string,
  args: { source: string; fingerprint_hash_type: string | null },
): Map<string, AuthorizedKey> | undefined {
  const keys = parseAuthorizedKeys(readKeyFile(path), args.fingerprint_hash_type);
  if (keys.size > 0) return keys;
  const problem = `No keys detected in ${args.source}. Is file properly formatted?`;
  ctx.log.error(problem);
  ctx.context["ssh_auth.error"] = problem;
  return undefined;
}

async function fetchKeys(
  ctx: ExecContext,
  args: { source: string; saltenv: string; fingerprint_hash_type: string | null },
) {
  const path = await ctx.salt("cp.cache_file", [args.source, args.saltenv]);
  if (!path) throw new CommandExecutionError("Failed to pull key file from salt file server");
  return sourceKeys(ctx, pyStr(path), args);
}

/** Functions about `authorized_keys`. */
export const authorizedFunctions = {
  auth_keys: fn({
    doc: "Returns the keys that let a user in; those of all users when none is named.",
    args: {
      user: { type: "any", default: null, doc: "Name of the user, or a list of them." },
      config,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.auth_keys\nsalt '*' ssh.auth_keys root\n" +
      "salt '*' ssh.auth_keys user='[user1, user2]'",
    async run(_ctx, args) {
      const one = args.user && !Array.isArray(args.user) ? pyStr(args.user) : undefined;
      if (one !== undefined) {
        return asData(await keysOf(one, args.config, args.fingerprint_hash_type));
      }
      const names = Array.isArray(args.user)
        ? args.user.map(pyStr)
        : (await allUsers()).map(({ name }) => name);
      const all: DataMap = {};
      for (const name of names) {
        const keys = await keysOf(name, args.config, args.fingerprint_hash_type);
        if (keys) all[name] = asData(keys);
      }
      return all;
    },
  }),
  check_key: fn({
    doc: "Says what set_auth_key would do: add, update, or exists for nothing.",
    args: {
      user,
      key,
      enc: { type: "string", required: true, doc: "Kind of the key." },
      comment: { type: "string", required: true, doc: "What stands behind the key." },
      options: { type: "any", required: true, doc: "List of what stands in front of it." },
      config,
      cache_keys: cacheKeys,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.check_key <user> <key> <enc> <comment> <options>",
    run: (_ctx, args) => checkKey({ ...args, options: optionList(args.options) }),
  }),
  check_key_file: fn({
    doc: "Says for each key of a file what set_auth_key would do.",
    args: { user, source, config, saltenv, fingerprint_hash_type: hash },
    example: "salt '*' ssh.check_key_file root salt://ssh/keyfile",
    async run(ctx, args) {
      const path = await ctx.salt("cp.cache_file", [args.source, args.saltenv]);
      if (!path) return {};
      const states: DataMap = {};
      for (const [one, entry] of sourceKeys(ctx, pyStr(path), args) ?? []) {
        states[one] = await checkKey({ ...args, ...entry, key: one });
      }
      return states;
    },
  }),
  set_auth_key: fn({
    doc: "Lets a user in by a key. Returns new, replace, no change, fail, invalid, or " +
      "Invalid public key.",
    args: {
      user,
      key,
      enc: { type: "string", default: "ssh-rsa", doc: "Kind of the key." },
      comment: { type: "string", default: "", doc: "What stands behind the key." },
      options: { type: "any", default: null, doc: "List of what stands in front of it." },
      config,
      cache_keys: cacheKeys,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.set_auth_key <user> '<key>' enc='dsa'",
    run: (ctx, args) => setKey(ctx, { ...args, options: optionList(args.options) }),
  }),
  set_auth_key_from_file: fn({
    doc: "Lets a user in by all keys of a file. Returns new, replace, no change or fail.",
    args: {
      user,
      source,
      config,
      saltenv,
      fingerprint_hash_type: hash,
      kwargs: { type: "map", keywords: true, doc: "`options`: in place of those of the file." },
    },
    example: "salt '*' ssh.set_auth_key_from_file <user> salt://ssh_keys/<user>.id_rsa.pub",
    async run(ctx, { kwargs, ...args }) {
      const keys = await fetchKeys(ctx, args);
      if (!keys) return "fail";
      const given = optionList(kwargs["options"] ?? null);
      const results: string[] = [];
      for (const [one, entry] of keys) {
        const options = given.length > 0 ? given : entry.options;
        results.push(await setKey(ctx, { ...args, ...entry, options, key: one }));
      }
      return ["fail", "replace", "new"].find((word) => results.includes(word)) ?? "no change";
    },
  }),
  rm_auth_key: fn({
    doc: "Takes a key away. Returns Key removed or Key not present.",
    args: { user, key, config, fingerprint_hash_type: hash },
    example: "salt '*' ssh.rm_auth_key <user> <key>",
    run: removeKey,
  }),
  rm_auth_key_from_file: fn({
    doc: "Takes all keys of a file away. Returns Key removed, Key not present or fail.",
    args: { user, source, config, saltenv, fingerprint_hash_type: hash },
    example: "salt '*' ssh.rm_auth_key_from_file <user> salt://ssh_keys/<user>.id_rsa.pub",
    async run(ctx, args) {
      const keys = await fetchKeys(ctx, args);
      if (!keys) return "fail";
      const results: string[] = [];
      for (const one of keys.keys()) results.push(await removeKey(ctx, { ...args, key: one }));
      return results.includes("Key removed") ? "Key removed" : "Key not present";
    },
  }),
};
