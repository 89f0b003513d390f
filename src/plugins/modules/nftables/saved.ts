/** Rules kept in a file: `nftables.save`, `nftables.get_saved_rules`. @module */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { atomicWrite } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { family } from "./args.ts";
import { listRules } from "./nft.ts";
import { nftFamilies } from "./rule.ts";

/** Where rules are kept, where the system has a place for them. */
const CONF = "/etc/nftables";

async function save(ctx: ExecContext, filename: string | null): Promise<string> {
  let text = "#! nft -f\n";
  for (const family of nftFamilies) {
    const rules = await listRules(ctx, family);
    text += (rules.length > 0 ? "\n" : "") + rules.join("\n");
  }
  text += "\n";
  const path = filename ?? CONF;
  const inFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  try {
    await atomicWrite(inFolder ? join(path, "salt-all-in-one.nft") : path, text);
  } catch (error) {
    throw new CommandExecutionError(`Problem writing to configuration file: ${messageOf(error)}`);
  }
  return text;
}

function savedRules(path: string): string[] {
  if (!existsSync(path)) throw new CommandExecutionError(`There is no file "${path}"`);
  return readFileSync(path, "utf8").split(/(?<=\n)/)
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

/** Functions for files of rules. */
export const savedFunctions = {
  get_saved_rules: fn({
    doc: "Returns the lines of a file of rules.",
    args: { conf_file: { type: "string", default: null, doc: `The file; ${CONF}.` } },
    example: "salt '*' nftables.get_saved_rules",
    run: (_ctx, { conf_file }) => savedRules(conf_file ?? CONF),
  }),
  save: fn({
    doc: "Writes all rules into a file, which `nft -f` reads. Returns what it wrote.",
    args: {
      filename: { type: "string", default: null, doc: `The file or folder; ${CONF}.` },
      family,
    },
    example: "salt '*' nftables.save /etc/nftables",
    run: (ctx, { filename }) => save(ctx, filename),
  }),
};
