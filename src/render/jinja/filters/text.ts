/** Jinja's filters of texts and numbers. (`jinja2/filters.py`) @module */
import { center, splitLines, strip } from "../../../text/py_text.ts";
import type { Arguments } from "../arguments.ts";
import { fail } from "../errors.ts";
import { formatPercent } from "../format.ts";
import { compact, floatOf, index, pyRound } from "../numbers.ts";
import type { Filter, Filters } from "../runtime.ts";
import { stripText } from "../text_methods.ts";
import {
  Dict,
  isInt,
  isNumber,
  iterate,
  listOf,
  repr,
  str,
  truthy,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../value.ts";
import { fillText } from "../../../text/py_wrap.ts";

/** A filter with named arguments. */
export function filter(
  params: readonly string[] | null,
  run: Filter["run"],
): Filter {
  return { params, run };
}

const onText = (run: (text: string, args: Arguments) => Value, params: readonly string[] = []) =>
  filter(params, (value, args) => run(str(value), args));

function title(text: string): string {
  return text.replace(/[^-\s({[<]+/g, (word) => {
    const [first = "", ...rest] = word;
    return first.toUpperCase() + rest.join("").toLowerCase();
  });
}

/** Text with the characters of HTML escaped. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&#34;").replaceAll("'", "&#39;");
}

function truncate(text: string, args: Arguments): string {
  const length = index(args.or("length", 255));
  const end = str(args.or("end", "..."));
  const leeway = index(args.or("leeway", 5));
  const chars = [...text];
  if (chars.length <= length + leeway) return text;
  const kept = chars.slice(0, length - [...end].length).join("");
  if (truthy(args.or("killwords", false))) return kept + end;
  const space = kept.lastIndexOf(" ");
  return (space < 0 ? kept : kept.slice(0, space)) + end;
}

function indent(text: string, args: Arguments): string {
  const width = args.or("width", 4);
  const space = typeof width === "string" ? width : " ".repeat(Math.min(1000, index(width)));
  const blank = truthy(args.or("blank", false));
  const lines = splitLines(`${text}\n`);
  const shown = blank
    ? lines.join(`\n${space}`)
    : lines.map((line, at) => at > 0 && line !== "" ? space + line : line).join("\n");
  return truthy(args.or("first", false)) ? space + shown : shown;
}

function wordwrap(text: string, args: Arguments): string {
  const width = index(args.or("width", 79));
  const end = args.or("wrapstring", null);
  return splitLines(text).map((line) => fillText(line, width, "")).join("\n")
    .replaceAll("\n", end === null ? "\n" : str(end));
}

/** `int(value)` of a text in a base; null when it is none. */
export function parseInteger(text: string, base: number): number | bigint | null {
  const found = /^([+-]?)(?:0([xXoObB]))?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(strip(text));
  if (!found) return null;
  const [, sign, prefix, body = ""] = found;
  const bases: Record<string, number> = { x: 16, o: 8, b: 2 };
  if (prefix !== undefined && bases[prefix.toLowerCase()] !== base && base !== 0) return null;
  const radix = prefix === undefined ? base || 10 : bases[prefix.toLowerCase()]!;
  let total = 0n;
  for (const char of body.replaceAll("_", "").toLowerCase()) {
    const digit = parseInt(char, 36);
    if (digit >= radix) return null;
    total = total * BigInt(radix) + BigInt(digit);
  }
  return compact(sign === "-" ? -total : total);
}

/** `float(value)` of a text; null when it is none. */
export function parseFloatText(text: string): number | null {
  const shown = strip(text).toLowerCase().replaceAll(/(\d)_(?=\d)/g, "$1");
  const named = /^([+-]?)(inf(?:inity)?|nan)$/.exec(shown);
  if (named) return named[2] === "nan" ? NaN : named[1] === "-" ? -Infinity : Infinity;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(shown) ? Number(shown) : null;
}

function toInt(value: Value, args: Arguments): Value {
  const fallback = args.or("default", 0);
  if (value instanceof Undefined) value.use();
  if (isInt(value)) return compact(BigInt(value));
  if (isNumber(value)) {
    const number = Number(value);
    return Number.isFinite(number) ? compact(BigInt(Math.trunc(number))) : fallback;
  }
  if (typeof value !== "string") return fallback;
  const whole = parseInteger(value, index(args.or("base", 10)));
  if (whole !== null) return whole;
  const float = parseFloatText(value);
  return float === null || !Number.isFinite(float) ? fallback : compact(BigInt(Math.trunc(float)));
}

function toFloat(value: Value, args: Arguments): Value {
  if (value instanceof Undefined) value.use();
  if (isNumber(value)) return floatOf(Number(value));
  const found = typeof value === "string" ? parseFloatText(value) : null;
  return found === null ? args.or("default", floatOf(0)) : floatOf(found);
}

function round(value: Value, args: Arguments): Value {
  if (!isNumber(value)) return fail(`type ${typeName(value)} doesn't define __round__ method`);
  const precision = index(args.or("precision", 0));
  const method = args.or("method", "common");
  const number = Number(value);
  if (method === "common") {
    if (isInt(value)) return pyRound(Number(value), precision);
    return floatOf(pyRound(number, precision));
  }
  if (method !== "ceil" && method !== "floor") return fail("method must be common, ceil or floor");
  return floatOf(Math[method](number * 10 ** precision) / 10 ** precision);
}

function fileSize(value: Value, args: Arguments): string {
  const bytes = Number(toFloat(value, args));
  const binary = truthy(args.or("binary", false));
  const base = binary ? 1024 : 1000;
  const units = "kMGTPEZY";
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  for (let at = 0; at < units.length; at++) {
    const unit = base ** (at + 2);
    if (bytes < unit || at === units.length - 1) {
      const name = binary ? `${units[at]!.toUpperCase()}iB` : `${units[at]}B`;
      return `${(base * bytes / unit).toFixed(1)} ${name}`;
    }
  }
  return "";
}

/** A part of a URL, quoted as `urllib.parse.quote` does. */
function urlQuote(text: string, safe: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
    .replace(/%2F/g, safe);
}

function urlencode(value: Value): string {
  if (typeof value === "string" || isNumber(value)) return urlQuote(str(value), "/");
  const pairs = value instanceof Dict ? value.entries() : Array.from(iterate(value), listOf);
  const plus = (item: Value) => urlQuote(str(item), "%2F").replaceAll("%20", "+");
  return pairs.map(([key, item]) => `${plus(key!)}=${plus(item!)}`).join("&");
}

function xmlattr(value: Value, args: Arguments): string {
  if (!(value instanceof Dict)) return fail("xmlattr needs a dict");
  const pairs = value.entries().filter(([, item]) => item !== null && !(item instanceof Undefined));
  for (const [key] of pairs) {
    if (/[\s/>=]/.test(str(key))) fail(`Invalid character in attribute name: ${repr(key)}`);
  }
  const text = pairs.map(([key, item]) => `${escapeHtml(str(key))}="${escapeHtml(str(item))}"`)
    .join(" ");
  return text !== "" && truthy(args.or("autospace", true)) ? ` ${text}` : text;
}

const escape = onText(escapeHtml);

/** The filters. */
export const textFilters: Filters = {
  upper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  capitalize: onText((text) => {
    const [first = "", ...rest] = text;
    return first.toUpperCase() + rest.join("").toLowerCase();
  }),
  title: onText(title),
  trim: onText((text, args) => stripText(text, args.or("chars", null), true, true), ["chars"]),
  string: onText((text) => text),
  safe: onText((text) => text),
  escape,
  e: escape,
  forceescape: escape,
  striptags: onText((text) =>
    text.replace(/<!--[\s\S]*?-->/g, "").replace(/<[^>]*>/g, "").split(/\s+/).filter(Boolean).join(
      " ",
    )
  ),
  center: onText((text, args) => center(text, Math.min(1 << 16, index(args.or("width", 80)))), [
    "width",
  ]),
  indent: onText(indent, ["width", "first", "blank"]),
  truncate: onText(truncate, ["length", "killwords", "end", "leeway"]),
  wordwrap: onText(wordwrap, ["width", "break_long_words", "wrapstring", "break_on_hyphens"]),
  wordcount: onText((text) => (text.match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  replace: onText((text, args) => {
    const most = args.or("count", null);
    let left = most === null ? Infinity : index(most);
    const to = str(args.get("new"));
    return text.replaceAll(str(args.get("old")), (found) => left-- > 0 ? to : found);
  }, ["old", "new", "count"]),
  format: filter(null, (value, _args, _context, { args, kwargs }) => {
    if (args.length > 0 && kwargs.size > 0) {
      fail("can't handle positional and keyword arguments at the same time");
    }
    return formatPercent(str(value), kwargs.size > 0 ? Dict.of(kwargs) : new Tuple(args));
  }),
  int: filter(["default", "base"], toInt),
  float: filter(["default"], toFloat),
  abs: filter(
    [],
    (value) =>
      isInt(value)
        ? compact(BigInt(value) < 0n ? -BigInt(value) : BigInt(value))
        : isNumber(value)
        ? floatOf(Math.abs(Number(value)))
        : fail(`bad operand type for abs(): '${typeName(value)}'`),
  ),
  round: filter(["precision", "method"], round),
  filesizeformat: filter(["binary"], fileSize),
  urlencode: filter([], urlencode),
  xmlattr: filter(["autospace"], xmlattr),
  pprint: filter([], (value) => repr(value)),
};
