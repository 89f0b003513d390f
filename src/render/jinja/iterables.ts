/** What templates may go through without its being a list: generators, ranges and views of dicts. @module */
import { fail } from "./errors.ts";
import { PyObject, repr, type Value } from "./value.ts";

/** What filters such as `map` give: it can be gone through once. */
export class Generator extends PyObject {
  override readonly typeName: string = "generator";
  readonly #items: Iterator<Value>;
  constructor(items: Iterable<Value>) {
    super();
    this.#items = items[Symbol.iterator]();
  }
  override iterate(): Iterable<Value> {
    return { [Symbol.iterator]: () => ({ next: () => this.#items.next() }) };
  }
}

/** `range()`. */
export class Range extends PyObject {
  override readonly typeName: string = "range";
  readonly numbers: readonly number[];
  readonly #shown: string;
  constructor(start: number, stop: number, step: number) {
    super();
    if (step === 0) fail("range() arg 3 must not be zero");
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > 100_000) {
      fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    }
    this.numbers = Array.from({ length }, (_, index) => start + index * step);
    this.#shown = `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`;
  }
  override iterate(): Iterable<Value> {
    return this.numbers;
  }
  override size(): number {
    return this.numbers.length;
  }
  override item(key: Value): Value | undefined {
    return typeof key === "number" ? this.numbers.at(key) : undefined;
  }
  override repr(): string {
    return this.#shown;
  }
}

/** `dict.keys()` and its like. */
export class DictView extends PyObject {
  override readonly typeName: string;
  readonly #items: () => Value[];
  constructor(kind: "keys" | "values" | "items", items: () => Value[]) {
    super();
    this.typeName = `dict_${kind}`;
    this.#items = items;
  }
  override iterate(): Iterable<Value> {
    return this.#items();
  }
  override size(): number {
    return this.#items().length;
  }
  override repr(): string {
    return `${this.typeName}(${repr(this.#items())})`;
  }
}
