/** Binds the arguments of built-in functions. @module */
import { fail } from "./errors.ts";
import { type Kwargs, orElse, type Value } from "./value.ts";

/** The arguments of a call, by position or name. */
export class Arguments {
  readonly #function: string;
  readonly #values = new Map<string, Value>();

  /** @throws SaltRenderError when there are too many or unknown ones. */
  constructor(name: string, params: readonly string[], args: readonly Value[], kwargs: Kwargs) {
    this.#function = name;
    if (args.length > params.length) {
      fail(`${name}() takes at most ${params.length} arguments (${args.length} given)`);
    }
    args.forEach((value, index) => this.#values.set(params[index]!, value));
    for (const [key, value] of kwargs) {
      if (!params.includes(key)) fail(`${name}() got an unexpected keyword argument '${key}'`);
      if (this.#values.has(key)) fail(`${name}() got multiple values for argument '${key}'`);
      this.#values.set(key, value);
    }
  }
  has(param: string): boolean {
    return this.#values.has(param);
  }
  get(param: string): Value {
    return orElse(
      this.#values.get(param),
      () => fail(`${this.#function}() missing required argument: '${param}'`),
    );
  }
  or<T extends Value>(param: string, fallback: T): Value {
    return this.#values.has(param) ? this.#values.get(param)! : fallback;
  }
}
