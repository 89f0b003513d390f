/**
 * The execution modules that a minion has, from an explicit list.
 *
 * Life of a module: its descriptor is checked when the registry is built; then `virtual` is asked
 * once, with options and grains only, and may look at the machine but not change it; from then on
 * its functions are called, side by side, each with a context of its own.
 * @module
 */
import { LoaderError, messageOf } from "../errors.ts";
import type { ArgSpec, ExecutionFunction, ExecutionModule, LoadContext } from "./types.ts";
import type { ModuleRegistry } from "./types.ts";

// Names that JavaScript or Salt itself give a meaning to.
const reserved = new Set(["then", "constructor", "prototype", "__proto__"]);
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

function checkName(kind: string, name: string): void {
  if (!namePattern.test(name) || reserved.has(name)) {
    throw new LoaderError(`Cannot load ${kind} "${name}": the name is not allowed`);
  }
}

function checkArgs(fun: string, args: Record<string, ArgSpec>): void {
  let optional: string | undefined;
  let last: string | undefined;
  for (const [name, spec] of Object.entries(args)) {
    const fail = (why: string): never => {
      throw new LoaderError(`Cannot load function "${fun}": argument "${name}" ${why}`);
    };
    checkName(`argument of "${fun}"`, name);
    if (last !== undefined) fail(`follows "${last}", which takes all keywords`);
    if (typeof spec.doc !== "string") fail("has no doc");
    if (spec.variadic && spec.keywords) fail("is both variadic and keywords");
    if (spec.required && optional !== undefined) fail(`is required after optional "${optional}"`);
    if (spec.required && spec.default !== undefined) fail("is required and has a default");
    if (spec.keywords) last = name;
    else if (!spec.required && !spec.variadic) optional = name;
  }
}

function checkModule(module: ExecutionModule): void {
  checkName("module", module.virtualname ?? module.name);
  if (module.doc.trim() === "") {
    throw new LoaderError(`Cannot load module "${module.name}": it has no doc`);
  }
  for (const [name, fn] of Object.entries(module.functions)) {
    const fun = `${module.name}.${name}`;
    checkName("function", name);
    if (!fn.doc || fn.doc.trim() === "") {
      throw new LoaderError(`Cannot load function "${fun}": it has no doc`);
    }
    checkArgs(fun, fn.args);
  }
  for (const [alias, target] of Object.entries(module.aliases ?? {})) {
    checkName("alias", alias);
    if (Object.hasOwn(module.functions, alias)) {
      throw new LoaderError(`Cannot load alias "${module.name}.${alias}": a function has the name`);
    }
    if (!Object.hasOwn(module.functions, target)) {
      throw new LoaderError(
        `Cannot load alias "${module.name}.${alias}": there is no function "${target}"`,
      );
    }
  }
}

function nameList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Why options keep a module from loading, if they do. */
function switchedOff(module: string, context: LoadContext): string | undefined {
  const whitelist = nameList(context.opts["whitelist_modules"]);
  if (whitelist.length > 0 && !whitelist.includes(module)) {
    return "it is not in whitelist_modules";
  }
  return nameList(context.opts["disable_modules"]).includes(module)
    ? "it is in disable_modules"
    : undefined;
}

/** Which file serves a virtual name, by the option `providers`: `{pkg: aptpkg}`. */
function overruled(module: ExecutionModule, called: string, context: LoadContext): boolean {
  const providers = context.opts["providers"];
  if (providers === null || typeof providers !== "object") return false;
  const wanted = (providers as Record<string, unknown>)[called];
  return typeof wanted === "string" && wanted !== module.name;
}

interface Entry {
  module: ExecutionModule;
  fn: ExecutionFunction;
  name: string;
}

/**
 * Checks and loads modules. Names in listings are sorted.
 *
 * @throws LoaderError when a descriptor is not whole or two modules claim a name.
 */
export async function createRegistry(
  modules: readonly ExecutionModule[],
  context: LoadContext,
): Promise<ModuleRegistry> {
  const files = new Set<string>();
  const byName = new Map<string, ExecutionModule>();
  const reasons = new Map<string, string>();
  for (const module of modules) {
    checkModule(module);
    if (files.has(module.name)) {
      throw new LoaderError(`Cannot load module "${module.name}": the name is taken already`);
    }
    files.add(module.name);
    const called = module.virtualname ?? module.name;
    const why = await whyNot(module, called, context);
    if (why !== true) {
      reasons.set(called, why);
      continue;
    }
    const rival = byName.get(called);
    if (rival && !(rival.virtual && module.virtual)) {
      throw new LoaderError(
        `Cannot load module "${module.name}": name "${called}" is taken by "${rival.name}"`,
      );
    }
    // Where a machine suits two files of one virtual name, the first of the list serves it.
    if (!rival) byName.set(called, module);
  }
  return new Registry(byName, reasons);
}

async function whyNot(
  module: ExecutionModule,
  called: string,
  context: LoadContext,
): Promise<true | string> {
  const off = switchedOff(called, context) ?? switchedOff(module.name, context);
  if (off !== undefined) return off;
  if (overruled(module, called, context)) return "the option providers names another module";
  try {
    return module.virtual ? await module.virtual(context) : true;
  } catch (error) {
    return `its check failed: ${messageOf(error)}`;
  }
}

class Registry implements ModuleRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #modules: string[];
  readonly #names: string[];
  readonly #reasons: Map<string, string>;

  constructor(modules: Map<string, ExecutionModule>, reasons: Map<string, string>) {
    for (const [called, module] of modules) {
      const add = (name: string, fn: ExecutionFunction) =>
        this.#entries.set(`${called}.${name}`, { module, fn, name: `${called}.${name}` });
      for (const [name, fn] of Object.entries(module.functions)) add(name, fn);
      for (const [alias, target] of Object.entries(module.aliases ?? {})) {
        add(alias, module.functions[target]!);
      }
    }
    this.#modules = [...modules.keys()].sort();
    this.#names = [...this.#entries.keys()].sort();
    this.#reasons = reasons;
  }

  functionNames(): string[] {
    return [...this.#names];
  }

  moduleNames(): string[] {
    return [...this.#modules];
  }

  lookup(fun: string): Entry | undefined {
    return this.#entries.get(fun);
  }

  unavailable(module: string): string | undefined {
    return this.#modules.includes(module) ? undefined : this.#reasons.get(module);
  }

  unavailableNames(): string[] {
    return [...this.#reasons.keys()].filter((name) => !this.#modules.includes(name)).sort();
  }
}

/** What Salt says of a function that is not there. (`salt/loader/lazy.py:missing_fun_string`) */
export function missingFunction(registry: ModuleRegistry, fun: string): string {
  const module = fun.split(".")[0]!;
  const reason = registry.unavailable(module);
  return reason === undefined
    ? `'${fun}' is not available.`
    : `'${module}' __virtual__ returned False: ${reason}`;
}
