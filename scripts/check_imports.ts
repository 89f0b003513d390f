/**
 * Checks that modules below `src` import from their own row of the architecture or a lower one only,
 * that folders of one row do so one way, and that no modules import each other in a circle.
 *
 *     deno task imports
 *
 * Prints each offence as `file:line: what`, and exits with 1 when there is any. Imports of types alone
 * and dynamic ones obey the rows too, but form no circle that runs.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The rows of the architecture, lowest first; each name is a folder or a file below `src`. */
export const ROWS: readonly (readonly string[])[] = [
  ["types"],
  ["errors.ts", "version.ts", "text", "fs", "process", "host", "runtime"],
  ["logging", "serializers", "config", "crypt"],
  ["key", "cache", "transport", "render"],
  ["channel", "event", "loader"],
  ["state", "fileclient"],
  ["plugins"],
  ["client"],
  ["minion", "master"],
  ["cli", "main.ts", "threads.ts", "thread_main.ts"],
];

/** Folders that may look up for types: the loader types its functions after the built-in lists. */
const TYPES_FROM_ABOVE: ReadonlyMap<string, string> = new Map([["loader", "plugins"]]);

/** One `import` or `export … from` of another module of ours, or a dynamic `import()`. */
export interface Import {
  line: number;
  specifier: string;
  typeOnly: boolean;
  dynamic: boolean;
}

/** Something wrong; `file` is relative to the root. */
export interface Offence {
  file: string;
  line: number;
  message: string;
}

const STATIC =
  /^[ \t]*(import|export)\b(?:\s+(type)\b(?!\s*(?:,|from\b)))?(?:[^;"'`()]*?\bfrom)?\s*(["'])(\.{1,2}\/[^"']+)\3/gm;
const DYNAMIC = /\bimport\(\s*(["'])(\.{1,2}\/[^"']+)\1\s*\)/g;

/** The relative imports of one module's source, in order. */
export function findImports(source: string): Import[] {
  const code = blankComments(source);
  const lineOf = (index: number) => code.slice(0, index).split("\n").length;
  const found: Import[] = [];
  for (const match of code.matchAll(STATIC)) {
    const typeOnly = match[2] === "type";
    const line = lineOf(match.index + match[0].length);
    found.push({ line, specifier: match[4]!, typeOnly, dynamic: false });
  }
  for (const match of code.matchAll(DYNAMIC)) {
    found.push({ line: lineOf(match.index), specifier: match[2]!, typeOnly: false, dynamic: true });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** Comments become blanks, so that examples in them are no imports; strings and line numbers stay. */
function blankComments(source: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return source.replace(
    token,
    (text) => text.startsWith("/") ? text.replace(/[^\n]/g, " ") : text,
  );
}

/** The folder or file below `src` that a module belongs to. */
function partOf(path: string): string {
  return path.split(sep)[0]!;
}

function rowOf(path: string): number {
  return ROWS.findIndex((row) => row.includes(partOf(path)));
}

/** Checks modules given by their path below `src` and their source. */
export function checkImports(modules: ReadonlyMap<string, string>): Offence[] {
  const offences: Offence[] = [];
  const graph = new Map<string, { to: string; line: number }[]>();
  for (const [path, source] of modules) {
    const edges: { to: string; line: number }[] = [];
    graph.set(path, edges);
    if (rowOf(path) < 0) {
      offences.push({ file: path, line: 1, message: `"${partOf(path)}" is in no row` });
      continue;
    }
    for (const found of findImports(source)) {
      const to = normalize(join(dirname(path), found.specifier));
      offences.push(...checkOne(path, to, found, modules));
      if (!found.typeOnly && !found.dynamic) edges.push({ to, line: found.line });
    }
  }
  return [...offences, ...findTwoWays(graph), ...findCircles(graph)];
}

function checkOne(
  path: string,
  to: string,
  found: Import,
  modules: ReadonlyMap<string, string>,
): Offence[] {
  const at = { file: path, line: found.line };
  if (to.startsWith("..")) return [{ ...at, message: `${found.specifier} is outside src` }];
  if (!modules.has(to)) return [{ ...at, message: `${found.specifier} does not exist` }];
  const [from, target] = [rowOf(path), rowOf(to)];
  if (target <= from) return [];
  if (found.typeOnly && TYPES_FROM_ABOVE.get(partOf(path)) === partOf(to)) return [];
  const message = `row ${from + 1} may not import ${to} of row ${target + 1}`;
  return [{ ...at, message }];
}

/** Pairs of parts in one row that import each other; told at the first import of either. */
function findTwoWays(graph: ReadonlyMap<string, { to: string; line: number }[]>): Offence[] {
  const first = new Map<string, { file: string; line: number }>();
  for (const [file, edges] of graph) {
    for (const { to, line } of edges) {
      const [from, target] = [partOf(file), partOf(to)];
      const key = `${from} → ${target}`;
      if (from !== target && rowOf(file) === rowOf(to) && !first.has(key)) {
        first.set(key, { file, line });
      }
    }
  }
  return [...first].flatMap(([key, at]) => {
    const [from, target] = key.split(" → ");
    const back = first.has(`${target} → ${from}`);
    return back ? [{ ...at, message: `${from} and ${target} import each other` }] : [];
  });
}

/** Circles of imports that run, each told once, at its first module by name. */
function findCircles(graph: ReadonlyMap<string, { to: string; line: number }[]>): Offence[] {
  const offences: Offence[] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const visit = (path: string) => {
    state.set(path, "open");
    trail.push(path);
    for (const { to, line } of graph.get(path) ?? []) {
      if (state.get(to) === "open") {
        const circle = [...trail.slice(trail.indexOf(to)), to].join(" → ");
        offences.push({ file: path, line, message: `circle: ${circle}` });
      } else if (!state.has(to)) visit(to);
    }
    trail.pop();
    state.set(path, "done");
  };
  for (const path of [...graph.keys()].sort()) if (!state.has(path)) visit(path);
  return offences;
}

async function readModules(folder: string): Promise<Map<string, string>> {
  const modules = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    modules.set(relative(folder, path), await readFile(path, "utf8"));
  }
  return modules;
}

if (import.meta.main) {
  const src = join(dirname(dirname(fileURLToPath(import.meta.url))), "src");
  const offences = checkImports(await readModules(src));
  for (const { file, line, message } of offences) console.error(`src/${file}:${line}: ${message}`);
  if (offences.length > 0) process.exitCode = 1;
}
