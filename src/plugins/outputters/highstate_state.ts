/**
 * One state of a run, in full or on one line.
 * (`salt/output/highstate.py:_format_host`, `_format_terse`)
 * @module
 */
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { formatFields } from "../../text/py_format.ts";
import { strip } from "../../text/py_text.ts";
import { fillText } from "../../text/py_wrap.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { colorsOf } from "./colors.ts";
import { isMap, type OutputOptions, stripEscapes } from "./types.ts";

const INDENT = " ".repeat(14);

function warningsOf(state: DataMap): string | undefined {
  const warnings = state["warnings"];
  return Array.isArray(warnings) ? warnings.map(pyStr).join("\n") : undefined;
}

function resultWord(state: DataMap): string {
  if (state["result"] === false) return "Failed";
  if (state["result"] === null) return "Differs";
  return pyTruthy(state["changes"] ?? null) ? "Changed" : "Clean";
}

/** A state on one line; `names` are module, id, name and function. */
export function formatTerse(
  names: readonly string[],
  state: DataMap,
  color: string,
  options: OutputOptions,
): string {
  const colors = colorsOf(options);
  const { ENDC, LIGHT_RED } = colors;
  const fields: Data[] = [
    color,
    ...[names[2], names[0], names.at(-1)].map((name) => stripEscapes(name ?? "", options)),
    resultWord(state),
    ENDC,
    state,
  ];
  const tabular = options.state_tabular;
  if (typeof tabular === "string") return formatFields(tabular, fields);
  const timed = options.state_output_profile && "start_time" in state;
  const warnings = warningsOf(state);
  const warned = warnings === undefined
    ? ""
    : `${LIGHT_RED}Warnings:\n${stripEscapes(warnings, options)}${ENDC}`;
  if (tabular === true) {
    const times = timed ? "{6[start_time]!s} [{6[duration]!s:>7} ms] " : "";
    const line = formatFields(`{0}${times}{2:>10}.{3:<10} {4:7}   Name: {1}{5}`, fields);
    return warned === "" ? line : `${warned}\n${line}`;
  }
  const times = timed ? " - Started: {6[start_time]!s} - Duration: {6[duration]!s} ms" : "";
  return warned +
    formatFields(` {0} Name: {1} - Function: {2}.{3} - Result: {4}${times}{5}`, fields);
}

function commentOf(state: DataMap): string {
  let comment = strip(pyStr(state["comment"] ?? null)).replaceAll("\n", `\n${INDENT}`);
  const data = state["data"];
  if (Array.isArray(data)) {
    for (const item of data) comment += ` ${pyStr(item)}`;
  } else if (isMap(data)) {
    for (const [key, value] of Object.entries(data)) comment += `\n\t\t${key}: ${pyStr(value)}`;
  } else if (data !== undefined) {
    comment += ` ${pyStr(data)}`;
  }
  return comment;
}

/** A state in full. `changes` is their text. */
export function formatFull(
  names: readonly string[],
  state: DataMap,
  color: string,
  changes: string,
  options: OutputOptions,
): string[] {
  const { ENDC, LIGHT_RED } = colorsOf(options);
  const [module = "", id = "", name = "", fun = ""] = names;
  const line = (text: string) => `    ${color}${stripEscapes(text, options)}${ENDC}`;
  const lines = [
    `${color}----------${ENDC}`,
    line(`      ID: ${id}`),
    line(`Function: ${module}.${fun}`),
  ];
  if (id !== name) lines.push(line(`    Name: ${name}`));
  lines.push(
    line(`  Result: ${pyStr(state["result"] ?? null)}`),
    line(` Comment: ${commentOf(state)}`),
  );
  if (options.state_output_profile && "start_time" in state) {
    const duration = state["duration"] ?? "";
    lines.push(
      line(` Started: ${pyStr(state["start_time"] ?? null)}`),
      line(`Duration: ${duration === "" ? "" : `${pyStr(duration)} ms`}`),
    );
  }
  lines.push(`${color}     Changes:   ${changes}${ENDC}`);
  const warnings = warningsOf(state);
  if (warnings !== undefined) {
    const filled = stripEscapes(fillText(warnings, 80, INDENT).trimStart(), options);
    lines.push(`   ${LIGHT_RED} Warnings: ${filled}${ENDC}`);
  }
  return lines;
}
