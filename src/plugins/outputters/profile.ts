/**
 * `profile`: the states of a run with how long each took, quickest first. (`salt/output/profile.py`)
 * @module
 */
import { pyStr } from "../../text/py_repr.ts";
import { compareText, fixed } from "../../text/py_text.ts";
import { formatTable } from "./table.ts";
import { isMap, type Outputter, UnsuitableData } from "./types.ts";

const NAME_MAX = 60;

interface Row {
  duration: number;
  name: string;
  fun: string;
}

function compareRows(a: Row, b: Row): number {
  return a.duration - b.duration || compareText(a.name, b.name) || compareText(a.fun, b.fun);
}

/** The outputter. */
export const profile: Outputter = (data, options) => {
  if (!isMap(data)) throw new UnsuitableData("profile needs a map");
  const rows: Row[] = [];
  for (const states of Object.values(data)) {
    // A text or a list stands for a run that did not come about.
    const ids = isMap(states) ? Object.keys(states) : [states].flat().map(pyStr);
    for (const sid of ids) {
      const state = isMap(states) ? states[sid] ?? null : {};
      const info = isMap(state) ? state : { name: sid };
      const parts = sid.split("_|-");
      const name = pyStr(info["name"] ?? info["__id__"] ?? "<>");
      const duration = Number(info["duration"] ?? -1);
      if (Number.isNaN(duration)) throw new UnsuitableData("profile needs durations in numbers");
      rows.push({
        duration,
        name: [...name].length > NAME_MAX
          ? `${[...name].slice(0, NAME_MAX - 3).join("")}...`
          : name,
        fun: `${parts[0]}.${parts.at(-1)}`,
      });
    }
  }
  const labels = ["name", "mod.fun", "duration (ms)"];
  const durations = rows.map((row) => fixed(row.duration, 4));
  const width = Math.max("duration (ms)".length, ...durations.map((text) => text.length));
  const cells = rows.sort(compareRows).map((row) => [
    row.name,
    row.fun,
    fixed(row.duration, 4).padStart(width),
  ]);
  return formatTable({ labels, rows: cells }, options, { rowsKey: "rows", labelsKey: "labels" });
};
