/** `loop`, and the other objects that Jinja itself makes. @module */
import { fail } from "./errors.ts";
import {
  equal,
  type Kwargs,
  orElse,
  PyFunction,
  PyObject,
  Tuple,
  Undefined,
  type Value,
} from "./value.ts";

/** The variable `loop` of a `for`. (`jinja2/runtime.py:LoopContext`) */
export class Loop extends PyObject {
  override readonly typeName = "jinja2.runtime.LoopContext";
  readonly #items: readonly Value[];
  readonly #depth: number;
  readonly #recurse: ((items: Value) => Promise<Value>) | null;
  #index = -1;
  #changed: Value[] | null = null;

  constructor(
    items: readonly Value[],
    depth: number,
    recurse: ((items: Value) => Promise<Value>) | null,
  ) {
    super();
    this.#items = items;
    this.#depth = depth;
    this.#recurse = recurse;
  }

  next(): void {
    this.#index++;
  }

  override size(): number {
    return this.#items.length;
  }

  override attr(name: string): Value | undefined {
    const [at, length] = [this.#index, this.#items.length];
    switch (name) {
      case "index":
        return at + 1;
      case "index0":
        return at;
      case "revindex":
        return length - at;
      case "revindex0":
        return length - at - 1;
      case "first":
        return at === 0;
      case "last":
        return at === length - 1;
      case "length":
        return length;
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return orElse(this.#items[at - 1], () => new Undefined("there is no previous item", true));
      case "nextitem":
        return orElse(this.#items[at + 1], () => new Undefined("there is no next item", true));
      case "cycle":
        return new PyFunction(
          "cycle",
          (args) =>
            args.length === 0 ? fail("no items for cycling given") : args[at % args.length]!,
        );
      case "changed":
        return new PyFunction("changed", (args) => this.#hasChanged(args));
      default:
        return undefined;
    }
  }

  #hasChanged(values: Value[]): boolean {
    const same = this.#changed !== null && equal(new Tuple(this.#changed), new Tuple(values));
    this.#changed = values;
    return !same;
  }

  override async call(args: Value[]): Promise<Value> {
    if (this.#recurse === null) {
      return fail("The loop must have the 'recursive' marker to be called recursively.");
    }
    return await this.#recurse(args[0] ?? null);
  }

  override repr(): string {
    return `<LoopContext ${this.#index + 1}/${this.#items.length}>`;
  }
}

/** `namespace()`: what inner parts may set. */
export class Namespace extends PyObject {
  override readonly typeName = "jinja2.utils.Namespace";
  readonly vars: Map<string, Value>;
  constructor(vars: Map<string, Value>) {
    super();
    this.vars = vars;
  }
  override attr(name: string): Value | undefined {
    return this.vars.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === "string" ? this.vars.get(key) : undefined;
  }
}

/** A template that was imported: what it set, and its text. */
export class Module extends PyObject {
  override readonly typeName = "jinja2.environment.TemplateModule";
  readonly #vars: ReadonlyMap<string, Value>;
  readonly text: string;
  readonly #name: string;
  constructor(name: string, vars: ReadonlyMap<string, Value>, text: string) {
    super();
    this.#name = name;
    this.#vars = vars;
    this.text = text;
  }
  override attr(name: string): Value | undefined {
    return name.startsWith("_") ? undefined : this.#vars.get(name);
  }
  override repr(): string {
    return this.text;
  }
  /** What `from … import` gets. */
  exported(name: string, line: number): Value {
    const message = `the template '${this.#name}' (imported on line ${line}) does not export the ` +
      `requested name '${name}'`;
    return orElse(this.attr(name), () => new Undefined(message, true));
  }
}

/** `cycler()`. */
export class Cycler extends PyObject {
  override readonly typeName = "jinja2.utils.Cycler";
  readonly #items: readonly Value[];
  #at = 0;
  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) fail("at least one item has to be provided");
    this.#items = items;
  }
  override attr(name: string): Value | undefined {
    if (name === "current") return this.#items[this.#at]!;
    if (name === "next") {
      return new PyFunction(name, () => {
        const current = this.#items[this.#at]!;
        this.#at = (this.#at + 1) % this.#items.length;
        return current;
      });
    }
    if (name !== "reset") return undefined;
    return new PyFunction(name, () => {
      this.#at = 0;
      return null;
    });
  }
}

/** `joiner()`: empty when it is first called. */
export class Joiner extends PyObject {
  override readonly typeName = "jinja2.utils.Joiner";
  readonly #separator: Value;
  #used = false;
  constructor(separator: Value) {
    super();
    this.#separator = separator;
  }
  override call(_args: Value[], _kwargs: Kwargs): Value {
    const text = this.#used ? this.#separator : "";
    this.#used = true;
    return text;
  }
}
