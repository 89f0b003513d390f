/** Modules of the Linux kernel. (`salt/modules/kmod.py`) @module */
import { readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { basename, join } from "node:path";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { compareText } from "../../text/py_text.ts";
import type { DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";
import { readSystemFile, writeSystemFile } from "./_system_file.ts";

/** What `/proc/modules` says, in the shape of `lsmod`. */
export function parseModules(text: string): DataMap[] {
  return text.split("\n").map((line) => line.split(" ")).filter((parts) => parts.length >= 4)
    .map(([module, size, depcount, deps]) => ({
      size: size!,
      module: module!,
      depcount: depcount!,
      deps: deps === "-" ? [] : deps!.split(",").filter(Boolean),
    }));
}

function lsmod(): DataMap[] {
  try {
    return parseModules(readFileSync("/proc/modules", "utf8"));
  } catch {
    // A kernel without loadable modules.
    return [];
  }
}

function loadedNames(): string[] {
  return lsmod().map(({ module }) => module as string).sort(compareText);
}

/** Names of the modules below a folder. */
function moduleFiles(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries.filter((entry) => entry.isFile() && entry.name.includes(".ko"))
    .map(({ name }) => name.slice(0, name.indexOf(".ko")).replaceAll("-", "_"));
}

function available(): string[] {
  const folder = join("/lib/modules", release());
  const builtIn = readSystemFile(join(folder, "modules.builtin")) ?? "";
  const names = builtIn.split("\n").filter(Boolean).map((line) => basename(line).slice(0, -3));
  return [...names, ...moduleFiles(folder)].sort(compareText);
}

function configFile(ctx: ExecContext): string {
  return ctx.grains["systemd"] ? "/etc/modules-load.d/salt_managed.conf" : "/etc/modules";
}

/** Names of the modules that a file has loaded at boot. */
export function persistentNames(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const names = lines.filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/)[0]!);
  return [...new Set(names)].sort(compareText);
}

function persistent(ctx: ExecContext): string[] {
  return persistentNames(readSystemFile(configFile(ctx)) ?? "");
}

/** The file's text with a module, that a comment mark may have switched off. */
export function withModule(text: string, module: string): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const isOff = (line: string) => /^#[\t ]*/.test(line) && line.replace(/^#/, "").trim() === module;
  const at = lines.findIndex(isOff);
  const changed = at < 0 ? [...lines, module] : lines.with(at, module);
  return changed.map((line) => `${line}\n`).join("");
}

/** The file's text without a module: its lines are taken out, or switched off by a comment mark. */
export function withoutModule(text: string, module: string, comment: boolean): string {
  const isOn = (line: string) => line.trim().split(/\s+/)[0] === module;
  const lines = text.replace(/\n$/, "").split("\n");
  const changed = lines.flatMap((line) => !isOn(line) ? [line] : comment ? [`#${line}`] : []);
  return changed.map((line) => `${line}\n`).join("");
}

async function persist(ctx: ExecContext, module: string): Promise<string[]> {
  const [name = ""] = module.split(/\s+/);
  if (persistent(ctx).includes(name) || !available().includes(name)) return [];
  const file = configFile(ctx);
  await writeSystemFile(ctx, file, withModule(readSystemFile(file) ?? "", module));
  return [name];
}

async function forget(ctx: ExecContext, module: string, comment: boolean): Promise<string[]> {
  if (!persistent(ctx).includes(module)) return [];
  const file = configFile(ctx);
  await writeSystemFile(ctx, file, withoutModule(readSystemFile(file) ?? "", module, comment));
  return [module];
}

function without(all: readonly string[], others: readonly string[]): string[] {
  return all.filter((name) => !others.includes(name));
}

function sorted(...lists: string[][]): string[] {
  return [...new Set(lists.flat())].sort(compareText);
}

const mod = { type: "string", required: true, doc: "Name of the module." } as const;

/** The module `kmod`. */
export const kmod = executionModule({
  name: "kmod",
  doc: "Modules of the kernel.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: {
    available: fn({
      doc: "Lists the modules that there are for the running kernel, those built into it too.",
      args: {},
      example: "salt '*' kmod.available",
      run: () => available(),
    }),
    check_available: fn({
      doc: "Says whether there is a module for the running kernel.",
      args: { mod },
      example: "salt '*' kmod.check_available kvm",
      run: (_ctx, args) => available().includes(args.mod),
    }),
    lsmod: fn({
      doc: "Returns what is known of each loaded module.",
      args: {},
      example: "salt '*' kmod.lsmod",
      run: () => lsmod(),
    }),
    mod_list: fn({
      doc: "Lists the loaded modules.",
      args: {
        only_persist: {
          type: "bool",
          default: false,
          doc: "Those that are to be loaded at boot instead.",
        },
      },
      example: "salt '*' kmod.mod_list",
      run: (ctx, args) => args.only_persist ? persistent(ctx) : [...new Set(loadedNames())],
    }),
    is_loaded: fn({
      doc: "Says whether a module is loaded.",
      args: { mod },
      example: "salt '*' kmod.is_loaded kvm",
      run: (_ctx, args) => loadedNames().includes(args.mod),
    }),
    load: fn({
      doc: "Loads a module, and returns the names of all that were loaded with it.",
      args: { mod, persist: { type: "bool", default: false, doc: "Load it at boot too." } },
      example: "salt '*' kmod.load kvm",
      async run(ctx, args) {
        const words = args.mod.split(/\s+/).filter(Boolean);
        operand(words[0] ?? "", "a kernel module");
        const before = loadedNames();
        const done = await runProgram(ctx, ["modprobe", ...words]);
        if (done.retcode !== 0) return `Error loading module ${args.mod}: ${done.stderr}`;
        const kept = args.persist ? await persist(ctx, args.mod.trim()) : [];
        return sorted(without(loadedNames(), before), kept);
      },
    }),
    remove: fn({
      doc: "Unloads a module, and returns the names of all that were unloaded.",
      args: {
        mod,
        persist: { type: "bool", default: false, doc: "Do not load it at boot any more." },
        comment: {
          type: "bool",
          default: true,
          doc: "Turn its line in the file into a comment, rather than take it out.",
        },
      },
      example: "salt '*' kmod.remove kvm",
      async run(ctx, args) {
        const before = loadedNames();
        const done = await runProgram(ctx, ["rmmod", operand(args.mod, "a kernel module")]);
        if (done.retcode !== 0) return `Error removing module ${args.mod}: ${done.stderr}`;
        const gone = args.persist ? await forget(ctx, args.mod, args.comment) : [];
        return sorted(without(before, loadedNames()), gone);
      },
    }),
  },
});
