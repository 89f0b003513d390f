/** Prints returns and events, to see that they come. (`salt/returners/local.py`) @module */
import type { Returner } from "../../loader/returner_types.ts";
import type { DataMap } from "../../types/mod.ts";
import { toJson } from "./_json.ts";

function print(items: readonly DataMap[]): Promise<void> {
  for (const item of items) process.stdout.write(`${toJson(item)}\n`);
  return Promise.resolve();
}

/** The returner `local`. */
export const local: Returner = {
  name: "local",
  doc: "Prints returns and events to standard output.",
  open: () => ({ returner: print, event_return: print, close: () => Promise.resolve() }),
};
