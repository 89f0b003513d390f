/**
 * Python's `textwrap.fill`.
 * @module
 */
import { textLength } from "./py_text.ts";

const SPACE = "\\t\\n\\v\\f\\r ";
const PUNCTUATION = "[\\p{L}\\p{N}_!\"'&.,?]";

/** White space, dashes between words, or a word up to a hyphen, a dash or its end. */
const CHUNK = new RegExp(
  `([${SPACE}]+` +
    `|(?<=${PUNCTUATION})-{2,}(?=[\\p{L}\\p{N}_])` +
    `|[^${SPACE}]+?(?:` +
    `-(?:(?<=[\\p{L}_]{2}-)|(?<=[\\p{L}_]-[\\p{L}_]-))(?=[\\p{L}_]-?[\\p{L}_])` +
    `|(?=[${SPACE}]|$)` +
    `|(?<=${PUNCTUATION})(?=-{2,}[\\p{L}\\p{N}_])))`,
  "u",
);

function chunksOf(text: string): string[] {
  const plain = expandTabs(text).replace(/[\t\n\v\f\r]/g, " ");
  return plain.split(CHUNK).filter((chunk) => chunk !== "");
}

function expandTabs(text: string): string {
  let column = 0;
  let out = "";
  for (const char of text) {
    if (char === "\t") {
      const spaces = 8 - column % 8;
      out += " ".repeat(spaces);
      column += spaces;
    } else {
      out += char;
      column = char === "\n" || char === "\r" ? 0 : column + 1;
    }
  }
  return out;
}

/** Takes chunks for one line off the front. */
function takeLine(chunks: string[], room: number): string[] {
  const line: string[] = [];
  let length = 0;
  while (chunks.length > 0) {
    const next = chunks[0] ?? "";
    if (length + textLength(next) > room) break;
    line.push(next);
    length += textLength(next);
    chunks.shift();
  }
  const next = chunks[0];
  if (next !== undefined && textLength(next) > room) {
    const space = Math.max(1, room - length);
    const chars = [...next];
    line.push(chars.slice(0, space).join(""));
    chunks[0] = chars.slice(space).join("");
  }
  return line;
}

/** One paragraph, filled to `width` with each line behind `indent`. */
export function fillText(text: string, width: number, indent: string): string {
  const chunks = chunksOf(text);
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && (chunks[0] ?? "").trim() === "") chunks.shift();
    const line = takeLine(chunks, width - indent.length);
    if (line.length > 0 && (line.at(-1) ?? "").trim() === "") line.pop();
    if (line.length > 0) lines.push(indent + line.join(""));
  }
  return lines.join("\n");
}
