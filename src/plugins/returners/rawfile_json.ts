/** Appends returns or events to a file, a line of JSON each. (`salt/returners/rawfile_json.py`) @module */
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../errors.ts";
import { returnerOptions } from "../../loader/returner_options.ts";
import type { Returner, ReturnerContext } from "../../loader/returner_types.ts";
import type { DataMap } from "../../types/mod.ts";
import { groupBy } from "./_connections.ts";
import { toJson } from "./_json.ts";

const DEFAULTS = { filename: "/var/log/salt/events" };

function fileOf(ctx: ReturnerContext, ret: DataMap | null): string {
  const options = returnerOptions(ctx.option, "rawfile_json", ["filename"], DEFAULTS, ret);
  return String(options["filename"]);
}

/** All lines in one write to a file that is only appended to: those of others never come between. */
async function append(path: string, items: readonly DataMap[]): Promise<void> {
  if (items.length === 0) return;
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, items.map((item) => `${toJson(item)}\n`).join(""), { mode: 0o640 });
  } catch (error) {
    throw new Error(`Cannot write to ${path} (rawfile_json.filename): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The returner `rawfile_json`. */
export const rawfileJson: Returner = {
  name: "rawfile_json",
  doc: "A file with a line of JSON for each return or event.",
  open: (ctx) => ({
    async returner(returns) {
      for (const [path, group] of groupBy(returns, (ret) => fileOf(ctx, ret))) {
        await append(String(path), group);
      }
    },
    event_return: (events) => append(fileOf(ctx, null), events),
    close: () => Promise.resolve(),
  }),
};
