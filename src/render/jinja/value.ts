/** Python's values as templates see them; nothing of JavaScript shows through. @module */
import { pyFloat, pyRepr } from "../../text/py_repr.ts";
import { compareText, textLength } from "../../text/py_text.ts";
import { Float } from "../../types/mod.ts";
import { fail, SaltRenderError } from "./errors.ts";

/** A value of a template. An integral `number` is an int, any other and `Float` a float. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | Uint8Array
  | Value[]
  | Tuple
  | Dict
  | PySet
  | Undefined
  | PyObject;

/** Named arguments of a call. */
export type Kwargs = Map<string, Value>;

/** A tuple. */
export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
  /** An item by its name, of those that have names. */
  attr(_name: string): Value | undefined {
    return undefined;
  }
}

/** Text that is the same for keys that Python takes for equal. */
function hashOf(key: Value): string {
  if (typeof key === "string") return `s${key}`;
  if (key === null) return "N";
  if (typeof key === "boolean") return key ? "n1" : "n0";
  if (typeof key === "number" || typeof key === "bigint" || key instanceof Float) return `n${key}`;
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashOf))}`;
  if (key instanceof Uint8Array) return `b${key.join(",")}`;
  if (key instanceof PyObject) return `o${key.identity}`;
  if (key instanceof Undefined) key.use();
  return fail(`unhashable type: '${typeName(key)}'`);
}

/** A dict: keeps the order of its keys, which may be any value that cannot change. */
export class Dict {
  readonly #items = new Map<string, [Value, Value]>();
  static of(pairs: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of pairs) dict.set(key, value);
    return dict;
  }
  get size(): number {
    return this.#items.size;
  }
  get(key: Value): Value | undefined {
    return this.#items.get(hashOf(key))?.[1];
  }
  has(key: Value): boolean {
    return this.#items.has(hashOf(key));
  }
  set(key: Value, value: Value): void {
    const hash = hashOf(key);
    const known = this.#items.get(hash);
    if (known) known[1] = value;
    else this.#items.set(hash, [key, value]);
  }
  delete(key: Value): boolean {
    return this.#items.delete(hashOf(key));
  }
  clear(): void {
    this.#items.clear();
  }
  keys(): Value[] {
    return Array.from(this.#items.values(), (item) => item[0]);
  }
  values(): Value[] {
    return Array.from(this.#items.values(), (item) => item[1]);
  }
  entries(): [Value, Value][] {
    return Array.from(this.#items.values(), ([key, value]) => [key, value]);
  }
}

/** A set. It keeps the order in which it was filled, where Python's is arbitrary. */
export class PySet {
  readonly #dict = new Dict();
  constructor(items: Iterable<Value> = []) {
    for (const item of items) this.add(item);
  }
  add(item: Value): void {
    this.#dict.set(item, null);
  }
  has(item: Value): boolean {
    return this.#dict.has(item);
  }
  get size(): number {
    return this.#dict.size;
  }
  items(): Value[] {
    return this.#dict.keys();
  }
}

/** What is not there. Any use but a test for it throws when it is strict. */
export class Undefined {
  readonly message: string;
  readonly strict: boolean;
  readonly kind: "undefined" | "security";
  constructor(message: string, strict: boolean, kind: "undefined" | "security" = "undefined") {
    this.message = message;
    this.strict = strict;
    this.kind = kind;
  }
  /** @throws SaltRenderError always. */
  fail(): never {
    throw new SaltRenderError(this.kind, this.message);
  }
  /** @throws SaltRenderError when it is strict. */
  use(): void {
    if (this.strict || this.kind === "security") this.fail();
  }
}

let identities = 0;

/** Anything else: functions, views, ranges, loops, what the host hands in. */
export abstract class PyObject {
  readonly identity = ++identities;
  abstract readonly typeName: string;
  /** What `object.name` is; undefined: there is none. */
  attr(_name: string): Value | undefined {
    return undefined;
  }
  /** What `object[key]` is. */
  item(_key: Value): Value | undefined {
    return undefined;
  }
  iterate(): Iterable<Value> | undefined {
    return undefined;
  }
  size(): number | undefined {
    return undefined;
  }
  has(_item: Value): boolean | undefined {
    return undefined;
  }
  truthy(): boolean {
    return this.size() !== 0;
  }
  repr(): string {
    return `<${this.typeName} object>`;
  }
  call(_args: Value[], _kwargs: Kwargs): Value | Promise<Value> {
    return fail(`'${this.typeName}' object is not callable`);
  }
}

/** A function of ours. */
export class PyFunction extends PyObject {
  override readonly typeName: string = "function";
  readonly name: string;
  readonly #run: (args: Value[], kwargs: Kwargs) => Value | Promise<Value>;
  constructor(name: string, run: (args: Value[], kwargs: Kwargs) => Value | Promise<Value>) {
    super();
    this.name = name;
    this.#run = run;
  }
  override call(args: Value[], kwargs: Kwargs): Value | Promise<Value> {
    return this.#run(args, kwargs);
  }
  override repr(): string {
    return `<function ${this.name}>`;
  }
}

export function isInt(value: Value): value is number | bigint | boolean {
  return typeof value === "bigint" || typeof value === "boolean" ||
    (typeof value === "number" && Number.isInteger(value));
}

export function isNumber(value: Value): value is number | bigint | boolean | Float {
  return typeof value === "number" || value instanceof Float || isInt(value);
}

/** `type(value).__name__`. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (isInt(value)) return "int";
  if (typeof value === "number" || value instanceof Float) return "float";
  if (typeof value === "string") return "str";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Dict) return "dict";
  if (value instanceof PySet) return "set";
  return value instanceof Undefined ? "StrictUndefined" : (value as PyObject).typeName;
}

/** A value, or another when there is none; Python's None is a value. */
export function orElse(value: Value | undefined, fallback: () => Value): Value {
  return value === undefined ? fallback() : value;
}

/** `bool(value)`. */
export function truthy(value: Value): boolean {
  if (value === null || value === "") return false;
  if (isNumber(value)) return Number(value) !== 0;
  if (typeof value === "string") return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict || value instanceof PySet) return value.size > 0;
  if (value instanceof Undefined) {
    value.use();
    return false;
  }
  return value.truthy();
}

/** A text for YAML, as Salt writes those with line ends when a map is printed. */
function yamlText(text: string): string {
  if (!/[\n\r\t]/.test(text)) return pyRepr(text);
  const short: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const escaped = text.replace(/["\\]/g, "\\$&").replace(
    /\p{Cc}/gu,
    (char) => short[char] ?? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}

const deepest = 200;

/** `repr(value)`; with `yaml` as Salt prints texts within maps. */
export function repr(value: Value, yaml = false, depth = 0): string {
  if (depth > deepest) fail("maximum recursion depth exceeded while getting the repr of an object");
  const inner = (item: Value) => repr(item, yaml, depth + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (value instanceof Tuple) {
    return `(${value.items.map(inner).join(", ")}${value.items.length === 1 ? "," : ""})`;
  }
  if (value instanceof Dict) {
    const pairs = value.entries().map(([key, item]) =>
      `${repr(key, false, depth + 1)}: ${
        yaml && typeof item === "string" ? yamlText(item) : inner(item)
      }`
    );
    return `{${pairs.join(", ")}}`;
  }
  if (value instanceof PySet) {
    return value.size === 0 ? "set()" : `{${value.items().map(inner).join(", ")}}`;
  }
  if (value instanceof Undefined) {
    value.use();
    return "Undefined";
  }
  return value instanceof PyObject ? value.repr() : pyRepr(value);
}

/** `str(value)`. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) {
    value.use();
    return "";
  }
  return repr(value);
}

/** What `{{ value }}` prints: maps are such as YAML can read. (`SerializerExtension.finalizer`) */
export function printed(value: Value): string {
  return typeof value === "string" || value instanceof Undefined ? str(value) : repr(value, true);
}

/** `a == b`. */
export function equal(a: Value, b: Value): boolean {
  for (const side of [a, b]) if (side instanceof Undefined) side.use();
  if (a === b) return true;
  // deno-lint-ignore eqeqeq -- a bigint and a number of the same size are equal
  if (isNumber(a) && isNumber(b)) return plain(a) == plain(b);
  if (Array.isArray(a) || a instanceof Tuple) {
    if (Array.isArray(a) !== Array.isArray(b) || !(Array.isArray(b) || b instanceof Tuple)) {
      return false;
    }
    const [x, y] = [itemsOf(a), itemsOf(b)];
    return x.length === y.length && x.every((item, index) => equal(item, y[index]!));
  }
  if (a instanceof Dict) {
    return b instanceof Dict && a.size === b.size && a.entries().every(([key, item]) => {
      const other = b.get(key);
      return other !== undefined && equal(item, other);
    });
  }
  if (a instanceof PySet) {
    return b instanceof PySet && a.size === b.size && a.items().every((item) => b.has(item));
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a instanceof Undefined && b instanceof Undefined;
}

function itemsOf(value: Value[] | Tuple): readonly Value[] {
  return Array.isArray(value) ? value : value.items;
}

/** A number for JavaScript's operators. */
export function plain(value: number | bigint | boolean | Float): number | bigint {
  return typeof value === "bigint" ? value : Number(value);
}

/** Order of two values. @throws SaltRenderError when Python has none for them. */
export function compare(a: Value, b: Value, operator = "<"): number {
  for (const side of [a, b]) if (side instanceof Undefined) side.fail();
  if (isNumber(a) && isNumber(b)) {
    const [x, y] = [plain(a), plain(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if ((Array.isArray(a) && Array.isArray(b)) || (a instanceof Tuple && b instanceof Tuple)) {
    const [x, y] = [itemsOf(a), itemsOf(b)];
    for (let i = 0; i < x.length && i < y.length; i++) {
      if (!equal(x[i]!, y[i]!)) return compare(x[i]!, y[i]!, operator);
    }
    return x.length - y.length;
  }
  return fail(
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** The items that going through a value gives. */
export function iterate(value: Value): Iterable<Value> {
  if (typeof value === "string") return [...value];
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof PySet) return value.items();
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Undefined) {
    value.use();
    return [];
  }
  const items = value instanceof PyObject ? value.iterate() : undefined;
  return items ?? fail(`'${typeName(value)}' object is not iterable`);
}

/** `list(value)`. */
export function listOf(value: Value): Value[] {
  return [...iterate(value)];
}

/** `len(value)`. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return textLength(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict || value instanceof PySet) return value.size;
  if (value instanceof Undefined) {
    value.use();
    return 0;
  }
  const size = value instanceof PyObject ? value.size() : undefined;
  return size ?? fail(`object of type '${typeName(value)}' has no len()`);
}

/** `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    if (item instanceof Undefined) item.fail();
    return fail(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict || container instanceof PySet) return container.has(item);
  const known = container instanceof PyObject ? container.has(item) : undefined;
  if (known !== undefined) return known;
  if (isNumber(container) || container === null) {
    fail(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const one of iterate(container)) if (equal(one, item)) return true;
  return false;
}

export { pyFloat };
