/**
 * What a state changed. (`salt/output/highstate.py:_format_changes`)
 * @module
 */
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { rstrip, splitLines } from "../../text/py_text.ts";
import type { Data } from "../../types/mod.ts";
import { formatRuns } from "./highstate.ts";
import { formatHost } from "./highstate_host.ts";
import { nested } from "./nested.ts";
import { isMap, type OutputOptions } from "./types.ts";

/** The text of changes, and whether there are any. */
export interface ChangesText {
  changed: boolean;
  text: string;
}

const INDENT = " ".repeat(14);

/** The changes of a state that ran states elsewhere: their own output, further in. */
export function nestedRuns(changes: Data, options: OutputOptions, level: number): string {
  return `\n${formatRuns(changes, options, level + 1)}`
    .replace(/^/gm, " ".repeat(14 * level));
}

/** The changes of a state. */
export function formatChanges(changes: Data, options: OutputOptions): ChangesText {
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
