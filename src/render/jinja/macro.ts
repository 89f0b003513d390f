/** Macros. (`jinja2/runtime.py:Macro`) @module */
import type { MacroDef } from "./ast.ts";
import { fail } from "./errors.ts";
import type { Evaluator } from "./evaluate.ts";
import { Scope } from "./runtime.ts";
import { Dict, type Kwargs, orElse, PyObject, Tuple, type Value } from "./value.ts";

class Macro extends PyObject {
  override readonly typeName = "jinja2.runtime.Macro";
  readonly #definition: MacroDef;
  readonly #run: (args: Value[], kwargs: Kwargs) => Promise<Value>;
  constructor(definition: MacroDef, run: (args: Value[], kwargs: Kwargs) => Promise<Value>) {
    super();
    this.#definition = definition;
    this.#run = run;
  }
  override attr(name: string): Value | undefined {
    const { name: own, params, uses } = this.#definition;
    switch (name) {
      case "name":
        return own;
      case "arguments":
        return new Tuple(params.map((param) => param.name));
      case "catch_kwargs":
        return uses.has("kwargs");
      case "catch_varargs":
        return uses.has("varargs");
      case "caller":
        return uses.has("caller");
      default:
        return undefined;
    }
  }
  override call(args: Value[], kwargs: Kwargs): Promise<Value> {
    return this.#run(args, kwargs);
  }
  override repr(): string {
    return `<Macro '${this.#definition.name}'>`;
  }
}

/** A macro that sees `scope`; `body` gives the text of its body for a scope with its arguments. */
export function makeMacro(
  definition: MacroDef,
  values: Evaluator,
  scope: Scope,
  body: (scope: Scope) => Promise<string>,
): Value {
  const { name, params, uses } = definition;
  return new Macro(definition, async (args, given) => {
    const inner = new Scope(scope);
    const kwargs = new Map(given);
    if (args.length > params.length && !uses.has("varargs")) {
      fail(`macro '${name}' takes not more than ${params.length} argument(s)`);
    }
    for (const [index, param] of params.entries()) {
      const value = await parameter(index, param);
      inner.vars.set(param.name, value);
    }
    async function parameter(index: number, param: MacroDef["params"][number]): Promise<Value> {
      if (index < args.length) {
        if (kwargs.has(param.name)) {
          fail(`macro '${name}' got multiple values for argument '${param.name}'`);
        }
        return args[index]!;
      }
      const named = kwargs.get(param.name);
      if (named !== undefined) {
        kwargs.delete(param.name);
        return named;
      }
      if (param.fallback !== null) return await values.value(param.fallback, inner);
      return values.undefined(`parameter '${param.name}' was not provided`);
    }
    if (uses.has("caller") && !params.some((param) => param.name === "caller")) {
      inner.vars.set(
        "caller",
        orElse(kwargs.get("caller"), () => values.undefined("No caller defined")),
      );
      kwargs.delete("caller");
    }
    if (uses.has("kwargs")) inner.vars.set("kwargs", Dict.of(kwargs));
    else if (kwargs.size > 0) {
      const [key] = kwargs.keys();
      if (kwargs.has("caller")) {
        fail(
          `macro '${name}' does not use 'caller', and a call block gave one`,
        );
      }
      fail(`macro '${name}' takes no keyword argument '${key}'`);
    }
    if (uses.has("varargs")) inner.vars.set("varargs", new Tuple(args.slice(params.length)));
    return await body(inner);
  });
}
