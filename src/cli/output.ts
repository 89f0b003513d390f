/**
 * Where results go and how they look. (`salt/output/__init__.py:display_output`)
 * @module
 */
import { appendFileSync, existsSync, truncateSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { customFiles } from "../loader/custom/files.ts";
import { customOutputter } from "../loader/custom/output.ts";
import { getLogger } from "../logging/mod.ts";
import {
  chooseOutputter,
  formatOutput,
  type OutputOptions,
  outputter,
} from "../plugins/outputters/mod.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { flagOption, type Invocation, textOption } from "./invocation.ts";
import { UsageError } from "./usage_error.ts";

const log = getLogger("saltx.output");

/** What a result brings with it. */
export interface Shown {
  /** The outputter that the function asks for. */
  readonly out?: string | undefined;
  readonly retcode?: number;
}

/** Shows the results of one call of a tool. */
export class Output {
  readonly #call: Invocation;
  readonly #options: OutputOptions;
  readonly #file: string | undefined;
  #warned = false;
  /** Users' outputters by name: a command that shows ten thousand results looks for each once. */
  readonly #users = new Map<string, ReturnType<typeof usersOutputter>>();

  /**
   * `opts` is the configuration with the command line's options in it; `fun` and `arg` are the command.
   * @throws UsageError when the file cannot be written.
   */
  constructor(
    call: Invocation,
    opts: Readonly<Record<string, unknown>>,
    command: { fun?: unknown; arg?: unknown } = {},
  ) {
    this.#call = call;
    this.#file = textOption(call, "output_file");
    this.#options = outputOptions(call, opts, this.#file !== undefined, command);
    if (this.#file !== undefined && !flagOption(call, "output_file_append")) {
      this.#empty(this.#file);
    }
  }

  /** The file keeps its owner and mode. */
  #empty(file: string): void {
    try {
      if (existsSync(file)) truncateSync(file);
    } catch (error) {
      throw new UsageError(`${file}: Access denied: ${messageOf(error)}`);
    }
  }

  /** Whether all that is printed is for a program to read. */
  get forPrograms(): boolean {
    const asked = this.#options["output"];
    return this.#file !== undefined || (asked !== undefined && asked !== "nested");
  }

  /** Shows data by the outputter that options, configuration or the function ask for. */
  show(data: Data, shown: Shown = {}): void {
    let name = chooseOutputter(shown.out, this.#options);
    const users = this.#usersOutputter(name);
    if (users) {
      try {
        return this.#write(users(data, plainOptions(this.#options)));
      } catch (error) {
        log.error(`Custom outputter ${name} fails: ${messageOf(error)}`);
        name = "nested";
      }
    } else if (!outputter(name)) {
      if (!this.#warned) log.error(`Invalid outputter ${name} specified, fall back to nested`);
      this.#warned = true;
      name = "nested";
    }
    const call = shown.retcode === undefined ? {} : { retcode: shown.retcode };
    this.#write(formatOutput(data, name, this.#options, call));
  }

  #usersOutputter(name: string): ReturnType<typeof usersOutputter> {
    if (!this.#users.has(name)) this.#users.set(name, usersOutputter(this.#options, name));
    return this.#users.get(name);
  }

  #write(text: string): void {
    if (text === "") return;
    if (this.#file === undefined) return this.#call.io.out(`${text}\n`);
    try {
      appendFileSync(this.#file, `${text}\n`);
    } catch (error) {
      throw new UsageError(`${this.#file}: Access denied: ${messageOf(error)}`);
    }
  }

  /** A line about the run itself, which is not part of the results. */
  note(text: string): void {
    this.#call.io.out(`${text}\n`);
  }
}

/** A user's outputter goes before a built-in one of its name. */
function usersOutputter(options: OutputOptions, name: string) {
  return customFiles(options, "output").length > 0 ? customOutputter(options, name) : undefined;
}

/** Options that can be sent to a thread. */
function plainOptions(options: OutputOptions): DataMap {
  const wanted = Object.entries(options).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value)
  );
  return Object.fromEntries(wanted) as DataMap;
}

/** The options that outputters look at. */
function outputOptions(
  call: Invocation,
  opts: Readonly<Record<string, unknown>>,
  toFile: boolean,
  command: { fun?: unknown; arg?: unknown },
): OutputOptions {
  const options: Record<string, unknown> = { ...opts, ...command };
  for (const dest of ["output", "output_indent", "state_output_diff", "static"]) {
    const value = call.values[dest];
    const given = call.explicit.has(dest) || options[dest] === undefined || options[dest] === null;
    if (given && value !== null && value !== undefined) options[dest] = value;
  }
  if (options["output_indent"] === null && !("output_indent" in opts)) {
    delete options["output_indent"];
  }
  options["color"] = wantsColor(call, opts, toFile);
  return options;
}

function wantsColor(
  call: Invocation,
  opts: Readonly<Record<string, unknown>>,
  toFile: boolean,
): boolean | string {
  if (flagOption(call, "force_color")) return true;
  if (flagOption(call, "no_color") || toFile || call.io.env["NO_COLOR"]) return false;
  if (!call.io.stdoutIsTerminal || opts["color"] === false) return false;
  return typeof opts["color"] === "string" ? opts["color"] : true;
}
