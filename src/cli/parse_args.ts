/**
 * Reads a command line by a definition, with the rules of Python's optparse, which Salt uses: options
 * may stand between arguments, long ones may be shortened as long as they stay unique, and a value may
 * begin with `-`.
 * @module
 */
import { UsageError } from "./usage_error.ts";
import { nearMiss } from "./near_miss.ts";
import type { OptionDef, ToolDef } from "./definitions/types.ts";

/** A value of an option. */
export type OptionValue = string | number | boolean | readonly string[] | null;

/** A command line that was read. */
export interface ParsedArgs {
  /** A value for each option of the definition, by `dest`. */
  readonly values: Readonly<Record<string, OptionValue>>;
  /** The options that were really given: only these win over the configuration. */
  readonly explicit: ReadonlySet<string>;
  /** What is no option, in order. */
  readonly args: readonly string[];
  /** `version`, `versions_report` or `help` was asked for; reading stopped there. */
  readonly action: string | null;
}

/** All options of a tool, in order. */
export function optionsOf(tool: ToolDef): OptionDef[] {
  return tool.groups.flatMap((group) => group.options);
}

function convert(option: OptionDef, flag: string, text: string): OptionValue {
  if (option.kind === "int") {
    if (!/^\s*[-+]?(\d+|0x[\da-f]+)\s*$/i.test(text)) {
      throw new UsageError(`option ${flag}: invalid integer value: '${text}'`);
    }
    return Number(text);
  }
  if (option.kind === "float") {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) {
      throw new UsageError(`option ${flag}: invalid floating-point value: '${text}'`);
    }
    return value;
  }
  if (option.choices && !option.choices.includes(text)) {
    const choices = option.choices.map((choice) => `'${choice}'`).join(", ");
    throw new UsageError(`option ${flag}: invalid choice: '${text}' (choose from ${choices})`);
  }
  return text;
}

class Reader {
  readonly values: Record<string, OptionValue> = {};
  readonly explicit = new Set<string>();
  readonly args: string[] = [];
  action: string | null = null;
  readonly #byFlag = new Map<string, OptionDef>();

  constructor(tool: ToolDef, env: Readonly<Record<string, string | undefined>>) {
    for (const option of optionsOf(tool)) {
      for (const flag of option.flags) this.#byFlag.set(flag, option);
      if (option.kind === "action") continue;
      const fromEnv = option.env === undefined ? undefined : env[option.env];
      this.values[option.dest] = fromEnv || (option.default ?? null);
    }
  }

  read(argv: readonly string[]): void {
    const rest = [...argv];
    while (rest.length > 0 && this.action === null) {
      const word = rest.shift() as string;
      if (word === "--") {
        this.args.push(...rest.splice(0));
      } else if (word.startsWith("--")) {
        this.#long(word, rest);
      } else if (word.startsWith("-") && word.length > 1) {
        this.#short(word, rest);
      } else {
        this.args.push(word);
      }
    }
  }

  #find(name: string): [string, OptionDef] {
    const exact = this.#byFlag.get(name);
    if (exact) return [name, exact];
    const longs = [...this.#byFlag].filter(([flag]) => flag.startsWith("--"));
    const found = longs.filter(([flag]) => flag.startsWith(name));
    const first = found[0];
    if (first && found.every(([, option]) => option === first[1])) return first;
    if (first) {
      const names = found.map(([flag]) => flag).sort().join(", ");
      throw new UsageError(`ambiguous option: ${name} (${names}?)`);
    }
    const near = nearMiss(name, longs.map(([flag]) => flag));
    throw new UsageError(`no such option: ${name}${near ? ` (did you mean ${near}?)` : ""}`);
  }

  #long(word: string, rest: string[]): void {
    const equals = word.indexOf("=");
    const given = equals < 0 ? undefined : word.slice(equals + 1);
    const [flag, option] = this.#find(equals < 0 ? word : word.slice(0, equals));
    if (option.kind === "flag" || option.kind === "action") {
      if (given !== undefined) throw new UsageError(`${flag} option does not take a value`);
      this.#set(option, flag, undefined);
    } else {
      this.#set(option, flag, given ?? this.#next(flag, rest));
    }
  }

  #short(word: string, rest: string[]): void {
    for (let at = 1; at < word.length; at++) {
      const flag = `-${word[at]}`;
      const option = this.#byFlag.get(flag);
      if (!option) throw new UsageError(`no such option: ${flag}`);
      if (option.kind === "flag" || option.kind === "action") {
        this.#set(option, flag, undefined);
        continue;
      }
      const attached = word.slice(at + 1);
      this.#set(option, flag, attached === "" ? this.#next(flag, rest) : attached);
      return;
    }
  }

  #next(flag: string, rest: string[]): string {
    const value = rest.shift();
    if (value === undefined) throw new UsageError(`${flag} option requires 1 argument`);
    return value;
  }

  #set(option: OptionDef, flag: string, text: string | undefined): void {
    if (option.kind === "action") {
      this.action ??= option.dest;
      return;
    }
    this.explicit.add(option.dest);
    if (text === undefined) {
      this.values[option.dest] = option.sets ?? true;
    } else if (option.kind === "list") {
      const before = this.values[option.dest];
      this.values[option.dest] = [...(Array.isArray(before) ? before : []), text];
    } else {
      this.values[option.dest] = convert(option, flag, text);
    }
  }
}

/**
 * Reads `argv` (without the program's name).
 *
 * @param more gives further words once `--args-stdin` was seen.
 * @throws UsageError for an unknown or ambiguous option or a value of the wrong kind.
 */
export async function parseArgs(
  tool: ToolDef,
  argv: readonly string[],
  options: {
    env?: Readonly<Record<string, string | undefined>>;
    more?: () => Promise<string[]>;
  } = {},
): Promise<ParsedArgs> {
  const reader = new Reader(tool, options.env ?? {});
  reader.read(argv);
  if (reader.values["args_stdin"] === true && reader.action === null && options.more) {
    reader.read(await options.more());
  }
  const { values, explicit, args, action } = reader;
  return { values, explicit, args, action };
}
