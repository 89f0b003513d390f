/**
 * Texts and reports made from descriptors: docstrings as `sys.doc` shows them, `sys.argspec`.
 * @module
 */
import type { Data, DataMap } from "../types/mod.ts";
import { globFilter } from "../text/glob.ts";
import type { ExecutionFunction, ModuleRegistry } from "./types.ts";

/** What docs are made of; runners' functions have it too. */
type Described = Pick<ExecutionFunction, "doc" | "args" | "example">;

function indent(text: string): string {
  return text.split("\n").map((line) => line === "" ? "" : `    ${line}`).join("\n");
}

/** Lines about the arguments, one paragraph each. */
function argumentDocs(fn: Described): string {
  return Object.entries(fn.args)
    .filter(([, spec]) => spec.doc !== "")
    .map(([name, spec]) => `${name}\n    ${spec.doc.split("\n").join("\n    ")}`)
    .join("\n\n");
}

/**
 * The text that stands in Salt for a function's docstring: what it does, its arguments and a
 * `CLI Example:` block, indented as a docstring is.
 */
export function docText(fn: Described): string {
  const parts = [fn.doc.trim()];
  const args = argumentDocs(fn);
  if (args !== "") parts.push(args);
  if (fn.example) {
    const lines = fn.example.trim().split("\n").map((line) => `    ${line.trim()}`);
    parts.push(`CLI Example${lines.length > 1 ? "s" : ""}:\n\n${lines.join("\n")}`);
  }
  return `\n${indent(parts.join("\n\n"))}\n    `;
}

/** One function's signature in the shape of `sys.argspec`. (`salt/utils/args.py:argspec_report`) */
export function argspecOf(fn: Pick<Described, "args">): DataMap {
  const specs = Object.entries(fn.args);
  const named = specs.filter(([, spec]) => !spec.variadic && !spec.keywords);
  const defaults: Data[] = named.filter(([, spec]) => !spec.required)
    .map(([, spec]) => spec.default ?? null);
  return {
    args: named.length > 0 ? named.map(([name]) => name) : null,
    defaults: defaults.length > 0 ? defaults : null,
    varargs: specs.some(([, spec]) => spec.variadic) ? true : null,
    kwargs: specs.some(([, spec]) => spec.keywords) ? true : null,
  };
}

/**
 * Names of functions that a word of `sys.doc` or `sys.argspec` means: a module (`sys` is not
 * `sysctl`), a function, or a glob. Everything for the empty word.
 */
export function selectFunctions(registry: ModuleRegistry, word: string): string[] {
  const names = registry.functionNames();
  if (word === "") return names;
  if (word.includes("*")) return globFilter(names, word);
  const module = word.endsWith(".") ? word : `${word}.`;
  return names.filter((name) => name === word || name.startsWith(module));
}

/** Docs by function for the given words; all functions when there is none. (`salt/modules/sysmod.py:doc`) */
export function docReport(registry: ModuleRegistry, words: readonly string[] = []): DataMap {
  const docs: DataMap = {};
  for (const word of words.length > 0 ? words : [""]) {
    for (const name of selectFunctions(registry, word)) {
      const found = registry.lookup(name);
      if (found) docs[name] = docText(found.fn);
    }
  }
  return sortKeys(docs);
}

function sortKeys(map: DataMap): DataMap {
  return Object.fromEntries(Object.keys(map).sort().map((key) => [key, map[key]!]));
}
