/**
 * The outputters that are a few lines each: raw, txt, json, pprint, quiet, newline_values_only,
 * no_return and overstatestage.
 * @module
 */
import { Buffer } from "node:buffer";
import { dumpJson } from "../../serializers/json_dump.ts";
import { pyPretty } from "../../text/py_pprint.ts";
import { pyStr } from "../../text/py_repr.ts";
import { compareText, splitLines } from "../../text/py_text.ts";
import type { Data } from "../../types/mod.ts";
import { type Colors, colorsOf } from "./colors.ts";
import {
  isMap,
  type OutputOptions,
  type Outputter,
  stripEscapes,
  UnsuitableData,
} from "./types.ts";

/** `raw`: the data as Python writes it. (`salt/output/raw.py`) */
export const raw: Outputter = (data) => pyStr(data);

/** Python's `bytes.splitlines`, which ends lines at CR and LF only. */
function byteLines(value: Uint8Array): string[] {
  const lines = Buffer.from(value).toString("latin1").split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => pyStr(Uint8Array.from(Buffer.from(line, "latin1"))));
}

/** `txt`: what commands printed, behind the minion's id. (`salt/output/txt.py`) */
export const txt: Outputter = (data) => {
  if (!isMap(data)) return typeof data === "string" ? `${data}\n` : `${pyPretty(data)}\n`;
  let out = "";
  for (const [key, value] of Object.entries(data)) {
    const lines = typeof value === "string"
      ? splitLines(value)
      : value instanceof Uint8Array
      ? byteLines(value)
      : [pyStr(value)];
    for (const line of lines) out += `${key}: ${line}\n`;
  }
  return out;
};

/** `json`. Four spaces when no indentation was asked for. (`salt/output/json_out.py`) */
export const json: Outputter = (data, options) => {
  const wanted = options.output_indent;
  if (wanted === "pretty") return dumpJson(data, { indent: 4, sortKeys: true });
  if (wanted === undefined) return dumpJson(data, { indent: 4 });
  return dumpJson(data, { indent: typeof wanted === "number" && wanted >= 0 ? wanted : null });
};

/** `pprint`. (`salt/output/pprint_out.py`) */
export const pprint: Outputter = (data, options) => {
  const indent = options.output_indent;
  return pyPretty(data, typeof indent === "number" && indent >= 0 ? { indent } : {});
};

/** `quiet`: nothing. (`salt/output/no_out_quiet.py`) */
export const quiet: Outputter = () => "";

/** `newline_values_only`: values without ids, one a line. (`salt/output/newline_values_only.py`) */
export const newlineValuesOnly: Outputter = (data) => {
  if (!isMap(data)) throw new UnsuitableData("newline_values_only needs a map");
  return Object.values(data).flat(1).map(pyStr).join("\n");
};

function noReturnLines(
  data: Data,
  indent: number,
  options: OutputOptions,
  out: string[],
): void {
  const colors: Colors = colorsOf(options);
  const space = " ".repeat(indent);
  if (typeof data === "string") {
    for (const line of stripEscapes(data, options).split("\n")) {
      out.push(`${colors.RED}${space}${line}${colors.ENDC}`);
    }
  } else if (isMap(data)) {
    for (const key of Object.keys(data).sort(compareText)) {
      out.push(`${colors.CYAN}${space}${stripEscapes(key, options)}${colors.ENDC}:`);
      noReturnLines(data[key] ?? null, indent + 4, options, out);
    }
  }
}

/** `no_return`: minions that did not answer. (`salt/output/no_return.py`) */
export const noReturn: Outputter = (data, options) => {
  const out: string[] = [];
  noReturnLines(data, 0, options, out);
  return out.map((line) => `${line}\n`).join("");
};

/** `overstatestage`: the stages of an orchestration. (`salt/output/overstatestage.py`) */
export const overstatestage: Outputter = (data, options) => {
  if (!Array.isArray(data)) throw new UnsuitableData("overstatestage needs a list");
  const { LIGHT_BLUE, ENDC } = colorsOf(options);
  let out = "";
  for (const stages of data) {
    if (!isMap(stages)) throw new UnsuitableData("overstatestage needs maps");
    for (const [name, stage] of Object.entries(stages)) {
      if (!isMap(stage)) throw new UnsuitableData("overstatestage needs maps of maps");
      out += `${LIGHT_BLUE}${name}: ${ENDC}\n`;
      for (const key of Object.keys(stage).sort(compareText)) {
        out += `    ${LIGHT_BLUE}${key}: ${pyStr(stage[key] ?? null)}${ENDC}\n`;
      }
    }
  }
  return out;
};
