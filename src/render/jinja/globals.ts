/** The functions that every template has: Jinja's, and Salt's. @module */
import { Arguments } from "./arguments.ts";
import { fail } from "./errors.ts";
import { Cycler, Joiner, Namespace } from "./loop.ts";
import { update } from "./methods.ts";
import { index } from "./numbers.ts";
import { Range } from "./iterables.ts";
import { Dict, PyFunction, str, type Value } from "./value.ts";
import { randomInt } from "node:crypto";

function dict(args: Value[], kwargs: ReadonlyMap<string, Value>): Value {
  const made = new Dict();
  update(made, args[0], new Map(kwargs));
  return made;
}

const words = ["lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit"];

const functions: Readonly<Record<string, (args: Value[], kwargs: Map<string, Value>) => Value>> = {
  range: (args) => {
    const numbers = args.map((value) => index(value, "an integer is needed"));
    if (numbers.length === 0) fail("range expected at least 1 argument, got 0");
    const [start, stop, step = 1] = numbers.length === 1 ? [0, numbers[0]!] : numbers;
    return new Range(start!, stop!, step);
  },
  dict,
  odict: dict,
  namespace: (args, kwargs) => {
    const made = dict(args, kwargs) as Dict;
    return new Namespace(new Map(made.entries().map(([key, value]) => [str(key), value])));
  },
  cycler: (args) => new Cycler(args),
  joiner: (args, kwargs) =>
    new Joiner(new Arguments("joiner", ["sep"], args, kwargs).or("sep", ", ")),
  lipsum: (args, kwargs) => {
    const bound = new Arguments("lipsum", ["n", "html", "min", "max"], args, kwargs);
    const paragraph = () =>
      Array.from({ length: 40 }, () => words[randomInt(words.length)]).join(" ");
    return Array.from({ length: Math.min(100, index(bound.or("n", 5))) }, paragraph).join("\n\n");
  },
  raise: (args) => fail(str(args[0] ?? null)),
};

/** The functions by name. */
export function globalFunctions(): Map<string, Value> {
  return new Map(
    Object.entries(functions).map(([name, run]) => [name, new PyFunction(name, run)]),
  );
}
