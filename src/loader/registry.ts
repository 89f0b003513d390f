/**
 * The execution modules that a minion has, from an explicit list.
 *
 * Life of a module: its descriptor is checked when the registry is built; then `virtual` is asked
 * once, with options and grains only, and may look at the machine but not change it; from then on
 * its functions are called, side by side, each with a context of its own.
 * @module
 */
import { LoaderError, messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { ArgSpec, ExecutionFunction, ExecutionModule, LoadContext } from "./types.ts";
import type { ModuleRegistry, RegisteredFunction } from "./types.ts";

const log = getLogger("saltx.loader");

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

/** @throws LoaderError when a descriptor is not whole. */
export function checkModule(module: ExecutionModule): void {
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

/**
 * Whether the option `disable_modules` keeps a module from loading. Salt goes by the names of files there;
 * who writes the name that users call means that too.
 */
function isDisabled({ name }: ExecutionModule, called: string, { opts }: LoadContext): boolean {
  const disabled = nameList(opts["disable_modules"]);
  return disabled.includes(name) || disabled.includes(called);
}

/** The file that serves a name by the option `providers`: `{pkg: aptpkg}`. */
function providersOf({ opts }: LoadContext): [called: string, file: string][] {
  const { providers } = opts as Record<string, unknown>;
  if (providers === null || typeof providers !== "object" || Array.isArray(providers)) return [];
  return Object.entries(providers).filter(([, file]) => typeof file === "string");
}

/** Modules of users: those that load, and why others do not, by name. */
export interface AddedModules {
  modules: readonly ExecutionModule[];
  failed: ReadonlyMap<string, string>;
}

/**
 * Checks and loads modules. Names in listings are sorted. A module that a user added takes the place of
 * those that have its name.
 *
 * @throws LoaderError when a descriptor is not whole or two modules claim a name.
 */
export async function createRegistry(
  modules: readonly ExecutionModule[],
  context: LoadContext,
  added: AddedModules = { modules: [], failed: new Map() },
): Promise<ModuleRegistry> {
  const files = new Set<string>();
  const byName = new Map<string, ExecutionModule>();
  const reasons = new Map<string, string>(added.failed);
  for (const module of added.modules) {
    const called = module.virtualname ?? module.name;
    if (isDisabled(module, called, context)) continue;
    const why = await whyNot(module, context);
    const rival = byName.get(called);
    if (why !== true) reasons.set(called, why);
    else if (rival) {
      log.error(`Custom module "${module.name}" is not loaded: "${called}" is "${rival.name}"`);
    } else byName.set(called, module);
  }
  const replaced = new Set([...byName].flatMap(([called, { name }]) => [called, name]));
  for (const module of modules) {
    if (replaced.has(module.name) || replaced.has(module.virtualname ?? module.name)) continue;
    checkModule(module);
    if (files.has(module.name)) {
      throw new LoaderError(`Cannot load module "${module.name}": the name is taken already`);
    }
    files.add(module.name);
    const called = module.virtualname ?? module.name;
    if (isDisabled(module, called, context)) continue;
    const why = await whyNot(module, context);
    if (why !== true) {
      const before = reasons.get(called);
      reasons.set(called, before === undefined ? why : `${before}; ${why}`);
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
  const served: [string, ExecutionModule][] = [...byName];
  for (const [called, file] of providersOf(context)) {
    checkName("module", called);
    const provider = [...added.modules, ...modules].find(({ name }) => name === file);
    if (provider) served.push([called, provider]);
    else log.warning(`Option providers: there is no module "${file}" to serve "${called}"`);
  }
  return new Registry(served, reasons, nameList(context.opts["whitelist_modules"]));
}

async function whyNot(module: ExecutionModule, context: LoadContext): Promise<true | string> {
  try {
    return module.virtual ? await module.virtual(context) : true;
  } catch (error) {
    return `its check failed: ${messageOf(error)}`;
  }
}

class Registry implements ModuleRegistry {
  readonly #entries = new Map<string, RegisteredFunction>();
  readonly #offered: (name: string) => boolean;
  readonly #modules: string[];
  readonly #names: string[];
  readonly #reasons: Map<string, string>;

  /**
   * @param served Modules by the names they are called by. What stands later takes the place of functions
   * that earlier ones have, and of those alone. (`salt/loader/__init__.py:minion_mods`)
   * @param whitelist Names of modules that are offered; of all when it is empty.
   */
  constructor(
    served: readonly [called: string, ExecutionModule][],
    reasons: Map<string, string>,
    whitelist: readonly string[],
  ) {
    for (const [called, module] of served) {
      const add = (name: string, fn: ExecutionFunction) =>
        this.#entries.set(`${called}.${name}`, { module, fn, name: `${called}.${name}` });
      for (const [name, fn] of Object.entries(module.functions)) add(name, fn);
      for (const [alias, target] of Object.entries(module.aliases ?? {})) {
        add(alias, module.functions[target]!);
      }
    }
    this.#offered = (name) => whitelist.length === 0 || whitelist.includes(name.split(".")[0]!);
    this.#modules = [...new Set(served.map(([called]) => called))].filter(this.#offered).sort();
    this.#names = [...this.#entries.keys()].filter(this.#offered).sort();
    this.#reasons = reasons;
  }

  functionNames(): string[] {
    return [...this.#names];
  }

  moduleNames(): string[] {
    return [...this.#modules];
  }

  lookup(fun: string): RegisteredFunction | undefined {
    return this.#offered(fun) ? this.#entries.get(fun) : undefined;
  }

  within(fun: string): RegisteredFunction | undefined {
    return this.#entries.get(fun);
  }

  unavailable(module: string): string | undefined {
    const known = !this.#offered(module) || this.#modules.includes(module);
    return known ? undefined : this.#reasons.get(module);
  }

  unavailableNames(): string[] {
    return [...this.#reasons.keys()].filter((name) => this.unavailable(name) !== undefined).sort();
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
