/**
 * A fast reader for the plain YAML that most configuration files are: block maps and lists of
 * one-line values. It says no to anything else, and the full reader takes over.
 *
 * It exists because the full reader costs every command tens of milliseconds on Salt's commented
 * sample configuration. What it accepts it must read exactly as the full one does.
 * @module
 */
import { pyStr } from "../text/py_repr.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { plainScalar } from "./yaml_scalar.ts";

const ENTRY = /^([A-Za-z0-9_][A-Za-z0-9_./-]*):(?: +(.*))?$/;
const ITEM = /^- +(.*)$/;
const QUOTED = /^(?:'([^']*)'|"([^"\\]*)")(?: +#.*)?$/;
const EMPTY = /^(\[ *\]|\{ *\})(?: +#.*)?$/;
const PLAIN_START = /^(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s\-])/;
/** Control characters, other line ends and surrogates have rules of their own. */
const UNUSUAL = /[^\n -~\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

/** Thrown inside for text that needs the full reader. */
const UNSUPPORTED = Symbol("unsupported");

interface Line {
  indent: number;
  text: string;
}

function contentLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    let from = start;
    while (from < end && text.charCodeAt(from) === 32) from++;
    if (from < end && text.charCodeAt(from) !== 35) {
      lines.push({ indent: from - start, text: text.slice(from, end).trimEnd() });
    }
    start = end + 1;
  }
  return lines;
}

/** The value of what stands after `key:` or `-` on one line. */
function inline(text: string): Data {
  const quoted = QUOTED.exec(text);
  if (quoted) return quoted[1] ?? quoted[2] ?? "";
  const empty = EMPTY.exec(text);
  if (empty) return empty[1]?.[0] === "[" ? [] : {};
  if (!PLAIN_START.test(text)) throw UNSUPPORTED;
  const comment = text.indexOf(" #");
  const plain = comment < 0 ? text : text.slice(0, comment).trimEnd();
  if (plain.includes(": ") || plain.endsWith(":") || plain === "=") throw UNSUPPORTED;
  return plainScalar(plain);
}

class BlockReader {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  document(): Data {
    const first = this.#lines[0];
    if (!first) return null;
    const value = this.#block(first.indent, 0);
    if (this.#at < this.#lines.length) throw UNSUPPORTED;
    return value;
  }

  #block(indent: number, depth: number): Data {
    if (depth > 50) throw UNSUPPORTED;
    const line = this.#lines[this.#at];
    return line && ITEM.test(line.text) ? this.#list(indent) : this.#map(indent, depth);
  }

  #list(indent: number): Data[] {
    const items: Data[] = [];
    for (let line = this.#lines[this.#at]; line?.indent === indent;) {
      const match = ITEM.exec(line.text);
      // After a list whose dashes stand under its key, the map goes on at the same depth.
      if (!match) break;
      items.push(inline(match[1] ?? ""));
      line = this.#next(indent);
    }
    return items;
  }

  #map(indent: number, depth: number): DataMap {
    const map: DataMap = {};
    for (let line = this.#lines[this.#at]; line?.indent === indent;) {
      const match = ENTRY.exec(line.text);
      if (!match) throw UNSUPPORTED;
      const key = pyStr(plainScalar(match[1] ?? ""));
      if (Object.hasOwn(map, key) || key === "__proto__") throw UNSUPPORTED;
      const rest = match[2] ?? "";
      if (rest !== "" && !rest.startsWith("#")) {
        map[key] = inline(rest);
        line = this.#next(indent);
      } else {
        line = this.#lines[++this.#at];
        map[key] = this.#nested(line, indent, depth);
        line = this.#lines[this.#at];
        if (line && line.indent > indent) throw UNSUPPORTED;
      }
    }
    return map;
  }

  #nested(line: Line | undefined, indent: number, depth: number): Data {
    if (line && line.indent > indent) return this.#block(line.indent, depth + 1);
    if (line?.indent === indent && ITEM.test(line.text)) return this.#list(indent);
    return null;
  }

  /** Goes on after a one-line value, which a deeper line would continue. */
  #next(indent: number): Line | undefined {
    const line = this.#lines[++this.#at];
    if (line && line.indent > indent) throw UNSUPPORTED;
    return line;
  }
}

/** The value of a text in the plain subset, or undefined when the full reader has to look at it. */
export function readPlainYaml(text: string): { value: Data } | undefined {
  if (UNUSUAL.test(text)) return undefined;
  try {
    return { value: new BlockReader(contentLines(text)).document() };
  } catch (error) {
    if (error === UNSUPPORTED) return undefined;
    throw error;
  }
}
