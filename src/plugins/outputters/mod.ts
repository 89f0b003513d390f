/**
 * The outputters: each turns data into the text that a command line tool prints.
 * @module
 */
import { rstrip } from "../../text/py_text.ts";
import type { Data } from "../../types/mod.ts";
import { highstate } from "./highstate.ts";
import { key } from "./key.ts";
import { nested } from "./nested.ts";
import { profile } from "./profile.ts";
import {
  json,
  newlineValuesOnly,
  noReturn,
  overstatestage,
  pprint,
  quiet,
  raw,
  txt,
} from "./simple.ts";
import { table } from "./table.ts";
import { type OutputCall, type OutputOptions, type Outputter, UnsuitableData } from "./types.ts";
import { yaml } from "./yaml.ts";

export type { OutputCall, OutputOptions, Outputter } from "./types.ts";
export { isMap } from "./types.ts";
export { type Colors, colorsOf } from "./colors.ts";

/**
 * All outputters by the name that `--out` takes. What `progress` stands for is shown while a job runs, by
 * the command line, and not of its results.
 */
export const OUTPUTTERS: Readonly<Record<string, Outputter>> = {
  highstate,
  json,
  key,
  nested,
  newline_values_only: newlineValuesOnly,
  no_return: noReturn,
  overstatestage,
  pprint,
  profile,
  progress: quiet,
  quiet,
  raw,
  table,
  text: txt,
  txt,
  yaml,
};

/** The outputter of that name. */
export function outputter(name: string): Outputter | undefined {
  return Object.hasOwn(OUTPUTTERS, name) ? OUTPUTTERS[name] : undefined;
}

/**
 * Which outputter shows a return: the one asked for on the command line or in the configuration, else
 * the one that the function named, else nested. `highstate` asked for leaves the choice to the
 * function. (`salt/output/__init__.py:get_printout`)
 */
export function chooseOutputter(named: string | undefined, options: OutputOptions): string {
  const asked = options["output"];
  if (typeof asked === "string" && asked !== "" && asked !== "highstate") return asked;
  if (named) return named;
  const fun = options["fun"];
  const state = typeof fun === "string" && fun.split(".")[0] === "state";
  if (options["static"] === true && asked === "highstate") return asked;
  return options["static"] === true && state ? "highstate" : "nested";
}

/**
 * Data as text. Data that the outputter is not made for is shown by `nested`, then `raw`, and so is an
 * outputter that does not exist. (`salt/output/__init__.py:try_printout`)
 */
export function formatOutput(
  data: Data,
  out: string,
  options: OutputOptions,
  call: OutputCall = {},
): string {
  for (const show of [outputter(out) ?? nested, nested, raw]) {
    try {
      return rstrip(show(data, options, call));
    } catch (error) {
      if (!(error instanceof UnsuitableData)) throw error;
    }
  }
  throw new Error("raw shows anything");
}
