/**
 * Execution functions of saltx beside those of real Salt, one by one.
 * @module
 */
import type { ArgSpec, ExecutionFunction, ExecutionModule } from "../../src/loader/types.ts";
import { pyRepr } from "../../src/text/py_repr.ts";
import { differs, notYet } from "./reasons.ts";

/** A file of Salt's `modules` folder, as `tests/cases/salt_functions.json` has it. */
export interface SaltModule {
  /** The name that users call. */
  called: string;
  /** The last release that had the file, where the newest has not. */
  "since gone"?: string;
  /** Arguments by function: `name, refresh=False, *args, **kwargs`. */
  functions: Record<string, string>;
}

/** All of `tests/cases/salt_functions.json`. */
export interface SaltTable {
  version: string;
  modules: Record<string, SaltModule>;
}

/** How a function of one stands to that of the other. */
export type State = "same" | "differs" | "not yet" | "only here";

/** One function. */
export interface Row {
  name: string;
  state: State;
  /** How it differs, or why it is not here; empty otherwise. */
  why: string;
  fn?: ExecutionFunction;
  /** Salt's arguments, where it has the function. */
  theirs?: string;
}

/** One file. */
export interface Comparison {
  /** Name of Salt's file. */
  file: string;
  called: string;
  module?: ExecutionModule;
  /** Whether the newest Salt does not have it any more. */
  gone?: string;
  rows: Row[];
}

function word(name: string, spec: ArgSpec): string {
  if (spec.variadic) return "*args";
  if (spec.keywords) return "**kwargs";
  return spec.required ? name : `${name}=${pyRepr(spec.usually ?? spec.default ?? null)}`;
}

/** A function's arguments, written as Python would. */
export function signatureOf(fn: ExecutionFunction): string {
  return Object.entries(fn.args).map(([name, spec]) => word(name, spec)).join(", ");
}

/** Arguments of a signature; commas inside of brackets and texts do not part them. */
function split(signature: string): string[] {
  const parts = signature.match(/(?:[^,[{('"]|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)|'[^']*'|"[^"]*")+/g);
  return (parts ?? []).map((part) => part.trim()).filter(Boolean);
}

function same(theirs: string, ours: string): boolean {
  if (theirs === ours || theirs.endsWith("=...") && theirs.split("=")[0] === ours.split("=")[0]) {
    return true;
  }
  const [theirName, theirValue] = theirs.split("=");
  const [ourName, ourValue] = ours.split("=");
  return theirName === ourName && theirValue !== undefined && ourValue !== undefined &&
    Number(theirValue) === Number(ourValue);
}

/**
 * Whether every call that Salt's function takes can be given to ours. What stands behind `*args` is
 * given by name only; `**kwargs` takes it as well.
 */
export function accepts(theirs: string, ours: string): boolean {
  const [wanted, given] = [split(theirs), split(ours)];
  const rest = wanted.indexOf("*args");
  const positional = rest < 0 ? wanted : wanted.slice(0, rest + 1);
  const byName = rest < 0 ? [] : wanted.slice(rest + 1);
  const takesAll = given.includes("**kwargs");
  return positional.every((one, at) =>
    one === "**kwargs" ? takesAll : given[at] !== undefined && same(one, given[at]!)
  ) && byName.every((one) => takesAll || given.some((own) => same(one, own)));
}

function functionsOf(module: ExecutionModule | undefined): Record<string, ExecutionFunction> {
  if (!module) return {};
  const aliases = Object.entries(module.aliases ?? {})
    .map(([alias, target]) => [alias, module.functions[target]!] as const);
  return { ...module.functions, ...Object.fromEntries(aliases) };
}

/** Why a function is not here. */
function whyNot(file: string, name: string): string {
  return notYet[`${file}.${name}`] ?? notYet[file] ?? "";
}

function rowOf(
  file: string,
  name: string,
  fn: ExecutionFunction | undefined,
  theirs: string | undefined,
): Row {
  const key = `${file}.${name}`;
  const common = { name, ...(theirs === undefined ? {} : { theirs }) };
  if (!fn) return { ...common, state: "not yet", why: whyNot(file, name) };
  if (theirs === undefined) return { ...common, fn, state: "only here", why: differs[key] ?? "" };
  const why = differs[key] ?? "";
  const alike = accepts(theirs, signatureOf(fn));
  return { ...common, fn, state: alike && why === "" ? "same" : "differs", why };
}

/** Compares one file of Salt's with ours of that name; undefined when neither has it. */
export function compareFile(
  file: string,
  salt: SaltTable,
  modules: readonly ExecutionModule[],
): Comparison | undefined {
  const theirs = salt.modules[file];
  const called = theirs?.called ?? file;
  const module = modules.find(({ name }) => name === file) ??
    modules.find(({ name, virtualname }) => (virtualname ?? name) === called && name === called);
  if (!theirs && !module) return undefined;
  const ours = functionsOf(module);
  const names = [...new Set([...Object.keys(theirs?.functions ?? {}), ...Object.keys(ours)])];
  return {
    file,
    called: module ? module.virtualname ?? module.name : called,
    ...(module ? { module } : {}),
    ...(theirs?.["since gone"] ? { gone: theirs["since gone"] } : {}),
    rows: names.sort().map((name) => rowOf(file, name, ours[name], theirs?.functions[name])),
  };
}

/** Functions whose state lacks its reason. */
export function unexplained({ file, rows }: Comparison): string[] {
  return rows.filter(({ state, why }) => (state === "not yet" || state === "differs") && why === "")
    .map(({ name, state, theirs }) => `${file}.${name} (${state}; Salt: ${theirs})`);
}

/** A function that is used much, with its state here. */
export interface UsedRow {
  /** As called: `cmd.run`. */
  name: string;
  /** Of each file of ours that has it, or of Salt's where none has. */
  rows: { file: string; row: Row }[];
  /** Where Salt has it by no such name. */
  otherwise?: string;
}

/**
 * The state of each function that is used much.
 * @throws Error that names those that neither Salt nor saltx has, and of which nothing is said.
 */
export function usedRows(
  used: readonly string[],
  all: readonly Comparison[],
  otherwise: Readonly<Record<string, string>>,
): UsedRow[] {
  const names = used.flatMap((line) => {
    const [called = "", functions = ""] = line.split(": ");
    return functions.split(" ").map((name) => [called, name] as const);
  });
  const found = names.map(([called, name]): UsedRow => {
    const rows = all.filter((one) => one.called === called).flatMap(({ file, rows }) =>
      rows.filter((row) => row.name === name).map((row) => ({ file, row }))
    );
    const here = rows.filter(({ row }) => row.fn);
    const said = otherwise[`${called}.${name}`];
    return {
      name: `${called}.${name}`,
      rows: here.length > 0 ? here : rows,
      ...(said === undefined ? {} : { otherwise: said }),
    };
  });
  const unknown = found.filter((one) => one.rows.length === 0 && one.otherwise === undefined);
  if (unknown.length === 0) return found;
  throw new Error(`Nobody has ${unknown.map(({ name }) => name).join(", ")}`);
}
