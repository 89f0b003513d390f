/**
 * `nested`: indented data, the outputter of most functions. (`salt/output/nested.py`)
 * @module
 */
import { pyRepr } from "../../text/py_repr.ts";
import { compareText, splitLines } from "../../text/py_text.ts";
import type { Data } from "../../types/mod.ts";
import { type Colors, colorsOf } from "./colors.ts";
import {
  isMap,
  type OutputCall,
  type OutputOptions,
  type Outputter,
  stripEscapes,
} from "./types.ts";

class Nest {
  readonly lines: string[] = [];
  readonly #colors: Colors;
  readonly #options: OutputOptions;
  /** Lists and maps turn red when the call failed. */
  readonly #failed: boolean;

  constructor(options: OutputOptions, call: OutputCall) {
    this.#colors = colorsOf(options);
    this.#options = options;
    this.#failed = (call.retcode ?? 0) !== 0;
  }

  #line(indent: number, color: string, text: string, prefix = "", suffix = ""): void {
    this.lines.push(`${" ".repeat(indent)}${color}${prefix}${text}${this.#colors.ENDC}${suffix}`);
  }

  show(value: Data, indent: number, prefix: string): void {
    if (typeof value === "string") this.#text(value, indent, prefix);
    else if (Array.isArray(value)) this.#list(value, indent);
    else if (isMap(value)) this.#map(value, indent, prefix);
    else if (value instanceof Uint8Array) this.#bytes(value, indent, prefix);
    else if (value instanceof Date) this.#text(value.toISOString(), indent, prefix);
    else this.#line(indent, this.#colors.LIGHT_YELLOW, pyRepr(value), prefix);
  }

  #bytes(value: Uint8Array, indent: number, prefix: string): void {
    try {
      this.#text(new TextDecoder("utf-8", { fatal: true }).decode(value), indent, prefix);
    } catch {
      this.#line(indent, this.#colors.YELLOW, "Not string data", prefix);
    }
  }

  #text(value: string, indent: number, prefix: string): void {
    let before = prefix;
    for (const line of splitLines(value)) {
      this.#line(indent, this.#colors.GREEN, stripEscapes(line, this.#options), before);
      before = " ".repeat(prefix.length);
    }
  }

  #list(value: Data[], indent: number): void {
    const color = this.#failed ? this.#colors.RED : this.#colors.GREEN;
    for (const item of value) {
      if (Array.isArray(item) || isMap(item)) {
        this.#line(indent, color, "|_");
        this.show(item, indent + 2, isMap(item) ? "" : "- ");
      } else {
        this.show(item, indent, "- ");
      }
    }
  }

  #map(value: { [key: string]: Data }, indent: number, prefix: string): void {
    const color = this.#failed ? this.#colors.RED : this.#colors.CYAN;
    if (indent > 0) this.#line(indent, color, "----------");
    for (const key of Object.keys(value).sort(compareText)) {
      this.#line(indent, color, stripEscapes(key, this.#options), prefix, ":");
      this.show(value[key] ?? null, indent + 4, "");
    }
  }
}

/** The outputter. */
export const nested: Outputter = (data, options, call) => {
  const nest = new Nest(options, call);
  const indent = call.nestedIndent ?? options["nested_indent"];
  nest.show(data, typeof indent === "number" ? indent : 0, "");
  return nest.lines.join("\n");
};
