/** The methods of Python's `str`. @module */
import { center, rstrip, splitLines, strip, textLength, title } from "../../text/py_text.ts";
import { Arguments } from "./arguments.ts";
import { fail } from "./errors.ts";
import { formatBraces } from "./format.ts";
import { index } from "./numbers.ts";
import {
  type Kwargs,
  listOf,
  PyFunction,
  str,
  truthy,
  Tuple,
  typeName,
  type Value,
} from "./value.ts";

type Run = (self: string, args: Arguments) => Value;

/** A text argument. */
export function textOf(value: Value, what = "argument"): string {
  return typeof value === "string" ? value : fail(`${what} must be str, not ${typeName(value)}`);
}

function split(text: string, separator: Value, most: number, fromRight: boolean): string[] {
  if (separator === "") fail("empty separator");
  if (separator === null) return splitBlank(text, most, fromRight);
  const parts = text.split(textOf(separator));
  if (most < 0 || parts.length <= most + 1) return parts;
  const mark = String(separator);
  if (fromRight) {
    const cut = parts.length - most;
    return [parts.slice(0, cut).join(mark), ...parts.slice(cut)];
  }
  return [...parts.slice(0, most), parts.slice(most).join(mark)];
}

function splitBlank(text: string, most: number, fromRight: boolean): string[] {
  const words = [...text.matchAll(/\S+/g)];
  if (most < 0 || words.length <= most + 1) return words.map((word) => word[0]);
  if (fromRight) {
    const kept = words.slice(words.length - most);
    const head = rstrip(text.slice(0, kept[0]?.index ?? text.length));
    return [head, ...kept.map((word) => word[0])].filter((part) => part !== "");
  }
  return [...words.slice(0, most).map((word) => word[0]), text.slice(words[most]!.index)];
}

/** Cuts characters of `chars` (blanks when null) off the ends. */
export function stripText(text: string, chars: Value, left: boolean, right: boolean): string {
  const set = chars === null ? null : new Set(textOf(chars));
  const cut = (char: string) => set === null ? strip(char) === "" : set.has(char);
  const all = [...text];
  let [start, end] = [0, all.length];
  while (left && start < end && cut(all[start]!)) start++;
  while (right && end > start && cut(all[end - 1]!)) end--;
  return all.slice(start, end).join("");
}

function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

function replace(text: string, from: string, to: string, most: number): string {
  if (most < 0) return text.replaceAll(from, () => to);
  let left = most;
  return text.replaceAll(from, (found) => left-- > 0 ? to : found);
}

function partition(text: string, mark: string, at: number, fromRight: boolean): Value {
  if (at < 0) return new Tuple(fromRight ? ["", "", text] : [text, "", ""]);
  return new Tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

function affix(value: Value, test: (part: string) => boolean): boolean {
  return value instanceof Tuple
    ? value.items.some((part) => test(textOf(part)))
    : test(textOf(value));
}

function slice(self: string, args: Arguments): { text: string; from: number } {
  const length = self.length;
  const at = (name: string, fallback: number) => {
    const given = args.or(name, null);
    if (given === null) return fallback;
    const number = index(given);
    return Math.min(length, number < 0 ? Math.max(0, number + length) : number);
  };
  const from = at("start", 0);
  return { text: self.slice(from, at("end", length)), from };
}

function found(self: string, args: Arguments, last: boolean): number {
  const { text, from } = slice(self, args);
  const wanted = textOf(args.get("sub"));
  const at = last ? text.lastIndexOf(wanted) : text.indexOf(wanted);
  return at < 0 ? -1 : textLength(self.slice(0, from + at));
}

function indexed(self: string, args: Arguments, last: boolean): number {
  const at = found(self, args, last);
  return at < 0 ? fail("substring not found") : at;
}

function padded(self: string, args: Arguments, where: "left" | "right"): string {
  const width = index(args.get("width"));
  const margin = width - textLength(self);
  if (margin <= 0) return self;
  if (margin > 1 << 20) fail("the text is too wide");
  const fill = textOf(args.or("fillchar", " ")).repeat(margin);
  return where === "left" ? fill + self : self + fill;
}

const range = ["sub", "start", "end"];
const all = (pattern: RegExp): Run => (self) => self !== "" && pattern.test(self);

const methods: Readonly<Record<string, readonly [params: readonly string[], run: Run]>> = {
  upper: [[], (self) => self.toUpperCase()],
  lower: [[], (self) => self.toLowerCase()],
  casefold: [[], (self) => self.toLowerCase().replaceAll("ß", "ss")],
  capitalize: [[], capitalize],
  title: [[], title],
  swapcase: [
    [],
    (self) =>
      Array.from(
        self,
        (char) => char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase(),
      )
        .join(""),
  ],
  strip: [["chars"], (self, args) => stripText(self, args.or("chars", null), true, true)],
  lstrip: [["chars"], (self, args) => stripText(self, args.or("chars", null), true, false)],
  rstrip: [["chars"], (self, args) => stripText(self, args.or("chars", null), false, true)],
  split: [
    ["sep", "maxsplit"],
    (self, args) => split(self, args.or("sep", null), index(args.or("maxsplit", -1)), false),
  ],
  rsplit: [
    ["sep", "maxsplit"],
    (self, args) => split(self, args.or("sep", null), index(args.or("maxsplit", -1)), true),
  ],
  splitlines: [["keepends"], (self, args) => splitLines(self, truthy(args.or("keepends", false)))],
  join: [
    ["iterable"],
    (self, args) =>
      listOf(args.get("iterable")).map((item, at) => textOf(item, `sequence item ${at}`)).join(
        self,
      ),
  ],
  replace: [
    ["old", "new", "count"],
    (self, args) =>
      replace(self, textOf(args.get("old")), textOf(args.get("new")), index(args.or("count", -1))),
  ],
  startswith: [range, (self, args) => {
    const { text } = slice(self, args);
    return affix(args.get("sub"), (part) => text.startsWith(part));
  }],
  endswith: [range, (self, args) => {
    const { text } = slice(self, args);
    return affix(args.get("sub"), (part) => text.endsWith(part));
  }],
  find: [range, (self, args) => found(self, args, false)],
  rfind: [range, (self, args) => found(self, args, true)],
  index: [range, (self, args) => indexed(self, args, false)],
  rindex: [range, (self, args) => indexed(self, args, true)],
  count: [range, (self, args) => slice(self, args).text.split(textOf(args.get("sub"))).length - 1],
  partition: [["sep"], (self, args) => {
    const mark = textOf(args.get("sep"));
    return partition(self, mark, self.indexOf(mark), false);
  }],
  rpartition: [["sep"], (self, args) => {
    const mark = textOf(args.get("sep"));
    return partition(self, mark, self.lastIndexOf(mark), true);
  }],
  removeprefix: [["prefix"], (self, args) => {
    const prefix = textOf(args.get("prefix"));
    return self.startsWith(prefix) ? self.slice(prefix.length) : self;
  }],
  removesuffix: [["suffix"], (self, args) => {
    const suffix = textOf(args.get("suffix"));
    return suffix !== "" && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  }],
  ljust: [["width", "fillchar"], (self, args) => padded(self, args, "right")],
  rjust: [["width", "fillchar"], (self, args) => padded(self, args, "left")],
  center: [["width", "fillchar"], (self, args) => {
    const fill = textOf(args.or("fillchar", " "));
    const shown = center(self, Math.min(1 << 20, index(args.get("width"))));
    const start = shown.length - self.length === 0
      ? 0
      : center("x".repeat(textLength(self)), textLength(shown)).indexOf("x");
    return fill.repeat(start) + self + fill.repeat(textLength(shown) - start - textLength(self));
  }],
  zfill: [["width"], (self, args) => {
    const sign = /^[-+]/.exec(self)?.[0] ?? "";
    return sign +
      self.slice(sign.length).padStart(
        Math.min(1 << 20, index(args.get("width"))) - sign.length,
        "0",
      );
  }],
  expandtabs: [["tabsize"], (self, args) => {
    const size = index(args.or("tabsize", 8));
    return self.split("\n").map((line) => {
      let out = "";
      for (const char of line) {
        out += char === "\t" ? " ".repeat(size - (textLength(out) % size)) : char;
      }
      return out;
    }).join("\n");
  }],
  encode: [["encoding", "errors"], (self) => new Uint8Array(new TextEncoder().encode(self))],
  isdigit: [[], all(/^\p{Nd}+$/u)],
  isdecimal: [[], all(/^\p{Nd}+$/u)],
  isnumeric: [[], all(/^\p{N}+$/u)],
  isalpha: [[], all(/^\p{L}+$/u)],
  isalnum: [[], all(/^[\p{L}\p{N}]+$/u)],
  isspace: [[], (self) => self !== "" && strip(self) === ""],
  isupper: [[], (self) => self === self.toUpperCase() && self !== self.toLowerCase()],
  islower: [[], (self) => self === self.toLowerCase() && self !== self.toUpperCase()],
  istitle: [[], (self) => /\p{L}/u.test(self) && title(self) === self],
  isidentifier: [[], all(/^[\p{L}_][\p{L}\p{N}_]*$/u)],
};

/** `object.key` or `object[key]`, for the fields of `str.format`. */
export type Step = (object: Value, key: string, isAttribute: boolean) => Value;

/** A method of a text. */
export function textMethod(self: string, name: string, step: Step): Value | undefined {
  const format = (args: Value[], kwargs: Kwargs) => formatBraces(self, args, kwargs, step);
  if (name === "format") return new PyFunction(name, format);
  if (name === "format_map") {
    return new PyFunction(name, (args) => {
      const map = args[0] ?? null;
      const keys = listOf(map).map((
        key,
      ): [string, Value] => [str(key), step(map, str(key), false)]);
      return format([], new Map(keys));
    });
  }
  if (!Object.hasOwn(methods, name)) return undefined;
  const [params, run] = methods[name]!;
  return new PyFunction(
    name,
    (args, kwargs) => run(self, new Arguments(name, params, args, kwargs)),
  );
}
