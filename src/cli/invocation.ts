/**
 * What a tool is handed when it is called.
 * @module
 */
import type { ToolDef } from "./definitions/types.ts";
import type { OptionValue, ParsedArgs } from "./parse_args.ts";

/** The world outside as a tool may see and touch it; tests hand in their own. */
export interface CliIo {
  /** Writes text as it stands, without a line end of its own. */
  out(text: string): void;
  err(text: string): void;
  /** A line of standard input without its end; null at the end of input. Echo is off for secrets. */
  readLine(options?: { prompt?: string; secret?: boolean }): Promise<string | null>;
  /** All lines of standard input that are left. */
  readLines(): Promise<string[]>;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly stdinIsTerminal: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One call of a tool. */
export interface Invocation extends ParsedArgs {
  readonly tool: ToolDef;
  /** The name it was called by, for messages: `salt-key`, `saltx key`. */
  readonly program: string;
  readonly io: CliIo;
}

/** Does the tool's work; gives the exit code. Throws SaltException for what the user should read. */
export type RunTool = (invocation: Invocation) => Promise<number>;

/** The options that were given and that are configuration options too: they win over the files. */
export function overridesOf(parsed: ParsedArgs): Record<string, OptionValue> {
  const overrides: Record<string, OptionValue> = {};
  for (const dest of parsed.explicit) overrides[dest] = parsed.values[dest] ?? null;
  delete overrides["config_dir"];
  return overrides;
}

/** The value of a text option; undefined when absent or empty. */
export function textOption(parsed: ParsedArgs, dest: string): string | undefined {
  const value = parsed.values[dest];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether a flag is set. */
export function flagOption(parsed: ParsedArgs, dest: string): boolean {
  return parsed.values[dest] === true;
}

/** The value of a number option; `fallback` when absent. */
export function numberOption(parsed: ParsedArgs, dest: string, fallback: number): number {
  const value = parsed.values[dest];
  return typeof value === "number" ? value : fallback;
}
