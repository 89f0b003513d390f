/**
 * Finds and calls runners.
 * @module
 */
import { LoaderError, SaltInvocationError } from "../errors.ts";
import { compareText } from "../text/py_text.ts";
import type { Data } from "../types/mod.ts";
import { bindArguments, loadArguments } from "./bind.ts";
import type { RunnerContext, RunnerFunction, RunnerModule } from "./runner_types.ts";

/** The runners by the names that users call. */
export class RunnerRegistry {
  readonly #functions = new Map<string, RunnerFunction>();

  /** @throws {LoaderError} when two modules claim a name, or an alias names nothing. */
  constructor(modules: readonly RunnerModule[]) {
    for (const module of modules) {
      for (const [name, fn] of Object.entries(module.functions)) this.#add(module, name, fn);
      for (const [alias, name] of Object.entries(module.aliases ?? {})) {
        const fn = module.functions[name];
        if (!fn) throw new LoaderError(`Cannot load "${module.name}.${alias}": no "${name}"`);
        this.#add(module, alias, fn);
      }
    }
  }

  #add(module: RunnerModule, name: string, fn: RunnerFunction): void {
    const full = `${module.name}.${name}`;
    if (this.#functions.has(full)) throw new LoaderError(`Cannot load "${full}": it is taken`);
    this.#functions.set(full, fn);
  }

  /** Names as called, sorted: `jobs.active`. */
  functionNames(): string[] {
    return [...this.#functions.keys()].sort(compareText);
  }

  lookup(fun: string): RunnerFunction | undefined {
    return this.#functions.get(fun);
  }

  /**
   * Calls a runner with arguments as a command line or a publication has them: positional values, maps
   * marked `__kwarg__`, and texts `name=value`.
   * @throws {SaltInvocationError} when there is no such function or it does not take the arguments; what
   * the function throws.
   */
  async call(ctx: RunnerContext, fun: string, arg: readonly Data[]): Promise<Data> {
    const fn = this.lookup(fun);
    if (!fn) throw new SaltInvocationError(`'${fun}' is not available.`);
    const { args, kwargs } = loadArguments(fn, arg);
    return await fn.run(ctx, bindArguments(fun, fn, args, kwargs));
  }
}
