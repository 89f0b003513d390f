/**
 * What a command line of `saltx key` asks for. (`salt/key.py:KeyCLI._update_opts`)
 * @module
 */
import { EX, SaltInvocationError } from "../../errors.ts";
import { statesOfWord } from "../../key/key_matches.ts";
import { flagOption, textOption } from "../invocation.ts";
import type { ParsedArgs } from "../parse_args.ts";
import { UsageError } from "../usage_error.ts";

/** What to do, and with which keys. */
export interface KeyToolAction {
  kind: "gen_keys" | "gen_signature" | "list" | "print" | "accept" | "reject" | "delete" | "finger";
  /** A glob or list of ids; a state for `list`; a name for `gen_keys`. */
  match: string;
}

/** The smallest and largest keys that may be made. */
const MIN_KEYSIZE = 2048;
const MAX_KEYSIZE = 32_768;

const BY_MATCH = ["print", "accept", "reject", "delete", "finger"] as const;

/** The first of the actions that were given, in Salt's order; a listing of all when none was. */
export function chooseAction(parsed: ParsedArgs): KeyToolAction {
  const name = textOption(parsed, "gen_keys");
  if (name !== undefined) return { kind: "gen_keys", match: name };
  if (flagOption(parsed, "gen_signature")) return { kind: "gen_signature", match: "" };
  const word = textOption(parsed, "list");
  if (word !== undefined) return { kind: "list", match: word };
  if (flagOption(parsed, "list_all")) return { kind: "list", match: "all" };
  for (const kind of BY_MATCH) {
    const match = textOption(parsed, kind);
    if (match !== undefined) return { kind, match };
    if (flagOption(parsed, `${kind}_all`)) return { kind, match: "*" };
  }
  return { kind: "list", match: "all" };
}

/**
 * Refuses what cannot be meant, before anything is read or done.
 * (`salt/utils/parsers.py:SaltKeyOptionParser.process_*`)
 * @throws {UsageError}
 */
export function checkUsage(parsed: ParsedArgs): void {
  const word = textOption(parsed, "list");
  if (word !== undefined && statesOfWord(word) === null) {
    throw new UsageError(`'${word}' is not a valid argument to '--list'`);
  }
  const bits = parsed.values["keysize"];
  if (typeof bits === "number" && bits < MIN_KEYSIZE) {
    throw new UsageError(`The minimum value for keysize is ${MIN_KEYSIZE}`);
  }
  if (typeof bits === "number" && bits > MAX_KEYSIZE) {
    throw new UsageError(`The maximum value for keysize is ${MAX_KEYSIZE}`);
  }
  if (flagOption(parsed, "delete_all") && parsed.args.length > 0) {
    throw new SaltInvocationError(
      "Error: Delete all takes no arguments. Use -d to delete specified keys",
      { exitCode: EX.USAGE },
    );
  }
  if (textOption(parsed, "eauth") !== undefined) {
    throw new UsageError(
      "keys are files of the master: run this as the master's user, without --auth",
    );
  }
}

/**
 * The value of an option that Salt takes as a text of True or False; undefined when it was not given.
 * @throws {UsageError} for another text.
 */
export function truthOption(parsed: ParsedArgs, dest: string): boolean | undefined {
  const text = textOption(parsed, dest)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") {
    throw new UsageError(`option --${dest.replaceAll("_", "-")} takes True or False`);
  }
  return text === "true";
}
