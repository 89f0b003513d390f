/** Looking for files: `file.find` (`salt/utils/find.py`) @module */
import { lstatSync, readdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { messageOf, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { findGroup, findUser } from "../../../process/mod.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import { baseName } from "../../../text/py_path.ts";
import { pyRepr, pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { hashFile } from "./digest.ts";
import { decodeText, readBytes } from "./edit.ts";
import { expandUser, globPaths, statOf } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** Something that was found. */
interface Found {
  path: string;
  stat: Stats;
}

type Test = (found: Found) => boolean;
type Action = (found: Found) => Data | undefined | Promise<Data | undefined>;

function kindOf(stat: Stats): string {
  if (stat.isFile()) return "f";
  if (stat.isDirectory()) return "d";
  if (stat.isSymbolicLink()) return "l";
  if (stat.isBlockDevice()) return "b";
  if (stat.isCharacterDevice()) return "c";
  return stat.isFIFO() ? "p" : stat.isSocket() ? "s" : "?";
}

function words(value: string): string[] {
  return value.replaceAll(",", " ").split(/\s+/).filter(Boolean);
}

function kinds(value: string): Set<string> {
  const letters = value.replace(/[\s,]/g, "");
  const wrong = [...letters].find((letter) => !"bcdflps".includes(letter));
  if (wrong !== undefined) throw new SaltInvocationError(`invalid file type "${wrong}"`);
  return new Set(letters);
}

function namePattern(value: string, ignoreCase: boolean): Test {
  const text = value.replaceAll(".", "\\.").replaceAll("?", ".?").replaceAll("*", ".*");
  const pattern = compilePattern(`${text}$`, ignoreCase ? { i: true } : {});
  return ({ path }) => pattern.match(baseName(path)) !== null;
}

function regexPattern(value: string, ignoreCase: boolean): Test {
  const pattern = compilePattern(value, ignoreCase ? { i: true } : {});
  return ({ path }) => pattern.match(baseName(path)) !== null;
}

const units: Record<string, number> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bounds of a size such as `+1G` (at least), `-10k` (at most) or `5m`. */
export function parseSize(value: string): [min: number, max: number] {
  const [, sign, digits, unit] = /^\s*([-+]?)([\d.]+)\s*([bkmgt]?)\s*$/i.exec(value) ?? [];
  const factor = units[unit?.toLowerCase() || "b"]!;
  const size = Math.trunc(Number(digits) * factor);
  if (digits === undefined || Number.isNaN(size)) {
    throw new SaltInvocationError(`invalid size: "${value}"`);
  }
  if (sign === "-") return [0, size];
  return sign === "+" ? [size, Infinity] : [size, size + factor - 1];
}

const intervals: Record<string, number> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 };

/** Seconds of a time such as `3d 4h`, in whole parts of its smallest unit, and its sign. */
export function parseInterval(value: string): { seconds: number; sign: string } {
  const pattern = /^\s*([-+]?)((?:\s*\d+(?:\.\d*)?\s*[wdhms])+)\s*$/i;
  const [, sign = "", list] = pattern.exec(value) ?? [];
  if (list === undefined) throw new SaltInvocationError(`invalid time interval: '${value}'`);
  const parts = [...list.matchAll(/([\d.]+)\s*([wdhms])/gi)]
    .map(([, number, unit]) => [Number(number), intervals[unit!.toLowerCase()]!] as const);
  const total = parts.reduce((sum, [number, unit]) => sum + number * unit, 0);
  const smallest = Math.min(...parts.map(([, unit]) => unit));
  return { seconds: Math.trunc(total / smallest) * smallest, sign };
}

async function ids(value: string, kind: "user" | "group"): Promise<Set<number>> {
  const found = await Promise.all(
    words(value).map(async (name) => {
      if (/^\d+$/.test(name)) return Number(name);
      const id = kind === "user" ? (await findUser(name))?.uid : (await findGroup(name))?.gid;
      if (id === undefined) throw new SaltInvocationError(`no such ${kind} "${name}"`);
      return id;
    }),
  );
  return new Set(found);
}

/** Tests by the name of their option; undefined for what is no test. */
async function makeTest(key: string, value: string): Promise<Test | undefined> {
  switch (key) {
    case "name":
    case "iname":
      return namePattern(value, key === "iname");
    case "regex":
    case "iregex":
      return regexPattern(value, key === "iregex");
    case "type": {
      const wanted = kinds(value);
      return ({ stat }) => wanted.has(kindOf(stat));
    }
    case "owner": {
      const wanted = await ids(value, "user");
      return ({ stat }) => wanted.has(stat.uid);
    }
    case "group": {
      const wanted = await ids(value, "group");
      return ({ stat }) => wanted.has(stat.gid);
    }
    case "size": {
      const [min, max] = parseSize(value);
      return ({ stat }) => stat.size >= min && stat.size <= max;
    }
    case "mtime": {
      const { seconds, sign } = parseInterval(value);
      const at = Date.now() / 1000 - seconds;
      const time = (stat: Stats) => Math.floor(stat.mtimeMs / 1000);
      return sign === "-" ? ({ stat }) => time(stat) >= at : ({ stat }) => time(stat) <= at;
    }
    case "grep": {
      const pattern = compilePattern(value);
      return ({ path, stat }) =>
        stat.isFile() && pattern.search(decodeText(readBytes(path))) !== null;
    }
    default:
      return undefined;
  }
}

async function property(name: string, { path, stat }: Found): Promise<Data | undefined> {
  switch (name) {
    case "path":
      return path;
    case "name":
      return baseName(path);
    case "size":
      return stat.size;
    case "type":
      return kindOf(stat);
    case "mode":
      return stat.mode & 0o777;
    case "mtime":
      return Math.floor(stat.mtimeMs / 1000);
    case "user":
      return (await findUser(stat.uid))?.name ?? stat.uid;
    case "group":
      return (await findGroup(stat.gid))?.name ?? stat.gid;
    case "md5":
      return stat.isFile() ? await hashFile(path, "md5") : "";
    default:
      return undefined;
  }
}

function printAction(value: string): Action {
  const names = words(value);
  return async (found) => {
    const values = await Promise.all(
      (names.length > 0 ? names : ["path"]).map((name) => property(name, found)),
    );
    const known = values.filter((one) => one !== undefined);
    return known.length === 1 ? known[0]! : known;
  };
}

function deleteAction(value: string, test: boolean): { test: Test; action: Action } {
  const wanted = kinds(value.includes("a") ? "bcdpfls" : value);
  return {
    test: ({ stat }) => wanted.has(kindOf(stat)),
    action: ({ path }) => {
      if (test) return path;
      try {
        rmSync(path, { recursive: true });
        return path;
      } catch {
        return undefined;
      }
    },
  };
}

function execAction(ctx: ExecContext, value: string): Action {
  return async ({ path }) => {
    const command = value.replaceAll("{}", path);
    try {
      const argv = shlexSplit(value).map((word) => word.replaceAll("{}", path));
      const { stdout, stderr } = await runProgram(ctx, argv, { ignoreRetcode: true });
      if (stderr !== "") ctx.log.error(`Error running command: ${command}\n\n${stderr}`);
      return `${command}:\n${stdout}\n`;
    } catch (error) {
      ctx.log.error(`Exception while executing command "${command}": ${messageOf(error)}`);
      return `${path}: Failed`;
    }
  };
}

interface Search {
  tests: Test[];
  actions: Action[];
  mindepth: number;
  maxdepth: number;
}

async function readSearch(ctx: ExecContext, options: DataMap): Promise<Search> {
  const { mindepth = 0, maxdepth = null, test = false, ...rest } = options;
  const search: Search = {
    tests: [],
    actions: [],
    mindepth: Number(pyStr(mindepth)),
    maxdepth: maxdepth === null ? Infinity : Number(pyStr(maxdepth)),
  };
  for (const [key, given] of Object.entries(rest)) {
    if (key.startsWith("_")) continue;
    const value = given === null || given === false ? "" : pyStr(given);
    if (value === "") throw new SaltInvocationError(`missing value for "${key}" option`);
    const made = await makeTest(key, value);
    if (made) search.tests.push(made);
    else if (key === "print") search.actions.push(printAction(value));
    else if (key === "exec") search.actions.push(execAction(ctx, value));
    else if (key === "delete") {
      const removal = deleteAction(value, Boolean(test));
      search.tests.push(removal.test);
      search.actions.push(removal.action);
    } else throw new SaltInvocationError(`invalid option "${key}"`);
  }
  if (search.actions.length === 0) search.actions.push(printAction(""));
  return search;
}

/** Paths below one, itself first; deeper than `maxdepth` nothing is looked at. */
function* pathsBelow(top: string, maxdepth: number): Generator<[path: string, depth: number]> {
  yield [top, 0];
  const queue: [string, number][] = [[top, 0]];
  for (let item = queue.shift(); item; item = queue.shift()) {
    const [folder, depth] = item;
    if (depth >= maxdepth || !lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      continue;
    }
    for (const entry of entries) {
      const path = join(folder, entry.name);
      yield [path, depth + 1];
      if (entry.isDirectory()) queue.push([path, depth + 1]);
    }
  }
}

async function find(ctx: ExecContext, top: string, search: Search): Promise<Data[]> {
  const results: Data[] = [];
  for (const [path, depth] of pathsBelow(top, search.maxdepth)) {
    ctx.signal.throwIfAborted();
    if (depth < search.mindepth) continue;
    // A link that leads nowhere stands for itself.
    const stat = statOf(path) ?? lstatSync(path, { throwIfNoEntry: false });
    if (!stat || !search.tests.every((test) => test({ path, stat }))) continue;
    for (const action of search.actions) {
      const result = await action({ path, stat });
      if (result !== undefined) results.push(result);
    }
  }
  return results;
}

/** Functions that look for files. */
export const findFunctions = {
  find: fn({
    doc: "Lists the files below a path that fit all criteria, sorted.\n\n" +
      "Criteria: name and iname (pattern of shells, with and without case), regex and iregex, type " +
      "(letters of bcdflps), owner, group, size (`+1G`, `-10k`), mtime (`3d`, `-4h`), grep (pattern " +
      "of the content), mindepth, maxdepth. What to return or do: print (name, path, size, type, " +
      "mode, mtime, user, group, md5), delete (letters of types), exec (a command with `{}`).",
    args: {
      path: { ...pathArg, doc: "Path, or pattern of paths." },
      args: { type: "any", variadic: true, doc: "`print` or `delete`, without a value." },
      kwargs: { type: "map", keywords: true, doc: "Criteria and what to do." },
    },
    example: "salt '*' file.find / type=f name=\\*.bak size=+10m\n" +
      "salt '*' file.find /var mtime=+30d size=+10m print=path,size,mtime\n" +
      "salt '*' file.find /var/log name=\\*.[0-9] mtime=+30d size=+10m delete",
    async run(ctx, { path, args, kwargs }) {
      const flags = args.map(pyStr);
      const options: DataMap = {
        ...kwargs,
        ...(flags.includes("delete") ? { delete: "f" } : {}),
        ...(flags.includes("print") && !flags.includes("delete") ? { print: "path" } : {}),
      };
      let search: Search;
      try {
        search = await readSearch(ctx, options);
      } catch (error) {
        if (error instanceof SaltInvocationError) return `error: ${error.message}`;
        throw error;
      }
      const all: Data[] = [];
      for (const top of globPaths(expandUser(ctx, path))) all.push(...await find(ctx, top, search));
      const order = (value: Data) => typeof value === "string" ? value : pyRepr(value);
      return all.sort((a, b) => compareText(order(a), order(b)));
    },
  }),
};
