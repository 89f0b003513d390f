/** Works out expressions. @module */
import { Arguments } from "./arguments.ts";
import type { Args, Expr } from "./ast.ts";
import { fail, SaltRenderError } from "./errors.ts";
import { isNumber, type Kwargs, listOf, orElse } from "./value.ts";
import { negate } from "./numbers.ts";
import { binary, compares, getAttr, getItem, Slice } from "./operators.ts";
import { update } from "./methods.ts";
import type { Filter, FilterContext, Runtime, Scope } from "./runtime.ts";
import { Dict, PyObject, str, truthy, Tuple, typeName, Undefined, type Value } from "./value.ts";

/** Works out expressions of one rendering. */
export class Evaluator implements FilterContext {
  readonly runtime: Runtime;
  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  get strict(): boolean {
    return this.runtime.strict;
  }

  undefined(message: string): Undefined {
    return new Undefined(message, this.strict);
  }

  lookup(name: string, scope: Scope): Value {
    return orElse(scope.get(name), () => this.undefined(`'${name}' is undefined`));
  }

  async all(exprs: readonly Expr[], scope: Scope): Promise<Value[]> {
    const values: Value[] = [];
    for (const expr of exprs) values.push(await this.value(expr, scope));
    return values;
  }

  async value(expr: Expr, scope: Scope): Promise<Value> {
    switch (expr.type) {
      case "const":
        return expr.value;
      case "name":
        return this.lookup(expr.name, scope);
      case "attr":
        return getAttr(await this.value(expr.object, scope), expr.name, this.strict);
      case "item":
        return getItem(
          await this.value(expr.object, scope),
          await this.value(expr.key, scope),
          this.strict,
        );
      case "call":
        return await this.#call(expr, scope);
      case "filter":
        return await this.applyFilter(expr, await this.#operand(expr.object, scope), scope);
      case "test":
        return await this.#test(expr, scope);
      case "compare":
        return await this.#compare(expr.first, expr.rest, scope);
      case "and":
      case "or": {
        const left = await this.value(expr.left, scope);
        return truthy(left) === (expr.type === "and") ? await this.value(expr.right, scope) : left;
      }
      case "not":
        return !truthy(await this.value(expr.operand, scope));
      case "cond":
        return await this.#conditional(expr, scope);
      default:
        return await this.#made(expr, scope);
    }
  }

  /** Literals and arithmetic. */
  async #made(expr: Expr, scope: Scope): Promise<Value> {
    switch (expr.type) {
      case "list":
        return await this.all(expr.items, scope);
      case "tuple":
        return new Tuple(await this.all(expr.items, scope));
      case "concat":
        return (await this.all(expr.items, scope)).map(str).join("");
      case "dict": {
        const dict = new Dict();
        for (const [key, value] of expr.pairs) {
          dict.set(await this.value(key, scope), await this.value(value, scope));
        }
        return dict;
      }
      case "slice": {
        const part = (one: Expr | null) => one === null ? null : this.value(one, scope);
        return new Slice(await part(expr.start), await part(expr.stop), await part(expr.step));
      }
      case "binary": {
        const left = await this.value(expr.left, scope);
        return binary(expr.operator, left, await this.value(expr.right, scope));
      }
      case "neg":
      case "pos": {
        const operand = await this.value(expr.operand, scope);
        if (operand instanceof Undefined) operand.fail();
        if (expr.type === "neg") return negate(operand);
        return isNumber(operand)
          ? operand
          : fail(`bad operand type for unary +: '${typeName(operand)}'`);
      }
      default:
        throw new TypeError(`No expression: ${expr.type}`);
    }
  }

  #operand(object: Expr | null, scope: Scope): Value | Promise<Value> {
    return object === null ? null : this.value(object, scope);
  }

  async #conditional(expr: Expr & { type: "cond" }, scope: Scope): Promise<Value> {
    if (truthy(await this.value(expr.test, scope))) return await this.value(expr.yes, scope);
    if (expr.no !== null) return await this.value(expr.no, scope);
    const message =
      `the inline if-expression on line ${expr.line} evaluated to false and no else ` +
      "section was defined.";
    return new Undefined(message, false);
  }

  async #compare(first: Expr, rest: [string, Expr][], scope: Scope): Promise<boolean> {
    let left = await this.value(first, scope);
    for (const [operator, operand] of rest) {
      const right = await this.value(operand, scope);
      if (!compares(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  async arguments(args: Args, scope: Scope): Promise<{ args: Value[]; kwargs: Kwargs }> {
    const values = await this.all(args.args, scope);
    const kwargs: Kwargs = new Map();
    for (const [key, value] of args.kwargs) kwargs.set(key, await this.value(value, scope));
    if (args.star !== null) values.push(...listOf(await this.value(args.star, scope)));
    if (args.starStar !== null) {
      const dict = new Dict();
      update(dict, await this.value(args.starStar, scope), new Map());
      for (const [key, value] of dict.entries()) kwargs.set(str(key), value);
    }
    return { args: values, kwargs };
  }

  async #call(expr: Expr & { type: "call" }, scope: Scope): Promise<Value> {
    const callee = await this.value(expr.callee, scope);
    if (callee instanceof Undefined) callee.fail();
    const { args, kwargs } = await this.arguments(expr.args, scope);
    return await this.call(callee, args, kwargs);
  }

  async call(callee: Value, args: Value[], kwargs: Kwargs = new Map()): Promise<Value> {
    if (callee instanceof Undefined) callee.fail();
    if (callee instanceof PyObject) return await callee.call(args, kwargs);
    return fail(`'${typeName(callee)}' object is not callable`);
  }

  #run(
    kind: "filter" | "test",
    name: string,
    value: Value,
    { args, kwargs }: { args: Value[]; kwargs: Kwargs },
  ): Value | Promise<Value> {
    const table = kind === "filter" ? this.runtime.filters : this.runtime.tests;
    if (!Object.hasOwn(table, name)) {
      throw new SaltRenderError("syntax", `No ${kind} named '${name}'.`);
    }
    const found: Filter = table[name]!;
    const bound = found.params === null
      ? new Arguments(name, [], [], new Map())
      : new Arguments(name, found.params, args, kwargs);
    return found.run(value, bound, this, { args, kwargs });
  }

  async filter(
    name: string,
    value: Value,
    args: Value[] = [],
    kwargs: Kwargs = new Map(),
  ): Promise<Value> {
    return await this.#run("filter", name, value, { args, kwargs });
  }

  async test(
    name: string,
    value: Value,
    args: Value[] = [],
    kwargs: Kwargs = new Map(),
  ): Promise<boolean> {
    return truthy(await this.#run("test", name, value, { args, kwargs }));
  }

  /** A filter expression whose innermost value is `value` when it has none of its own. */
  async applyFilter(expr: Expr, value: Value, scope: Scope): Promise<Value> {
    if (expr.type !== "filter") return value;
    return await this.#run("filter", expr.name, value, await this.arguments(expr.args, scope));
  }

  /** The filters of a block, on its text. */
  async filterText(expr: Expr | null, text: string, scope: Scope): Promise<Value> {
    if (expr === null || expr.type !== "filter") return text;
    return await this.applyFilter(expr, await this.filterText(expr.object, text, scope), scope);
  }

  async #test(expr: Expr & { type: "test" }, scope: Scope): Promise<boolean> {
    const value = await this.value(expr.object, scope);
    const { args, kwargs } = await this.arguments(expr.args, scope);
    return await this.test(expr.name, value, args, kwargs);
  }
}
