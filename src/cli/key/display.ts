/**
 * Shows data by the outputter that the command line asks for.
 * (`salt/output/__init__.py:display_output`)
 * @module
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { fileError } from "../../fs/mod.ts";
import { formatOutput, type OutputOptions } from "../../plugins/outputters/mod.ts";
import type { Data } from "../../types/mod.ts";
import type { CliIo } from "../invocation.ts";
import { flagOption, numberOption, textOption } from "../invocation.ts";
import type { ParsedArgs } from "../parse_args.ts";

/** The configuration options that say how results look. */
export interface DisplayOpts {
  readonly color?: unknown;
  readonly strip_colors?: unknown;
  readonly output?: unknown;
}

/** Shows one piece of data after the other; all of a call go to the same place. */
export class Display {
  readonly #io: CliIo;
  readonly #named: string;
  readonly #options: OutputOptions;
  readonly #file: string | undefined;
  #append: boolean;

  /** `named` is the outputter that is used when neither options nor configuration name one. */
  constructor(parsed: ParsedArgs, io: CliIo, opts: DisplayOpts, named: string) {
    this.#io = io;
    const configured = typeof opts.output === "string" && opts.output !== "" ? opts.output : named;
    this.#named = textOption(parsed, "output") ?? configured;
    this.#file = textOption(parsed, "output_file");
    this.#append = flagOption(parsed, "output_file_append");
    const indent = numberOption(parsed, "output_indent", NaN);
    this.#options = {
      color: wantsColor(parsed, io, opts, this.#file !== undefined),
      strip_colors: opts.strip_colors !== false,
      ...(Number.isNaN(indent) ? {} : { output_indent: indent }),
    };
  }

  /** Prints, or writes to the file of `--out-file`. Nothing at all when there is no text. */
  show(data: Data): void {
    const text = formatOutput(data, this.#named, this.#options);
    if (text === "") return;
    if (this.#file === undefined) return this.#io.out(`${text}\n`);
    const write = this.#append ? appendFileSync : writeFileSync;
    try {
      write(this.#file, `${text}\n`);
    } catch (error) {
      throw fileError("write", this.#file, error);
    }
    this.#append = true;
  }
}

function wantsColor(parsed: ParsedArgs, io: CliIo, opts: DisplayOpts, toFile: boolean): boolean {
  if (flagOption(parsed, "force_color")) return true;
  if (flagOption(parsed, "no_color") || !io.stdoutIsTerminal || toFile) return false;
  return opts.color !== false;
}
