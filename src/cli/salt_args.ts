/**
 * What the words of a `salt` command mean. (`salt/utils/parsers.py:SaltCMDOptionParser`)
 * @module
 */
import { SaltException } from "../errors.ts";
import { parseCliArgs } from "../loader/args.ts";
import type { Data, Target, TgtType } from "../types/mod.ts";
import { flagOption, textOption } from "./invocation.ts";
import type { ParsedArgs } from "./parse_args.ts";
import { UsageError } from "./usage_error.ts";

/** A command: whom, what, with which values. */
export interface SaltCommand {
  readonly target: Target;
  readonly fun: string | readonly string[];
  /** For several functions a list of lists. */
  readonly arg: readonly Data[];
}

/** Exit code of a command that says too little. */
const INCOMPLETE = 42;

/** The command lacks a target, a function or arguments. */
export class IncompleteCommand extends SaltException {
  override name = "IncompleteCommand";
  constructor(message: string) {
    super(message, { exitCode: INCOMPLETE });
  }
}

/** Kinds of target, by the option that asks for them. */
const KINDS: readonly (readonly [dest: string, tgtType: TgtType, flag: string])[] = [
  ["pcre", "pcre", "--pcre"],
  ["list", "list", "--list"],
  ["grain", "grain", "--grain"],
  ["grain_pcre", "grain_pcre", "--grain-pcre"],
  ["nodegroup", "nodegroup", "--nodegroup"],
  ["range", "range", "--range"],
  ["compound", "compound", "--compound"],
  ["pillar_target", "pillar", "--pillar"],
  ["pillar_pcre", "pillar_pcre", "--pillar-pcre"],
  ["ipcidr", "ipcidr", "--ipcidr"],
];

/**
 * The target that a command line names.
 * @throws UsageError when two kinds are asked for.
 */
export function readTarget(parsed: ParsedArgs, word: string): Target {
  const chosen = KINDS.filter(([dest]) => flagOption(parsed, dest));
  if (chosen.length > 1) {
    const flags = chosen.map(([, , flag]) => flag).join("/");
    throw new UsageError(
      `The options ${flags} are mutually exclusive. Please only choose one of them`,
    );
  }
  if (flagOption(parsed, "list_hosts")) {
    throw new UsageError("option -H: rosters are for salt-ssh; name minions by a target");
  }
  const tgtType = chosen[0]?.[1] ?? "glob";
  const tgt = tgtType === "list" ? listOf(word) : word;
  const delimiter = textOption(parsed, "delimiter");
  return delimiter === undefined || delimiter === ":"
    ? { tgt, tgt_type: tgtType }
    : { tgt, tgt_type: tgtType, delimiter };
}

function listOf(word: string): string[] {
  return word.includes(",")
    ? word.replaceAll(" ", "").split(",")
    : word.split(/\s+/).filter((id) => id !== "");
}

function noParseNames(parsed: ParsedArgs): string[] {
  const names = textOption(parsed, "no_parse");
  return names === undefined ? [] : names.split(",").map((name) => name.trim());
}

/** `cmd.run,test.ping uptime , `: the words for each function. */
function splitWords(count: number, words: readonly string[], separator: string): string[][] {
  const groups: string[][] = [[]];
  const standalone = words.filter((word) => word === separator).length === count - 1;
  for (const word of words) {
    if (standalone && word !== separator) groups.at(-1)?.push(word);
    else if (standalone) groups.push([]);
    else {
      // The separator may stand within a word.
      word.split(separator).forEach((part, at) => {
        if (at > 0) groups.push([]);
        if (part !== "") groups.at(-1)?.push(part);
      });
    }
  }
  if (groups.length < count) {
    throw new IncompleteCommand("Cannot execute compound command without defining all arguments.");
  }
  if (groups.length > count) {
    throw new IncompleteCommand(
      "Cannot execute compound command with more arguments than commands.",
    );
  }
  return groups;
}

function docWords(words: readonly string[]): string[] {
  const [target = "*", ...rest] = words;
  const wanted = rest[0] === "sys.doc" ? rest.slice(1) : rest;
  if (wanted.length > 1) {
    throw new UsageError("You can only get documentation for one method at one time.");
  }
  return [target, "sys.doc", ...wanted];
}

/**
 * The command that the words after the options give.
 * @throws IncompleteCommand or UsageError
 */
export function readSaltCommand(parsed: ParsedArgs): SaltCommand {
  const words = flagOption(parsed, "doc") ? docWords(parsed.args) : parsed.args;
  const [target, fun, ...rest] = words;
  if (target === undefined) {
    throw new IncompleteCommand("Cannot execute command without defining a target.");
  }
  const readTo = readTarget(parsed, target);
  if (fun === undefined) {
    if (flagOption(parsed, "preview_target")) return { target: readTo, fun: "test.ping", arg: [] };
    throw new IncompleteCommand("Incomplete options passed.");
  }
  const noParse = noParseNames(parsed);
  if (!fun.includes(",")) {
    return { target: readTo, fun, arg: parseCliArgs(rest, { noParse }) };
  }
  const funs = fun.split(",");
  const groups = splitWords(funs.length, rest, textOption(parsed, "args_separator") ?? ",");
  return {
    target: readTo,
    fun: funs,
    arg: groups.map((words) => parseCliArgs(words, { noParse })),
  };
}
