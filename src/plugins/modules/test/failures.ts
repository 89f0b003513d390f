/** Functions of `test` that fail, or call others. @module */
import * as errors from "../../../errors.ts";
import { InvalidArguments } from "../../../loader/bind.ts";
import { callNamed } from "../../../loader/context.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyRepr, pyStr, pyTruthy } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { cleanKwargs } from "./arguments.ts";

/** Exceptions that every Python has, of those that can be raised with a text. */
const builtins = new Set(
  ("ArithmeticError AssertionError AttributeError BufferError EOFError Exception " +
    "FileExistsError FileNotFoundError FloatingPointError IOError ImportError IndexError KeyError " +
    "LookupError MemoryError ModuleNotFoundError NameError NotImplementedError OSError " +
    "OverflowError PermissionError RecursionError ReferenceError RuntimeError StopIteration " +
    "SyntaxError SystemError TimeoutError TypeError ValueError ZeroDivisionError").split(" "),
);
const osErrors = new Set(
  ["OSError", "IOError", "FileExistsError", "FileNotFoundError", "PermissionError", "TimeoutError"],
);

/** The text that Python's exception of this class has for its arguments. */
function messageFor(name: string, args: Data[]): string {
  if (osErrors.has(name) && args.length >= 2) {
    const [code, text, path] = args;
    const where = path === undefined ? "" : `: ${pyRepr(path)}`;
    return `[Errno ${pyStr(code!)}] ${pyStr(text!)}${where}`;
  }
  if (args.length === 0) return "";
  return args.length === 1 ? pyStr(args[0]!) : `(${args.map(pyRepr).join(", ")})`;
}

/** The exception of a Python name, or null when it is none. */
function exceptionFor(name: string, args: Data[]): Error | null {
  const own = name.replace(/^salt\.exceptions\./, "");
  const text = messageFor(own, args);
  if (own !== name) {
    const known = (errors as Record<string, unknown>)[own];
    if (typeof known !== "function" || !(known.prototype instanceof errors.SaltException)) {
      return own === "SaltException" ? new errors.SaltException(text) : null;
    }
    return new (known as new (message: string) => Error)(text);
  }
  if (!builtins.has(name)) return null;
  if (name === "TypeError") return new InvalidArguments(text);
  const error = new Error(text);
  error.name = name;
  return error;
}

async function attempt(ctx: ExecContext, module: string, kwargs: Record<string, Data>) {
  try {
    return { value: await callNamed(ctx, module, [], kwargs) };
  } catch (error) {
    ctx.signal.throwIfAborted();
    return { error: errors.messageOf(error) };
  }
}

/** Exceptions, assertions, calls of other functions. */
export const failureFunctions = {
  exception: fn({
    doc: "Raises an exception.",
    args: { message: { type: "string", default: "Test Exception", doc: "Its text." } },
    example: "salt '*' test.exception 'Oh noes!'",
    run(_ctx, { message }) {
      throw new Error(message);
    },
  }),
  raise_exception: fn({
    doc: "Raises an exception of a class: one of Python's, or `salt.exceptions.…`.",
    args: {
      name: { type: "string", required: true, doc: "The class." },
      args: { type: "list", variadic: true, doc: "What it is made of." },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    example: "salt '*' test.raise_exception TypeError 'An integer is required'\n" +
      "salt '*' test.raise_exception salt.exceptions.CommandExecutionError 'Something went wrong'",
    run(ctx, { name, args }) {
      const error = exceptionFor(name, args);
      if (error) throw error;
      ctx.log.error(`No such exception: ${name}`);
      return false;
    },
  }),
  assertion: fn({
    doc: "Fails unless its argument is true.",
    args: { assertion: { type: "any", required: true, doc: "What must be true." } },
    example: "salt '*' test.assertion False",
    run(_ctx, { assertion }) {
      if (pyTruthy(assertion)) return null;
      const error = new Error("");
      error.name = "AssertionError";
      throw error;
    },
  }),
  try: fn({
    doc: "Calls a function and returns nothing if that fails.",
    args: {
      module: { type: "string", required: true, doc: "The function." },
      return_try_exception: {
        type: "bool",
        default: false,
        doc: "Returns the text of the failure instead.",
      },
      kwargs: { type: "map", keywords: true, doc: "Its arguments." },
    },
    example: "salt '*' test.try disk.usage",
    async run(ctx, { module, return_try_exception, kwargs }) {
      const done = await attempt(ctx, module, cleanKwargs(kwargs));
      if ("value" in done) return done.value ?? null;
      return return_try_exception ? done.error ?? null : null;
    },
  }),
  cross_test: fn({
    doc: "Calls another function.",
    args: {
      func: { type: "string", required: true, doc: "The function." },
      args: { type: "list", doc: "Its arguments." },
    },
    example: "salt '*' test.cross_test test.echo '[foo]'",
    run: (ctx, { func, args }) => callNamed(ctx, func, args ?? []),
  }),
  stack: fn({
    doc: "Returns where in the program this function runs.",
    args: {},
    example: "salt '*' test.stack",
    run: () => `${(new Error().stack ?? "").split("\n").slice(1).join("\n")}\n`,
  }),
  deprecation_warning: fn({
    doc: "Logs a warning of something that will go away.",
    args: {},
    example: "salt '*' test.deprecation_warning",
    run(ctx) {
      ctx.log.warning("This is a test deprecation warning");
      return true;
    },
  }),
};
