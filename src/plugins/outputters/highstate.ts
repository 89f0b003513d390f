/**
 * `highstate`: the results of a state run, which may hold runs itself. (`salt/output/highstate.py`)
 * @module
 */
import { pyPretty } from "../../text/py_pprint.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { rstrip, splitLines } from "../../text/py_text.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { type Colors, colorsOf } from "./colors.ts";
import { compressIds } from "./highstate_compress.ts";
import { formatFull, formatTerse } from "./highstate_state.ts";
import { Summary } from "./highstate_summary.ts";
import { nested } from "./nested.ts";
import {
  isMap,
  type OutputOptions,
  type Outputter,
  stripEscapes,
  UnsuitableData,
} from "./types.ts";

/** A minion's part as text, and whether anything changed there. */
interface HostText {
  text: string;
  changed: boolean;
}

const RUNS_OF_RUNS: readonly unknown[] = ["state.orch", "state.orchestrate", "state.sls"];

function isWholeNumber(data: Data): boolean {
  return typeof data === "boolean" || typeof data === "bigint" ||
    (typeof data === "number" && Number.isInteger(data));
}

type Form = "skip" | "terse" | "full";

function listOption(value: unknown): readonly string[] {
  if (typeof value === "string") return value.split(",");
  return Array.isArray(value) ? value.map((item) => pyStr(item)) : [];
}

/** `filter`: the result decides, by `exclude=` and `terse=` of the command or the configuration. */
function filteredForm(result: Data, options: OutputOptions): Form {
  const given = Array.isArray(options["arg"]) ? options["arg"] : [];
  const kwargs = given.findLast((item) => isMap(item) && "__kwarg__" in item) ?? {};
  const terse = listOption(kwargs["terse"] ?? options.state_output_terse);
  if (terse.includes(pyStr(result))) return "terse";
  const exclude = listOption(kwargs["exclude"] ?? options.state_output_exclude);
  return exclude.includes(pyStr(result)) ? "skip" : "full";
}

/** How much of a state is shown. */
function formOf(result: Data, changed: boolean, options: OutputOptions): Form {
  const quiet = pyTruthy(result) && !changed;
  if (options.state_output_diff && quiet) return "skip";
  if (!options.state_verbose && quiet) return "skip";
  const wanted = (options.state_output ?? "full").toLowerCase();
  if (wanted.startsWith("filter")) return filteredForm(result, options);
  if (wanted.startsWith("terse")) return "terse";
  if (wanted.startsWith("mixed")) return result === false ? "full" : "terse";
  return wanted.startsWith("changes") && quiet ? "terse" : "full";
}

class HostFormatter {
  readonly lines: string[] = [];
  changes = 0;
  readonly colors: Colors;
  hostColor: string;
  readonly #options: OutputOptions;
  readonly #level: number;

  constructor(options: OutputOptions, level: number) {
    this.colors = colorsOf(options);
    this.hostColor = this.colors.GREEN;
    this.#options = options;
    this.#level = level;
  }

  /** A function's plain result counts as a change. */
  result(text: string): void {
    this.changes = 1;
    for (const line of splitLines(stripEscapes(text, this.#options))) {
      this.lines.push(`${this.hostColor}    ${line}${this.colors.ENDC}`);
    }
    this.hostColor = this.colors.CYAN;
  }

  errors(errors: Data[]): void {
    const { ENDC } = this.colors;
    this.hostColor = this.colors.LIGHT_RED;
    this.lines.push(`    ${this.hostColor}Data failed to compile:${ENDC}`);
    for (const error of errors) {
      const text = stripEscapes(pyStr(error), this.#options);
      this.lines.push(`${this.hostColor}----------\n    ${text}${ENDC}`);
    }
  }

  states(host: string, all: DataMap): void {
    const states: [string, DataMap][] = [];
    for (const [tag, state] of Object.entries(all)) {
      if (!isMap(state)) continue;
      const empty = Object.keys(state).length === 0;
      if (tag !== "changes" && !empty && !("__run_num__" in state)) {
        this.lines.unshift(
          "The State execution failed to record the order in which all states were executed. " +
            "The state return missing data is:",
          pyPretty(state),
        );
      }
      if ("result" in state) states.push([tag, state]);
    }
    const order = (state: DataMap) => Number(state["__run_num__"] ?? 0);
    states.sort(([, a], [, b]) => order(a) - order(b));
    const summary = new Summary(this.#options, this.colors);
    for (const [tag, state] of states) this.#state(tag, state, summary);
    this.lines.push(...summary.lines(host, this.changes));
  }

  #state(tag: string, state: DataMap, summary: Summary): void {
    const names = tag.split("_|-");
    const count = this.#options.state_compress_ids && tag.includes("_|-state_compressed_")
      ? Number(/\((\d+)\)$/.exec(names[1] ?? "")?.[1] ?? 1)
      : 1;
    const result = state["result"] ?? null;
    summary.count(result, count);
    summary.time(state);
    const { changed, text } = RUNS_OF_RUNS.includes(state["name"])
      ? { changed: true, text: nestedRuns(state["changes"] ?? null, this.#options, this.#level) }
      : formatChanges(state["changes"] ?? null, this.#options);
    if (changed) this.changes += changedCount(state, count);
    const form = formOf(result, changed, this.#options);
    if (form === "skip") return;
    let color = changed ? this.colors.CYAN : this.colors.GREEN;
    if (result === false) color = this.hostColor = this.colors.RED;
    if (result === null) color = this.hostColor = this.colors.LIGHT_YELLOW;
    if ((this.#options.state_output ?? "full").toLowerCase().endsWith("_id")) {
      names[2] = names[1] ?? "";
    }
    if (form === "terse") {
      this.lines.push(formatTerse(names, state, color, this.#options));
    } else {
      if (Array.isArray(state["warnings"])) summary.warn();
      this.lines.push(...formatFull(names, state, color, text, this.#options));
    }
  }
}

function changedCount(state: DataMap, count: number): number {
  const changes = state["changes"];
  if (count <= 1 || !isMap(changes)) return 1;
  const compressed = changes["compressed changes"];
  return isMap(compressed) ? Object.keys(compressed).length || 1 : 1;
}

/** One minion's part. `level` is how deep it lies in runs of runs. */
function formatHost(
  host: string,
  data: Data,
  options: OutputOptions,
  level: number,
): HostText {
  const formatter = new HostFormatter(options, level);
  if (isWholeNumber(data)) formatter.result(pyStr(data));
  else if (typeof data === "string") formatter.result(data);
  else if (Array.isArray(data)) formatter.errors(data);
  else if (isMap(data)) formatter.states(host, data);
  const { hostColor, colors, lines, changes } = formatter;
  const heading = `${hostColor}${stripEscapes(host, options)}:${colors.ENDC}`;
  return { text: [heading, ...lines].join("\n"), changed: changes > 0 };
}

/** The text of changes, and whether there are any. */
interface ChangesText {
  changed: boolean;
  text: string;
}

const INDENT = " ".repeat(14);

/** The changes of a state that ran states elsewhere: their own output, further in. */
function nestedRuns(changes: Data, options: OutputOptions, level: number): string {
  return `\n${formatRuns(changes, options, level + 1)}`
    .replace(/^/gm, " ".repeat(14 * level));
}

/** The changes of a state. */
function formatChanges(changes: Data, options: OutputOptions): ChangesText {
  if (!pyTruthy(changes)) return { changed: false, text: "" };
  if (!isMap(changes)) return { changed: true, text: `Invalid Changes data: ${pyStr(changes)}` };
  const runs = changes["ret"];
  if (isMap(runs) && changes["out"] === "highstate") {
    let text = "";
    let changed = false;
    for (const [host, states] of Object.entries(runs)) {
      const part = formatHost(host, states, options, 1);
      text += `\n${splitLines(part.text).map((line) => INDENT + line).join("\n")}`;
      changed ||= part.changed;
    }
    return { changed, text };
  }
  return { changed: true, text: `\n${rstrip(nested(changes, options, { nestedIndent: 14 }))}` };
}

/** The states themselves, out of what lookups and orchestrations wrap around them. */
function unwrap(data: Data): Data {
  let inner = data;
  if (isMap(inner) && "return" in inner) inner = inner["return"] ?? null;
  if (isMap(inner) && "data" in inner) inner = inner["data"] ?? null;
  if (isMap(inner) && Object.keys(inner).length === 1) {
    const only = Object.values(inner)[0];
    if (isMap(only) && "jid" in only && "fun" in only) {
      const result = only["return"];
      if (isMap(result) && "data" in result) inner = result["data"] ?? null;
    }
  }
  return inner;
}

/** Shows a run, or runs within a run: `level` is how deep. */
function formatRuns(data: Data, options: OutputOptions, level: number): string {
  let runs = unwrap(data);
  if (typeof runs === "string") return runs;
  if (typeof runs === "number" || typeof runs === "bigint") return String(runs);
  if (runs === null) return "None";
  if (!isMap(runs)) throw new UnsuitableData("highstate needs a map");
  const masters = Object.keys(runs).filter((id) => id.endsWith("_master"));
  if ("retcode" in runs && masters.length === 1) {
    runs = Object.fromEntries(Object.entries(runs).filter(([id]) => id !== "retcode"));
  }
  if (options.state_compress_ids) runs = compressIds(runs);
  return Object.entries(runs)
    .map(([host, states]) => formatHost(host, states, options, level).text)
    .join("\n");
}

/** The outputter. */
export const highstate: Outputter = (data, options) => formatRuns(data, options, 1);
