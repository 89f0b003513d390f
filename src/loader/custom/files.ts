/**
 * Which files with custom code there are.
 * @module
 */
import { statSync } from "node:fs";
import { extname, join } from "node:path";
import { listFolder } from "../../fs/mod.ts";
import type { CustomFile, CustomKind } from "./messages.ts";

/** Endings of files that are loaded. */
export const CODE = [".ts", ".js", ".mts", ".mjs"];

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** The option with further folders of each kind. */
const FOLDERS: Readonly<Record<CustomKind, string>> = {
  modules: "module_dirs",
  grains: "grains_dirs",
  returners: "returner_dirs",
  output: "outputter_dirs",
  runners: "runner_dirs",
};

/**
 * The files of a kind, by name: those in `extension_modules`, then those in the folders of options. Of
 * two with one name the first counts. Names that begin with an underscore are helpers of others.
 */
export function customFiles(opts: object, kind: CustomKind): CustomFile[] {
  const options = opts as Record<string, unknown>;
  const more = options[FOLDERS[kind]];
  const root = options["extension_modules"];
  const folders = [
    ...(typeof root === "string" && root !== "" ? [join(root, kind)] : []),
    ...(Array.isArray(more) ? more.map(String) : []),
  ];
  const found = new Map<string, CustomFile>();
  for (const folder of folders) {
    for (const entry of listFolder(folder)) {
      const ending = extname(entry);
      const name = entry.slice(0, entry.length - ending.length);
      if (!CODE.includes(ending) || !NAME.test(name) || found.has(name)) continue;
      const path = join(folder, entry);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat?.isFile()) continue;
      const version = `${stat.mtimeMs.toString(36)}-${stat.size}-${stat.ino}`;
      found.set(name, { kind, name, path, version });
    }
  }
  return [...found.values()];
}
