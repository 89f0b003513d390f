/** Keys of other hosts: `ssh.set_known_host`, `ssh.get_known_host_entries` … @module */
import { chmodSync, chownSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { findUser, type User } from "../../../process/mod.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { needProgram, operand, runProgram } from "../_program.ts";
import { readSystemFile } from "../_system_file.ts";
import { fingerprint, writeUserFile } from "./files.ts";

/** A line of `known_hosts`. */
interface HostKey {
  hostname: string;
  key: string;
  enc: string;
  fingerprint: string;
}

interface Place {
  path: string;
  user: User | null;
}

function problem(error: string): DataMap {
  return { status: "error", error };
}

/** The file; a text when it cannot be told which. */
async function placeOf(config: string | null, name: string | null): Promise<Place | string> {
  const file = config || (name ? ".ssh/known_hosts" : "/etc/ssh/ssh_known_hosts");
  const user = name ? await findUser(name) ?? null : null;
  if (isAbsolute(file)) return { path: file, user };
  if (!name) return "Cannot determine absolute path to file.";
  return user ? { path: join(user.home, file), user } : `User ${name} does not exist`;
}

/** As it stands in the file. */
function hostWord(hostname: string, port: number | null): string {
  return !port || port === 22 ? hostname : `[${hostname}]:${port}`;
}

/** Reads what `ssh-keygen -F` and `ssh-keyscan` print. */
export function parseHostKeys(text: string, hash: string | null): HostKey[] {
  return text.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/).filter(Boolean);
    if (line.startsWith("#") || words.length !== 3) return [];
    const [hostname, enc, key] = words as [string, string, string];
    const digest = fingerprint(key, hash);
    return digest === null ? [] : [{ hostname, key, enc, fingerprint: digest }];
  });
}

/** Numbers of lines, from 1, that `ssh-keygen -F` found; only those of a kind of key, if one is given. */
export function matchedLines(text: string, enc: string | null): number[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const found: number[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const kind = lines[at + 1]!.trim().split(/\s+/).at(-2);
    if (enc !== null && kind !== enc) continue;
    const number = Number(lines[at]!.trim().split(/\s+/).at(-1));
    if (Number.isInteger(number)) found.push(number);
  }
  return found;
}

async function find(ctx: ExecContext, word: string, path: string): Promise<string> {
  const argv = ["ssh-keygen", "-F", operand(word, "the name of a host"), "-f", path];
  return (await runProgram(ctx, argv, { ignoreRetcode: true })).stdout;
}

interface Wanted {
  user: string | null;
  hostname: string | null;
  config: string | null;
  port: number | null;
  fingerprint_hash_type: string | null;
}

/** What the file has of a host; a text when there is a problem. */
async function known(ctx: ExecContext, args: Wanted): Promise<HostKey[] | string> {
  const place = await placeOf(args.config, args.user);
  if (typeof place === "string") return place;
  const text = await find(ctx, hostWord(args.hostname ?? "", args.port), place.path);
  return parseHostKeys(text, args.fingerprint_hash_type);
}

interface Scan {
  hostname: string;
  enc: string | null;
  port: number | null;
  hash_known_hosts: boolean;
  timeout: number;
  fingerprint_hash_type: string | null;
}

/** What a host says its keys are; asked up to five times. */
async function scan(ctx: ExecContext, args: Scan): Promise<HostKey[]> {
  needProgram(ctx, "ssh-keyscan");
  const argv = [
    "ssh-keyscan",
    ...(args.port ? ["-p", String(args.port)] : []),
    ...(args.enc ? ["-t", args.enc] : []),
    ...(args.hash_known_hosts ? ["-H"] : []),
    "-T",
    String(args.timeout),
    operand(args.hostname, "the name of a host"),
  ];
  for (let attempts = 5; attempts > 0; attempts--) {
    const { stdout } = await runProgram(ctx, argv);
    if (stdout !== "") return parseHostKeys(stdout, args.fingerprint_hash_type);
  }
  return [];
}

interface SetHost extends Omit<Scan, "hostname"> {
  user: string | null;
  hostname: string | null;
  fingerprint: string | null;
  key: string | null;
  config: string | null;
}

/** The keys to write, or the answer when there is nothing to write. */
async function wantedKeys(
  ctx: ExecContext,
  args: SetHost & { hostname: string },
  stored: readonly HostKey[],
): Promise<HostKey[] | DataMap> {
  const keys = stored.filter(({ enc }) => args.enc === null || enc === args.enc)
    .map((entry) => entry.key);
  const isNew = stored.length === 0 ||
    (args.fingerprint && !stored.some((entry) => entry.fingerprint === args.fingerprint)) ||
    (args.key && !keys.includes(args.key));
  const mayDiffer = args.key === null && args.fingerprint === null;
  if (!isNew && !mayDiffer) return { status: "exists", keys };
  if (args.key) {
    const digest = fingerprint(args.key, args.fingerprint_hash_type) ?? "";
    return [{ hostname: args.hostname, enc: args.enc ?? "", key: args.key, fingerprint: digest }];
  }
  const found = await scan(ctx, args);
  if (found.length === 0) return problem("Unable to receive remote host keys");
  if (args.fingerprint && !found.some((entry) => entry.fingerprint === args.fingerprint)) {
    return problem(
      "Remote host public keys found but none of their fingerprints match the one you have provided",
    );
  }
  const said = new Set(found.map((entry) => entry.key));
  const same = said.symmetricDifference(new Set(keys)).size === 0;
  return !isNew && same ? { status: "exists", keys } : found;
}

function shown(entry: HostKey, given: boolean): DataMap {
  const { fingerprint, ...rest } = entry;
  return given ? rest : { ...rest, fingerprint };
}

async function setHost(ctx: ExecContext, args: SetHost): Promise<DataMap> {
  const { hostname } = args;
  if (!hostname) return problem("hostname argument required");
  if (args.port !== null && args.port !== 22 && args.hash_known_hosts) {
    return problem("argument port can not be used in conjunction with argument hash_known_hosts");
  }
  const stored = await known(ctx, args);
  if (typeof stored === "string") return problem(stored);
  const wanted = await wantedKeys(ctx, { ...args, hostname }, stored);
  if (!Array.isArray(wanted)) return wanted;
  const place = await placeOf(args.config, args.user) as Place;
  const before = readSystemFile(place.path) ?? "";
  const lines = before.split("\n");
  if (before !== "") {
    const word = hostWord(hostname, args.port);
    const gone = matchedLines(await find(ctx, word, place.path), args.enc);
    for (const number of gone.sort((a, b) => b - a)) lines.splice(number - 1, 1);
  }
  const kept = lines.join("\n");
  const plain = args.hash_known_hosts || args.port === 22 || args.port === null;
  const named = (entry: HostKey) => plain || entry.hostname.includes(":");
  const added = wanted.map((entry) => {
    const name = named(entry) ? entry.hostname : `[${entry.hostname}]:${args.port}`;
    return `${name} ${entry.enc} ${entry.key}\n`;
  });
  const gap = kept === "" || kept.endsWith("\n") ? "" : "\n";
  await writeUserFile(ctx, place.path, `${kept}${gap}${added.join("")}`, place.user);
  if (args.key && args.hash_known_hosts) await hashFile(ctx, place);
  return {
    status: "updated",
    old: stored.length > 0 ? stored.map((entry) => shown(entry, false)) : null,
    new: wanted.map((entry) => ({
      ...shown(entry, args.key !== null),
      ...(named(entry) ? {} : { port: args.port }),
    })),
  };
}

/** Runs ssh-keygen, which makes the file anew, and gives it back its mode and owner. */
async function keygen(ctx: ExecContext, words: string[], place: Place): Promise<string> {
  const { mode, uid, gid } = statSync(place.path);
  const { stdout, stderr } = await runProgram(ctx, ["ssh-keygen", ...words, "-f", place.path]);
  chmodSync(place.path, mode & 0o7777);
  const owner = place.user ?? { uid, gid };
  if (process.geteuid?.() === 0) chownSync(place.path, owner.uid, owner.gid);
  return [stdout, stderr].filter(Boolean).join("\n");
}

async function hashFile(ctx: ExecContext, place: Place): Promise<string> {
  return await keygen(ctx, ["-H"], place);
}

async function existing(config: string | null, user: string | null): Promise<Place | string> {
  const place = await placeOf(config, user);
  if (typeof place === "string") return place;
  if (statSync(place.path, { throwIfNoEntry: false })?.isFile()) return place;
  return `Known hosts file ${place.path} does not exist`;
}

const userArg = { type: "string", default: null, doc: "User whose file it is." } as const;
const hostArg = { type: "string", default: null, doc: "Name of the host." } as const;
const configArg = {
  type: "string",
  default: null,
  doc: "The file; `.ssh/known_hosts` of the user, or /etc/ssh/ssh_known_hosts.",
} as const;
const port = { type: "int", default: null, doc: "Port of the host." } as const;
const hash = {
  type: "string",
  default: null,
  doc: "Digest that fingerprints are made by; sha256 when left out.",
} as const;
const enc = { type: "string", default: null, doc: "Kind of key." } as const;
const hashNames = { type: "bool", default: true, doc: "Write digests in place of names." } as const;
const timeout = { type: "int", default: 5, doc: "Seconds to wait for the host." } as const;
const keyArg = { type: "string", default: null, doc: "The key it must be." } as const;
const printArg = { type: "string", default: null, doc: "The fingerprint it must be." } as const;

function asData(entries: readonly HostKey[]): Data {
  return entries.length > 0 ? entries.map((entry) => ({ ...entry })) : null;
}

/** Functions about `known_hosts`. */
export const knownHostsFunctions = {
  get_known_host_entries: fn({
    doc: "Returns what a known_hosts file has of a host; None when that is nothing.",
    args: {
      user: { type: "string", required: true, doc: "User whose file it is; None for all users'." },
      hostname: { type: "string", required: true, doc: "Name of the host." },
      config: configArg,
      port,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.get_known_host_entries <user> <hostname>",
    async run(ctx, args) {
      needProgram(ctx, "ssh-keygen");
      const user = args.user === "None" || args.user === "" ? null : args.user;
      const found = await known(ctx, { ...args, user });
      return typeof found === "string" ? problem(found) : asData(found);
    },
  }),
  recv_known_host_entries: fn({
    doc: "Asks a host for its keys; None when it does not answer.",
    args: {
      hostname: { type: "string", required: true, doc: "Name of the host." },
      enc,
      port,
      hash_known_hosts: hashNames,
      timeout,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.recv_known_host_entries <hostname> enc=<enc> port=<port>",
    run: async (ctx, args) => asData(await scan(ctx, args)),
  }),
  check_known_host: fn({
    doc: "Says what set_known_host would do: add, update, or exists for nothing.",
    args: {
      user: userArg,
      hostname: hostArg,
      key: keyArg,
      fingerprint: printArg,
      config: configArg,
      port,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.check_known_host <user> <hostname> key='AAAA...FAaQ=='",
    async run(ctx, args) {
      if (!args.hostname) return problem("hostname argument required");
      const found = await known(ctx, args);
      if (typeof found === "string") return problem(found);
      if (found.length === 0) return "add";
      const fits = args.key
        ? found.some((entry) => entry.key === args.key)
        : !args.fingerprint || found.some((entry) => entry.fingerprint === args.fingerprint);
      return fits ? "exists" : "update";
    },
  }),
  set_known_host: fn({
    doc: "Writes keys of a host into a known_hosts file: a given one, or those that it says.",
    args: {
      user: userArg,
      hostname: hostArg,
      fingerprint: printArg,
      key: keyArg,
      port,
      enc,
      config: configArg,
      hash_known_hosts: hashNames,
      timeout,
      fingerprint_hash_type: hash,
    },
    example: "salt '*' ssh.set_known_host <user> fingerprint='xx:xx:..:xx' enc='ssh-rsa' " +
      "config='.ssh/known_hosts'",
    run: setHost,
  }),
  rm_known_host: fn({
    doc: "Takes the keys of a host out of a known_hosts file.",
    args: { user: userArg, hostname: hostArg, config: configArg, port },
    example: "salt '*' ssh.rm_known_host <user> <hostname>",
    async run(ctx, args) {
      if (!args.hostname) return problem("hostname argument required");
      const place = await existing(args.config, args.user);
      if (typeof place === "string") return problem(place);
      const word = operand(hostWord(args.hostname, args.port), "the name of a host");
      return { status: "removed", comment: await keygen(ctx, ["-R", word], place) };
    },
  }),
  hash_known_hosts: fn({
    doc: "Has digests in place of names in a known_hosts file.",
    args: { user: userArg, config: configArg },
    example: "salt '*' ssh.hash_known_hosts",
    async run(ctx, args) {
      needProgram(ctx, "ssh-keygen");
      const place = await existing(args.config, args.user);
      if (typeof place === "string") return problem(place);
      return { status: "updated", comment: await hashFile(ctx, place) };
    },
  }),
};
