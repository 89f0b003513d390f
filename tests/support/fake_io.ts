/**
 * The streams of a tool, kept in memory.
 * @module
 */
import type { CliIo } from "../../src/cli/invocation.ts";

/** What a tool wrote, and what it is given to read. */
export class FakeIo implements CliIo {
  stdout = "";
  stderr = "";
  /** Questions that were asked. */
  readonly prompts: string[] = [];
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly stdinIsTerminal = false;
  readonly columns = 80;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly #input: string[];

  constructor(
    options: { input?: readonly string[]; terminal?: boolean; env?: Record<string, string> } = {},
  ) {
    this.#input = [...options.input ?? []];
    this.stdoutIsTerminal = options.terminal ?? false;
    this.stderrIsTerminal = options.terminal ?? false;
    this.env = options.env ?? {};
  }

  out = (text: string): void => {
    this.stdout += text;
  };

  err = (text: string): void => {
    this.stderr += text;
  };

  readLine(options: { prompt?: string; secret?: boolean } = {}): Promise<string | null> {
    if (options.prompt) this.prompts.push(`${options.secret ? "secret " : ""}${options.prompt}`);
    return Promise.resolve(this.#input.shift() ?? null);
  }

  readLines(): Promise<string[]> {
    return Promise.resolve(this.#input.splice(0));
  }
}
