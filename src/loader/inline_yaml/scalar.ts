/**
 * Scalars: plain, quoted, and with a tag.
 * @module
 */
import {
  parseYamlBool,
  parseYamlFloat,
  parseYamlInt,
  plainScalar,
  scalarTag,
} from "../../serializers/yaml_scalar.ts";
import { CONTROL_ESCAPES } from "../../text/control_escapes.ts";
import type { Data } from "../../types/mod.ts";
import type { LineText } from "./line_text.ts";
import { emptyNode, type Node } from "./node.ts";

const escapes: Record<string, string> = {
  "0": "\0",
  ...CONTROL_ESCAPES,
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

const escapeLengths: Record<string, number> = { x: 2, u: 4, U: 8 };

/** Reads a scalar in quotes, which come next. */
export function readQuoted(line: LineText, quote: string): Node {
  let text = "";
  line.at++;
  for (;;) {
    const char = line.peek();
    if (char === "") line.fail("a quote that does not end");
    line.at++;
    if (char === quote) {
      if (quote === '"' || line.peek() !== "'") break;
      line.at++;
      text += "'";
    } else if (char === "\\" && quote === '"') {
      text += readEscape(line);
    } else {
      text += char;
    }
  }
  return { style: "quoted", text, value: text };
}

function readEscape(line: LineText): string {
  const char = line.peek();
  line.at++;
  if (Object.hasOwn(escapes, char)) return escapes[char]!;
  const length = escapeLengths[char];
  if (length === undefined) line.fail(`unknown escape "\\${char}"`);
  const digits = line.text.slice(line.at, line.at + length);
  const point = parseInt(digits, 16);
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length || point > 0x10ffff) {
    line.fail("a bad escape");
  }
  if (point >= 0xd800 && point <= 0xdfff) line.fail("half a character");
  line.at += length;
  return String.fromCodePoint(point);
}

/** Reads a scalar without quotes; `flow`: inside of brackets, which can end it. */
export function readPlain(line: LineText, flow: boolean): Node {
  // An empty node: `[a: ]`, `{a: , b: }`, `!`.
  if (line.peek() === "" || (flow && /[,\]}]/.test(line.peek()))) {
    return emptyNode;
  }
  if (!flow && /^[|>](?:[-+]?[1-9]?|[1-9][-+])(?: *| +#.*)$/.test(line.rest)) {
    line.at = line.text.length;
    return { style: "quoted", text: "", value: "" };
  }
  if (!plainMayStart(line, flow)) line.fail("a character that cannot start a value");
  const start = line.at;
  let end = line.at;
  while (!line.isAtEnd) {
    if (line.peek() === " ") {
      while (line.peek() === " ") line.at++;
      if (line.peek() === "#") break;
      continue;
    }
    if (plainEnds(line, flow)) break;
    end = ++line.at;
  }
  line.at = end;
  const text = line.text.slice(start, end);
  return { style: "plain", text, value: checkedNumber(line, plainScalar(text), text) };
}

function plainMayStart(line: LineText, flow: boolean): boolean {
  const char = line.peek();
  if (char === "" || char === " ") return false;
  if (char === "-") return line.peek(1) !== " " && (flow || line.peek(1) !== "");
  if (char === "?" || char === ":") return !flow && !line.isBlankOrEnd(1);
  return !/[,[\]{}#&*!|>'"%@`]/.test(char);
}

function plainEnds(line: LineText, flow: boolean): boolean {
  const char = line.peek();
  if (char === ":") {
    if (line.isBlankOrEnd(1)) return true;
    if (flow && /[,?[\]{}]/.test(line.peek(1))) line.fail('a ":" without a space');
  }
  return flow && /[,[\]{}]/.test(char);
}

/** What a scalar means with a tag before it. */
export function taggedValue(line: LineText, node: Node, tag: string): Data {
  if (tag === "!") return node.text === "" ? "" : node.value;
  if (tag === "!!str" || tag === "!!timestamp") return node.text;
  if (tag === "!!null") return null;
  if (tag === "!!int" && /\d/.test(node.text)) {
    return checkedNumber(line, parseYamlInt(node.text), "");
  }
  if (tag === "!!float" && node.text !== "") {
    return checkedNumber(line, parseYamlFloat(node.text), node.text);
  }
  if (tag === "!!bool" && scalarTag(node.text) === "bool") return parseYamlBool(node.text);
  line.fail(`unsupported tag "${tag}"`);
}

/** The value, unless Python could not make a number of it. */
function checkedNumber(line: LineText, value: Data, text: string): Data {
  if (/^[-+]?0_+$/.test(text) || (Number.isNaN(value) && !/nan$/i.test(text))) {
    line.fail("a number without digits");
  }
  return value;
}
