/** Functions of `test` that show the arguments they got. @module */
import { fn } from "../../../loader/types.ts";
import { pyRepr, pyTypeName } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";

const anyArgs = {
  args: { type: "any", variadic: true, doc: "" },
  kwargs: { type: "any", keywords: true, doc: "" },
} as const;

function typeText(value: Data): string {
  return `<class '${pyTypeName(value)}'>`;
}

function reprTuple(items: readonly Data[]): string {
  const inner = items.map(pyRepr).join(", ");
  return items.length === 1 ? `(${inner},)` : `(${inner})`;
}

/** Keyword arguments without what the minion adds about the job. (`salt/utils/args.py:clean_kwargs`) */
export function cleanKwargs(kwargs: DataMap): DataMap {
  return Object.fromEntries(Object.entries(kwargs).filter(([key]) => !key.startsWith("__")));
}

/** Functions that return what they get. */
export const argumentFunctions = {
  arg: fn({
    doc:
      "Returns the positional and keyword arguments as they arrived, with what the minion adds " +
      "about the job.",
    args: anyArgs,
    example: `salt '*' test.arg 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'`,
    run: (_ctx, { args, kwargs }) => ({ args, kwargs }),
  }),
  arg_clean: fn({
    doc: "Returns the positional and keyword arguments without what the minion adds about the job.",
    args: anyArgs,
    example: `salt '*' test.arg_clean 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'`,
    run: (_ctx, { args, kwargs }) => ({ args, kwargs: cleanKwargs(kwargs) }),
  }),
  arg_repr: fn({
    doc: "Returns the arguments as Python writes them.",
    args: anyArgs,
    example: `salt '*' test.arg_repr 1 "two" 3.1 txt="hello" wow='{a: 1, b: "hello"}'`,
    run: (_ctx, { args, kwargs }) => ({ args: reprTuple(args), kwargs: pyRepr(kwargs) }),
  }),
  arg_type: fn({
    doc: "Returns the types of the arguments, in Python's words.",
    args: anyArgs,
    example: "salt '*' test.arg_type 1 'int'",
    run: (_ctx, { args, kwargs }) => ({
      args: args.map(typeText),
      kwargs: Object.fromEntries(
        Object.entries(kwargs).map(([key, value]) => [key, typeText(value)]),
      ),
    }),
  }),
  kwarg: fn({
    doc: "Returns the keyword arguments, with what the minion adds about the job.",
    args: { kwargs: anyArgs.kwargs },
    example: `salt '*' test.kwarg num=1 txt="two" env='{a: 1, b: "hello"}'`,
    run: (_ctx, { kwargs }) => kwargs,
  }),
};
