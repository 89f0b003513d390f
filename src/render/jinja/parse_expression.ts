/** Jinja's expressions. (`jinja2/parser.py`) @module */
import { compact } from "./numbers.ts";
import type { Args, Expr } from "./ast.ts";
import { CONTROL_ESCAPES } from "../../text/control_escapes.ts";
import { Float } from "../../types/mod.ts";
import type { TokenStream } from "./tokens.ts";
import type { Value } from "./value.ts";

const noArgs: Args = { args: [], kwargs: [], star: null, starStar: null };
const comparisons = ["==", "!=", "<", "<=", ">", ">="];

/** An expression; without `conditional` it has no inline `if`. */
export function parseExpression(stream: TokenStream, conditional = true): Expr {
  return stream.nested(() => conditional ? parseConditional(stream) : parseOr(stream));
}

function parseConditional(stream: TokenStream): Expr {
  const { line } = stream.current;
  let yes = parseOr(stream);
  while (stream.skipName("if")) {
    const test = parseOr(stream);
    const no = stream.skipName("else") ? stream.nested(() => parseConditional(stream)) : null;
    yes = { type: "cond", test, yes, no, line };
  }
  return yes;
}

function parseOr(stream: TokenStream): Expr {
  const { line } = stream.current;
  let left = parseAnd(stream);
  while (stream.skipName("or")) left = { type: "or", left, right: parseAnd(stream), line };
  return left;
}

function parseAnd(stream: TokenStream): Expr {
  const { line } = stream.current;
  let left = parseNot(stream);
  while (stream.skipName("and")) left = { type: "and", left, right: parseNot(stream), line };
  return left;
}

function parseNot(stream: TokenStream): Expr {
  const { line } = stream.current;
  if (!stream.skipName("not")) return parseCompare(stream);
  return { type: "not", operand: stream.nested(() => parseNot(stream)), line };
}

function parseCompare(stream: TokenStream): Expr {
  const { line } = stream.current;
  const first = parseSum(stream);
  const rest: [string, Expr][] = [];
  for (;;) {
    let operator: string;
    if (stream.isOp(...comparisons)) operator = stream.next().value;
    else if (stream.skipName("in")) operator = "in";
    else if (stream.isName("not") && stream.ahead.type === "name" && stream.ahead.value === "in") {
      stream.next();
      stream.next();
      operator = "not in";
    } else break;
    rest.push([operator, parseSum(stream)]);
  }
  return rest.length === 0 ? first : { type: "compare", first, rest, line };
}

function parseBinary(
  stream: TokenStream,
  operators: readonly string[],
  operand: (stream: TokenStream) => Expr,
): Expr {
  const { line } = stream.current;
  let left = operand(stream);
  while (stream.isOp(...operators)) {
    const operator = stream.next().value;
    left = { type: "binary", operator, left, right: operand(stream), line };
  }
  return left;
}

function parseSum(stream: TokenStream): Expr {
  return parseBinary(stream, ["+", "-"], parseConcat);
}

function parseConcat(stream: TokenStream): Expr {
  const { line } = stream.current;
  const items = [parseProduct(stream)];
  while (stream.skipOp("~")) items.push(parseProduct(stream));
  return items.length === 1 ? items[0]! : { type: "concat", items, line };
}

function parseProduct(stream: TokenStream): Expr {
  return parseBinary(stream, ["*", "/", "//", "%"], parsePower);
}

function parsePower(stream: TokenStream): Expr {
  return parseBinary(stream, ["**"], parseUnary);
}

function parseUnary(stream: TokenStream, withFilter = true): Expr {
  const { line } = stream.current;
  let node: Expr;
  if (stream.isOp("-", "+")) {
    const type = stream.next().value === "-" ? "neg" : "pos";
    node = { type, operand: stream.nested(() => parseUnary(stream, false)), line };
  } else node = parsePrimary(stream);
  node = parsePostfix(stream, node);
  return withFilter ? parseFilters(stream, node) : node;
}

const constants: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function parsePrimary(stream: TokenStream): Expr {
  const { type, value, line } = stream.current;
  if (type === "name") {
    stream.next();
    if (Object.hasOwn(constants, value)) return { type: "const", value: constants[value]!, line };
    if (value === "caller" || value === "varargs" || value === "kwargs") {
      for (const uses of stream.macros) uses.add(value);
    }
    return { type: "name", name: value, line };
  }
  if (type === "string") {
    let text = "";
    while (stream.is("string")) text += unescapeText(stream.next().value.slice(1, -1));
    return { type: "const", value: text, line };
  }
  if (type === "integer" || type === "float") {
    const digits = stream.next().value.replaceAll("_", "");
    return { type: "const", value: numberOf(digits, type === "float"), line };
  }
  if (stream.skipOp("(")) {
    const inner = parseTuple(stream, { explicit: true });
    stream.expect("operator", ")");
    return inner;
  }
  if (stream.skipOp("[")) return { type: "list", items: parseItems(stream, "]"), line };
  if (stream.skipOp("{")) return parseDict(stream, line);
  return stream.fail(`unexpected ${stream.got()}`);
}

function numberOf(digits: string, isFloat: boolean): Value {
  if (!isFloat) return compact(BigInt(digits));
  const value = Number(digits);
  return Number.isInteger(value) ? new Float(value) : value;
}

/** Escapes of Python's literals. */
function unescapeText(text: string): string {
  const short: Record<string, string> = {
    ...CONTROL_ESCAPES,
    "\n": "",
    "\\": "\\",
    "'": "'",
    '"': '"',
  };
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, x, u, long, octal, char) => {
      const hex = x ?? u ?? long;
      const point = hex !== undefined ? parseInt(hex, 16) : octal ? parseInt(octal, 8) : null;
      if (point !== null) return point > 0x10ffff ? whole : String.fromCodePoint(point);
      return short[char] ?? whole;
    },
  );
}

function parseItems(stream: TokenStream, end: string): Expr[] {
  const items: Expr[] = [];
  while (!stream.skipOp(end)) {
    if (items.length > 0) {
      stream.expect("operator", ",");
      if (stream.skipOp(end)) break;
    }
    items.push(parseExpression(stream));
  }
  return items;
}

function parseDict(stream: TokenStream, line: number): Expr {
  const pairs: [Expr, Expr][] = [];
  while (!stream.skipOp("}")) {
    if (pairs.length > 0) {
      stream.expect("operator", ",");
      if (stream.skipOp("}")) break;
    }
    const key = parseExpression(stream);
    stream.expect("operator", ":");
    pairs.push([key, parseExpression(stream)]);
  }
  return { type: "dict", pairs, line };
}

/** Expressions with commas between them, or a single one. */
export function parseTuple(
  stream: TokenStream,
  options: { conditional?: boolean; explicit?: boolean; end?: readonly string[] } = {},
): Expr {
  const { conditional = true, explicit = false, end = [] } = options;
  const { line } = stream.current;
  const items: Expr[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0 && !isTuple) {
      if (!stream.skipOp(",")) break;
      isTuple = true;
    } else if (isTuple && !stream.skipOp(",")) break;
    const ended = stream.is("variable_end") || stream.is("block_end") || stream.isOp(")") ||
      (end.length > 0 && stream.isName(...end));
    if (ended) break;
    items.push(parseExpression(stream, conditional));
  }
  if (isTuple) return { type: "tuple", items, line };
  if (items.length === 1) return items[0]!;
  if (!explicit) stream.fail(`Expected an expression, got ${stream.got()}`);
  return { type: "tuple", items: [], line };
}

function parsePostfix(stream: TokenStream, first: Expr): Expr {
  let node = first;
  for (;;) {
    const { line } = stream.current;
    if (stream.skipOp(".")) {
      const step = stream.next();
      if (step.type === "name") node = { type: "attr", object: node, name: step.value, line };
      else if (step.type === "integer") {
        node = {
          type: "item",
          object: node,
          key: { type: "const", value: Number(step.value), line },
          line,
        };
      } else stream.fail("expected name or number", step.line);
    } else if (stream.skipOp("[")) node = parseSubscript(stream, node, line);
    else if (stream.isOp("(")) {
      node = { type: "call", callee: node, args: parseArgs(stream), line };
    } else return node;
  }
}

function parseSubscript(stream: TokenStream, object: Expr, line: number): Expr {
  const keys: Expr[] = [];
  let comma = false;
  while (!stream.skipOp("]")) {
    if (keys.length > 0) {
      stream.expect("operator", ",");
      comma = true;
    }
    keys.push(parseKey(stream));
  }
  const key: Expr = keys.length === 1 && !comma ? keys[0]! : { type: "tuple", items: keys, line };
  return { type: "item", object, key, line };
}

function parseKey(stream: TokenStream): Expr {
  const { line } = stream.current;
  let start: Expr | null = null;
  if (!stream.isOp(":")) {
    start = parseExpression(stream);
    if (!stream.isOp(":")) return start;
  }
  stream.expect("operator", ":");
  const part = () => stream.isOp(":", "]", ",") ? null : parseExpression(stream);
  const stop = part();
  const step = stream.skipOp(":") ? part() : null;
  return { type: "slice", start, stop, step, line };
}

/** `(a, *b, c=d, **e)`. */
export function parseArgs(stream: TokenStream): Args {
  stream.expect("operator", "(");
  const found: Args = { args: [], kwargs: [], star: null, starStar: null };
  for (let first = true; !stream.skipOp(")"); first = false) {
    if (!first) {
      stream.expect("operator", ",");
      if (stream.skipOp(")")) break;
    }
    const { line } = stream.current;
    const fits = (good: boolean) =>
      good || stream.fail("invalid syntax for function call expression", line);
    if (stream.skipOp("*")) {
      fits(found.star === null && found.starStar === null);
      found.star = parseExpression(stream);
    } else if (stream.skipOp("**")) {
      fits(found.starStar === null);
      found.starStar = parseExpression(stream);
    } else if (
      stream.is("name") && stream.ahead.type === "operator" && stream.ahead.value === "="
    ) {
      fits(found.starStar === null);
      const key = stream.next().value;
      stream.next();
      found.kwargs.push([key, parseExpression(stream)]);
    } else {
      fits(found.star === null && found.starStar === null && found.kwargs.length === 0);
      found.args.push(parseExpression(stream));
    }
  }
  return found;
}

function dottedName(stream: TokenStream): string {
  let name = stream.expect("name").value;
  while (stream.skipOp(".")) name += `.${stream.expect("name").value}`;
  return name;
}

function parseFilters(stream: TokenStream, first: Expr): Expr {
  let node = first;
  for (;;) {
    const { line } = stream.current;
    if (stream.isOp("|")) node = parseFilter(stream, node);
    else if (stream.isName("is")) node = parseTest(stream, node);
    else if (stream.isOp("(")) node = { type: "call", callee: node, args: parseArgs(stream), line };
    else return node;
  }
}

/** `|name(...)` once or more; of a block when there is no `object`, which may begin without `|`. */
export function parseFilter(stream: TokenStream, object: Expr | null, inline = false): Expr {
  let node = object;
  let begin = inline;
  while (begin || stream.isOp("|")) {
    const { line } = stream.current;
    if (!begin) stream.next();
    begin = false;
    const name = dottedName(stream);
    const args = stream.isOp("(") ? parseArgs(stream) : noArgs;
    node = { type: "filter", object: node, name, args, line };
  }
  return node!;
}

function parseTest(stream: TokenStream, object: Expr): Expr {
  const { line } = stream.next();
  const negated = stream.skipName("not");
  const name = dottedName(stream);
  let args = noArgs;
  if (stream.isOp("(")) args = parseArgs(stream);
  else if (
    ["name", "string", "integer", "float"].includes(stream.current.type) &&
      !stream.isName("else", "or", "and", "is", "if", "in", "not", "recursive") ||
    stream.isOp("[", "{")
  ) {
    args = { ...noArgs, args: [parsePostfix(stream, parsePrimary(stream))] };
  } else if (stream.isName("is")) stream.fail("You cannot chain multiple tests with is");
  const test: Expr = { type: "test", object, name, args, line };
  return negated ? { type: "not", operand: test, line } : test;
}
