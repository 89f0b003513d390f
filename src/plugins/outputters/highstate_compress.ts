/**
 * `state_compress_ids`: one line for the many names of one state id.
 * (`salt/output/highstate.py:_compress_ids`)
 * @module
 */
import { pyStr } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import type { DataMap } from "../../types/mod.ts";
import { isMap } from "./types.ts";

class Incomplete extends Error {}

function need(state: DataMap, key: string): string {
  const value = state[key];
  if (value === undefined) throw new Incomplete(key);
  return pyStr(value);
}

function groupOf(tag: string, state: DataMap): string {
  const module = tag.split("_|-")[0];
  return [module, need(state, "__id__"), need(state, "__sls__"), need(state, "result")].join("_");
}

function mergeChanges(into: DataMap, from: DataMap): void {
  const more = from["changes"];
  if (!isMap(more) || Object.keys(more).length === 0) return;
  const before = into["changes"];
  const name = pyStr(from["name"] ?? null);
  if (!isMap(before) || Object.keys(before).length === 0) {
    into["changes"] = { "compressed changes": { [name]: more } };
    return;
  }
  const compressed = before["compressed changes"];
  const all = isMap(compressed) ? compressed : { [pyStr(into["name"] ?? null)]: before };
  into["changes"] = { "compressed changes": { ...all, [name]: more } };
}

function merge(into: DataMap, from: DataMap): void {
  into["__run_num__"] = Math.min(Number(into["__run_num__"]), Number(from["__run_num__"]));
  const sum = Number(into["duration"]) + Number(from["duration"]);
  if (Number.isNaN(sum)) throw new Incomplete("duration");
  into["duration"] = Math.round(sum * 1000) / 1000;
  const times = [need(into, "start_time"), need(from, "start_time")].sort(compareText);
  into["start_time"] = times[0] ?? "";
  mergeChanges(into, from);
}

function compressHost(states: DataMap): DataMap {
  const counts = new Map<string, number>();
  for (const [tag, state] of Object.entries(states)) {
    if (!isMap(state)) throw new Incomplete(tag);
    const group = groupOf(tag, state);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const out: DataMap = {};
  for (const [tag, state] of Object.entries(states)) {
    if (!isMap(state)) continue;
    const count = counts.get(groupOf(tag, state)) ?? 1;
    if (count === 1) {
      out[tag] = state;
      continue;
    }
    const parts = tag.split("_|-");
    const id = need(state, "__id__");
    parts[1] = `${id} (${count})`;
    parts[2] = ["state_compressed", need(state, "__sls__"), id, need(state, "result")].join("_");
    const joined = parts.join("_|-");
    const present = out[joined];
    if (isMap(present)) merge(present, state);
    else out[joined] = { ...state };
  }
  return out;
}

/** The runs with equal states rolled up; unchanged when something is missing for that. */
export function compressIds(runs: DataMap): DataMap {
  try {
    return Object.fromEntries(
      Object.entries(runs).map(([host, states]) => {
        if (!isMap(states)) throw new Incomplete(host);
        return [host, compressHost(states)];
      }),
    );
  } catch (error) {
    if (error instanceof Incomplete) return runs;
    throw error;
  }
}
