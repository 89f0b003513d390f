/**
 * `highstate`: the results of a state run. (`salt/output/highstate.py`)
 * @module
 */
import type { Data } from "../../types/mod.ts";
import { compressIds } from "./highstate_compress.ts";
import { formatHost } from "./highstate_host.ts";
import { isMap, type OutputOptions, type Outputter, UnsuitableData } from "./types.ts";

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
export function formatRuns(data: Data, options: OutputOptions, level: number): string {
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
