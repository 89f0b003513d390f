/**
 * The words in which a command line is described. Parsing, help, completions and the reference pages
 * are all made from these.
 * @module
 */

/** What may stand for a value, so that a shell can complete it. */
export type Completes = "file" | "dir" | "user" | "minion" | "none";

/** One option. Names and `dest` are Salt's. (`salt/utils/parsers.py`) */
export interface OptionDef {
  /** As typed, short spellings first: `-t`, `--timeout`. */
  readonly flags: readonly string[];
  /** The key that the value is kept under, which is also the configuration option it overrides. */
  readonly dest: string;
  /** `flag` takes no value; `list` may be given several times; `action` is done at once. */
  readonly kind: "flag" | "text" | "int" | "float" | "list" | "action";
  /** What a flag sets. */
  readonly sets?: boolean;
  /** The value when neither command line nor configuration gives one. Absent: null. */
  readonly default?: string | number | boolean | readonly string[];
  /** How the default reads in the help, when it is not the value itself. */
  readonly defaultDoc?: string;
  readonly choices?: readonly string[];
  readonly metavar?: string;
  /** Taken from this environment variable when not given. */
  readonly env?: string;
  readonly completes?: Completes;
  readonly doc: string;
  /** Salt has no such option. */
  readonly ours?: boolean;
  /** How it differs from Salt's. */
  readonly differs?: string;
  /** What it lacks, where it is read but does not yet do its work. */
  readonly later?: string;
}

/** Options that the help shows under one heading. */
export interface OptionGroup {
  readonly title: string;
  readonly doc?: string;
  readonly options: readonly OptionDef[];
}

/** A tool: one role of the executable. */
export interface ToolDef {
  /** As in `saltx ROLE`. */
  readonly role: string;
  /** Salt's program that it stands for; the role itself when Salt has none. */
  readonly program: string;
  /** What follows the program's name in the usage line. */
  readonly usage: string;
  readonly description: string;
  /** The configuration that it reads. */
  readonly config: "master" | "minion" | null;
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly string[];
  /** What the tool's own exit codes mean, besides those that all tools have. */
  readonly exitCodes?: readonly (readonly [code: string, meaning: string])[];
}
