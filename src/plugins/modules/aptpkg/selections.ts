/** What is wanted of packages: `pkg.hold`, `pkg.get_selections` … @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { packageList } from "../_packages.ts";
import { operand, runProgram } from "../_program.ts";
import { readSystemFile } from "../_system_file.ts";
import { apt, packageWord, parseSelections } from "./apt.ts";

const states = ["install", "hold", "deinstall", "purge"];

async function selections(ctx: ExecContext, pattern = "*"): Promise<Record<string, string[]>> {
  const argv = ["dpkg", "--get-selections", operand(pattern, "the name of a package")];
  return parseSelections((await runProgram(ctx, argv)).stdout);
}

/** Names of the packages that are held. */
export async function heldPackages(ctx: ExecContext): Promise<string[]> {
  return (await selections(ctx))["hold"] ?? [];
}

/** Sets what is wanted of packages. Returns what changed. */
export async function changeHolds(
  ctx: ExecContext,
  names: readonly string[],
  state: string,
): Promise<DataMap> {
  return await setSelections(ctx, { [state]: [...names] });
}

async function setSelections(ctx: ExecContext, wanted: Record<string, string[]>): Promise<DataMap> {
  const known = new Map(
    Object.entries(await selections(ctx))
      .flatMap(([state, names]) => names.map((name) => [name, state] as const)),
  );
  const changes: DataMap = {};
  for (const [state, names] of Object.entries(wanted)) {
    for (const name of names) {
      const before = known.get(name) ?? null;
      if (before === state || ctx.opts["test"] === true) continue;
      const stdin = `${packageWord(name)} ${state}\n`;
      const done = await apt(ctx, ["dpkg", "--set-selections"], { scope: false, stdin });
      if (done.retcode === 0) changes[name] = { old: before, new: state };
      else ctx.log.error(`Package ${name} could not be set to ${state}: ${done.stderr}`);
    }
  }
  return changes;
}

/** Names of a call that gives one of `name`, `pkgs` and `sources`. */
function targetNames(name: string | null, pkgs: Data, sources: Data): string[] {
  if (!name && !pyTruthy(pkgs) && !pyTruthy(sources)) {
    throw new SaltInvocationError("One of name, pkgs, or sources must be specified.");
  }
  if (pyTruthy(pkgs) && pyTruthy(sources)) {
    throw new SaltInvocationError("Only one of pkgs or sources can be specified.");
  }
  const list = pyTruthy(pkgs) ? pkgs : pyTruthy(sources) ? sources : name;
  return packageList(list).map(([one]) => one);
}

interface Hold {
  name: string | null;
  pkgs: Data;
  sources: Data;
}

/** What is said of a package that is held, or is not. */
interface Wording {
  already: string;
  wouldBe: string;
  now: string;
}

const holdWording: Wording = {
  already: "is already set to be held.",
  wouldBe: "is set to be held.",
  now: "is now being held.",
};
const unholdWording: Wording = {
  already: "is already set not to be held.",
  wouldBe: "is set not to be held.",
  now: "is no longer being held.",
};

async function setHold(ctx: ExecContext, args: Hold, hold: boolean): Promise<DataMap> {
  const wording = hold ? holdWording : unholdWording;
  const results: DataMap = {};
  for (const name of targetNames(args.name, args.pkgs, args.sources)) {
    const state = await selections(ctx, name);
    const say = (result: boolean | null, comment: string, changes: Data = {}) => {
      results[name] = { name, changes, result, comment: `Package ${name} ${comment}` };
    };
    if (!hold && Object.keys(state).length === 0) say(false, "does not have a state.");
    else if ((state["hold"] ?? []).length > 0 === hold) say(true, wording.already);
    else if (ctx.opts["test"] === true) say(null, wording.wouldBe);
    else {
      const changes = await changeHolds(ctx, [name], hold ? "hold" : "install");
      if (!Object.hasOwn(changes, name)) {
        throw new CommandExecutionError(`dpkg did not take the selection of ${name}`);
      }
      say(true, wording.now, changes[name]!);
    }
  }
  return results;
}

function readSelection(selection: Data): Record<string, string[]> {
  if (!isMap(selection)) throw new SaltInvocationError("Improperly-formatted selection: not a map");
  const bad = Object.keys(selection).filter((state) => !states.includes(state));
  if (bad.length > 0) throw new SaltInvocationError(`Invalid state(s): ${bad.join(", ")}`);
  return Object.fromEntries(
    Object.entries(selection).map(([state, names]) => [state, [names].flat().map(pyStr)]),
  );
}

interface SetSelections {
  path: string | null;
  selection: Data;
  clear: boolean;
  saltenv: string;
}

async function setFrom(ctx: ExecContext, args: SetSelections): Promise<DataMap> {
  const { path, selection } = args;
  if (path && pyTruthy(selection)) {
    throw new SaltInvocationError(
      "The 'selection' and 'path' arguments to pkg.set_selections are mutually exclusive, and " +
        "cannot be specified together",
    );
  }
  if (!path && !pyTruthy(selection)) return {};
  let wanted: Data = selection;
  if (path) {
    const file = pyStr(await ctx.salt("cp.cache_file", [path, args.saltenv]));
    const text = readSystemFile(file);
    if (text === undefined) throw new CommandExecutionError(`Cannot read selections from ${path}`);
    wanted = parseSelections(text);
  } else if (typeof wanted === "string") {
    const { parseYaml } = await import("../../../serializers/yaml.ts");
    wanted = parseYaml(wanted);
  }
  const read = readSelection(wanted);
  if (args.clear && ctx.opts["test"] !== true) {
    const done = await apt(ctx, ["dpkg", "--clear-selections"], { scope: false });
    if (done.retcode !== 0) {
      throw new CommandExecutionError(`Running dpkg --clear-selections failed: ${done.stderr}`);
    }
  }
  return await setSelections(ctx, read);
}

const name = { type: "string", default: null, doc: "Name of the package." } as const;
const pkgs = { type: "any", default: null, doc: "List of names." } as const;
const sources = { type: "any", default: null, doc: "List of maps, by name." } as const;
const kwargs = { type: "map", keywords: true, doc: "" } as const;

/** Functions about what is wanted of packages. */
export const selectionFunctions = {
  hold: fn({
    doc: "Keeps packages in their version.",
    args: { name, pkgs, sources, kwargs },
    example: "salt '*' pkg.hold <package name>\n" + `salt '*' pkg.hold pkgs='["foo", "bar"]'`,
    run: (ctx, args) => setHold(ctx, args, true),
  }),
  unhold: fn({
    doc: "Lets packages be upgraded again.",
    args: { name, pkgs, sources, kwargs },
    example: "salt '*' pkg.unhold <package name>\n" + `salt '*' pkg.unhold pkgs='["foo", "bar"]'`,
    run: (ctx, args) => setHold(ctx, args, false),
  }),
  get_selections: fn({
    doc: "Returns packages by what is wanted of them.",
    args: {
      pattern: { type: "string", default: null, doc: "Pattern of names; all when left out." },
      state: { type: "string", default: null, doc: "Only of this state." },
    },
    example: "salt '*' pkg.get_selections\nsalt '*' pkg.get_selections 'python-*' state=hold",
    async run(ctx, args) {
      const found = await selections(ctx, args.pattern || "*");
      return args.state ? { [args.state]: found[args.state] ?? [] } : found;
    },
  }),
  set_selections: fn({
    doc: "Sets what is wanted of packages. Returns what changed.",
    args: {
      path: { type: "string", default: null, doc: "File of selections: a path or a URL." },
      selection: { type: "any", default: null, doc: "Map of states and lists of names." },
      clear: { type: "bool", default: false, doc: "Have all others deinstalled." },
      saltenv: { type: "string", default: "base", doc: "Environment of the file." },
    },
    example: `salt '*' pkg.set_selections selection='{"install": ["netcat"]}'\n` +
      "salt '*' pkg.set_selections salt://path/to/file",
    run: setFrom,
  }),
};
