/**
 * Python's `pprint.pformat`.
 * @module
 */
import { type Data, Float } from "../types/mod.ts";
import { pyRepr } from "./py_repr.ts";
import { compareText, splitLines, textLength } from "./py_text.ts";

type Items = [string, Data][];

function isMap(value: Data): value is { [key: string]: Data } {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Float) && !(value instanceof Uint8Array) && !(value instanceof Date);
}

function sortedItems(value: { [key: string]: Data }): Items {
  return Object.entries(value).sort(([a], [b]) => compareText(a, b));
}

/** A value on one line: `repr`, but with sorted keys. */
function oneLine(value: Data): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isMap(value)) return pyRepr(value);
  return `{${sortedItems(value).map(([k, v]) => `${pyRepr(k)}: ${oneLine(v)}`).join(", ")}}`;
}

class Printer {
  readonly #width: number;
  readonly #step: number;
  constructor(width: number, step: number) {
    this.#width = width;
    this.#step = step;
  }

  /** `allowance` is what has to fit behind the value on its last line. */
  format(value: Data, indent: number, allowance: number, level: number): string {
    const line = oneLine(value);
    if (textLength(line) <= this.#width - indent - allowance) return line;
    if (typeof value === "string") return this.#text(value, indent, allowance, level + 1);
    if (value instanceof Uint8Array) return this.#bytes(value, indent, allowance, level + 1);
    if (Array.isArray(value)) return this.#list(value, indent, allowance, level + 1);
    if (isMap(value)) return this.#map(value, indent, allowance, level + 1);
    return line;
  }

  #pad(): string {
    return " ".repeat(Math.max(0, this.#step - 1));
  }

  #map(value: { [key: string]: Data }, indent: number, allowance: number, level: number): string {
    const inner = indent + this.#step;
    const items = sortedItems(value);
    const parts = items.map(([key, item], at) => {
      const name = `${pyRepr(key)}: `;
      const after = at === items.length - 1 ? allowance + 1 : 1;
      return name + this.format(item, inner + textLength(name), after, level);
    });
    return `{${this.#pad()}${parts.join(`,\n${" ".repeat(inner)}`)}}`;
  }

  #list(value: Data[], indent: number, allowance: number, level: number): string {
    const inner = indent + this.#step;
    const parts = value.map((item, at) =>
      this.format(item, inner, at === value.length - 1 ? allowance + 1 : 1, level)
    );
    return `[${this.#pad()}${parts.join(`,\n${" ".repeat(inner)}`)}]`;
  }

  #text(value: string, indent: number, allowance: number, level: number): string {
    if (level === 1) {
      indent += 1;
      allowance += 1;
    }
    const chunks = this.#chunks(value, this.#width - indent, allowance);
    if (chunks.length === 1) return chunks[0] ?? "";
    const text = chunks.join(`\n${" ".repeat(indent)}`);
    return level === 1 ? `(${text})` : text;
  }

  /** The text as literals that Python would join, none wider than the room if a space can break it. */
  #chunks(value: string, room: number, allowance: number): string[] {
    const chunks: string[] = [];
    const lines = splitLines(value, true);
    lines.forEach((line, at) => {
      const lastLine = at === lines.length - 1;
      const literal = pyRepr(line);
      if (textLength(literal) <= (lastLine ? room - allowance : room)) {
        chunks.push(literal);
        return;
      }
      const parts = line.match(/\S*\s*/g)?.filter((part) => part !== "") ?? [];
      let current = "";
      parts.forEach((part, j) => {
        const width = lastLine && j === parts.length - 1 ? room - allowance : room;
        if (textLength(pyRepr(current + part)) > width) {
          if (current !== "") chunks.push(pyRepr(current));
          current = part;
        } else {
          current += part;
        }
      });
      if (current !== "") chunks.push(pyRepr(current));
    });
    return chunks;
  }

  #bytes(value: Uint8Array, indent: number, allowance: number, level: number): string {
    if (value.length <= 4) return pyRepr(value);
    if (level === 1) {
      indent += 1;
      allowance += 1;
    }
    const lastAt = Math.floor(value.length / 4) * 4;
    let width = this.#width - indent;
    let current = new Uint8Array();
    const parts: string[] = [];
    for (let at = 0; at < value.length; at += 4) {
      const part = value.subarray(at, at + 4);
      const candidate = Uint8Array.from([...current, ...part]);
      if (at === lastAt) width -= allowance;
      if (pyRepr(candidate).length > width) {
        if (current.length > 0) parts.push(pyRepr(current));
        current = Uint8Array.from(part);
      } else {
        current = candidate;
      }
    }
    if (current.length > 0) parts.push(pyRepr(current));
    const text = parts.join(`\n${" ".repeat(indent)}`);
    return level === 1 ? `(${text})` : text;
  }
}

/** A value as Python's `pprint.pformat` lays it out, 80 columns wide. */
export function pyPretty(value: Data, options: { indent?: number } = {}): string {
  return new Printer(80, options.indent ?? 1).format(value, 0, 0, 0);
}
