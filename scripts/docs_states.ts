/**
 * Whether an option that is said to work is read at all.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ToolDef } from "../src/cli/definitions/mod.ts";
import { optionsOf } from "../src/cli/parse_args.ts";
import { describeOptions } from "../src/config/mod.ts";

const folder = resolve(import.meta.dirname ?? ".", "../src/cli");

/** The tools of the command line; daemons take most options from their configuration. */
const TOOLS = new Set(["salt", "key", "call", "run", "cp"]);

/** Whether the sources of the command lines, without those that only describe options, name a key. */
async function namesInCli(): Promise<(name: string) => boolean> {
  const files = await readdir(folder, { recursive: true });
  const sources = files.filter((file) => file.endsWith(".ts") && !file.startsWith("definitions"));
  const texts = await Promise.all(sources.map((file) => readFile(join(folder, file), "utf8")));
  return namesIn(texts);
}

/** Whether sources name a key, as it is or as `include_${state}` names all that begin so. */
export function namesIn(texts: readonly string[]): (name: string) => boolean {
  const names = new Set(texts.flatMap((text) => text.match(/[a-z][a-z0-9_]+/g) ?? []));
  const parts = texts.flatMap((text) => [...text.matchAll(/`([a-z_]*)\$\{[^}]*\}([a-z_]*)`/g)])
    .filter(([, before, after]) => `${before}${after}`.includes("_"));
  return (name) =>
    names.has(name) ||
    parts.some(([, before, after]) => name.startsWith(before!) && name.endsWith(after!));
}

/**
 * Options that are said to work although no source of the command lines reads them and no honoured
 * configuration option has their name; each as a line that says so.
 */
export async function unreadOptions(tools: readonly ToolDef[]): Promise<string[]> {
  const named = await namesInCli();
  return tools.filter(({ role }) => TOOLS.has(role)).flatMap((tool) => {
    const honoured = new Set(
      tool.config === null ? [] : describeOptions(tool.config)
        .filter((option) => option.honoured === "yes").map(({ key }) => key),
    );
    return optionsOf(tool)
      .filter(({ kind, later, differs }) => kind !== "action" && !later && !differs)
      .filter(({ dest }) => !named(dest) && !honoured.has(dest))
      .map(({ flags }) =>
        `saltx ${tool.role} ${flags.at(-1)} is said to work, and nothing reads it`
      );
  });
}
