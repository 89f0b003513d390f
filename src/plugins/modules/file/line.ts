/** Changes by line: `file.line` @module */
import { copyFileSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import type { Data } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import { decodeText, diffOf, readBytes, saveEdit } from "./edit.ts";
import { expandUser, isFileAt, realPath } from "./paths.ts";
import { pathArg } from "./stat.ts";

type Mode = "insert" | "ensure" | "delete" | "replace";
const modes: readonly string[] = ["insert", "ensure", "delete", "replace"];

/** What is to be done with a line, and where. */
export interface LineEdit {
  mode: Mode;
  content: string | null;
  match: string | null;
  location: string | null;
  before: string | null;
  after: string | null;
  /** Give the line the blanks at the start of the one that it stands by. */
  indent: boolean;
}

/** The end of a line. */
function endOf(line: string): string {
  return /\r\n$|\n$|\r$/.exec(line)?.[0] ?? "";
}

function bare(line: string): string {
  return line.replace(/[\r\n]+$/, "");
}

function withEnd(model: string, line: string): string {
  return line.trimEnd() + (endOf(model) || "\n");
}

function indented(model: string, line: string, indent: boolean): string {
  if (!indent) return line;
  return /^[\t ]*/.exec(model)![0] + line.trimStart();
}

/** Lines that fit a pattern, or hold it as it is; null when there is no pattern. */
function fitting(lines: readonly string[], regex: string | null): string[] | null {
  if (!regex || lines.length === 0) return null;
  const pattern = compilePattern(regex, { s: true });
  return lines.filter((line) => pattern.search(line) !== null || line.includes(regex));
}

function only(found: readonly string[], what: string): string {
  if (found.length === 1) return found[0]!;
  const how = found.length > 1 ? "more than" : "less than";
  throw new CommandExecutionError(`Found ${how} expected occurrences in "${what}" expression`);
}

function insertAt(lines: string[], at: number, model: string, edit: LineEdit): string[] {
  return lines.toSpliced(at, 0, indented(model, edit.content!, edit.indent));
}

function atPlace(lines: string[], edit: LineEdit): string[] {
  const content = edit.content!;
  if (edit.location === "end") {
    const last = lines.at(-1);
    return last === undefined ? [content] : insertAt(lines, lines.length, last, edit);
  }
  if (edit.location !== "start") return lines;
  return lines.length > 0 ? [withEnd(lines[0]!, content), ...lines] : [`${content}\n`];
}

interface Bounds {
  before: string[] | null;
  after: string[] | null;
}

/** Puts the line in, unless it stands at the place already. */
function insert(lines: string[], edit: LineEdit, { before, after }: Bounds): string[] {
  if (edit.location) return atPlace(lines, edit);
  const content = edit.content!;
  const has = (found: string[] | null): found is string[] => found !== null && found.length > 0;
  if (has(before) && has(after)) {
    const last = lines.indexOf(only(before, "before"));
    only(after, "after");
    return insertAt(lines, last, lines[last]!, edit);
  }
  if (has(after)) {
    const at = lines.indexOf(only(after, "after"));
    const next = lines[at + 1];
    const isThere = next !== undefined && bare(next) === bare(content);
    return isThere ? lines : insertAt(lines, at + 1, lines[at]!, edit);
  }
  if (has(before)) {
    const at = lines.indexOf(only(before, "before"));
    const previous = lines.at(at - 1);
    const isThere = previous !== undefined && bare(previous) === bare(content);
    return isThere ? lines : insertAt(lines, at, lines[at]!, edit);
  }
  if (edit.before === null && edit.after === null) {
    throw new CommandExecutionError(
      'On insert either "location" or "before/after" conditions are required.',
    );
  }
  throw new CommandExecutionError("Neither before or after was found in file");
}

/** Makes sure that the line, and nothing else, stands at the place. */
function ensure(lines: string[], edit: LineEdit, { before, after }: Bounds): string[] {
  const content = edit.content!;
  const has = (found: string[] | null): found is string[] => found !== null && found.length > 0;
  if (has(before) && has(after)) {
    const first = lines.indexOf(only(after, "after"));
    const last = lines.indexOf(only(before, "before"));
    if (lines.some((line) => line.trimStart() === content)) return lines;
    if (first + 1 === last) return insertAt(lines, last, lines[first]!, edit);
    if (first + 2 === last) {
      return lines.with(first + 1, indented(lines[first]!, content, edit.indent));
    }
    throw new CommandExecutionError(
      'Found more than one line between boundaries "before" and "after".',
    );
  }
  if (has(before)) {
    const at = lines.indexOf(only(before, "before"));
    const isThere = at > 0 && bare(lines[at - 1]!) === bare(content);
    return isThere ? lines : insertAt(lines, at, lines.at(at - 1)!, edit);
  }
  if (has(after)) {
    const at = lines.indexOf(only(after, "after"));
    const next = lines[at + 1];
    const isThere = next !== undefined && bare(next) === bare(content);
    return isThere ? lines : insertAt(lines, at + 1, lines[at]!, edit);
  }
  throw new CommandExecutionError(
    "Wrong conditions? Unable to ensure line without knowing where to put it before and/or after.",
  );
}

/**
 * Lines, each with its end, after an edit.
 * @throws CommandExecutionError when the place is not found, or found more than once.
 */
export function editLines(lines: readonly string[], edit: LineEdit): string[] {
  const { mode } = edit;
  const isPlaceless = edit.before === null && edit.after === null;
  const wanted = !edit.match && isPlaceless ? edit.content : edit.match;
  const bounds: Bounds = {
    after: fitting(lines, edit.after),
    before: fitting(lines, edit.before),
  };
  const match = fitting(lines, wanted)?.[0];
  const list = [...lines];
  if (mode === "insert") return insert(list, edit, bounds);
  if (mode === "ensure") return ensure(list, edit, bounds);
  if (match === undefined) return list;
  if (mode === "delete") return list.filter((line) => line !== match);
  const at = list.indexOf(match);
  return list.with(at, indented(match, edit.content!, edit.indent));
}

/** Lines of a file before an edit: an empty one at the end stands for the end of the last. */
function readLines(text: string): string[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.length > 0 && endOf(lines.at(-1)!) ? [...lines, ""] : [...lines];
}

/** The text of edited lines, where new ones may lack their ends. */
function joinLines(lines: readonly string[]): string {
  const ended = [...lines];
  ended.forEach((line, at) => {
    if (endOf(line) || at + 1 >= ended.length) return;
    ended[at] = withEnd(ended[at > 0 ? at - 1 : 1] ?? "", line);
  });
  return ended.join("");
}

function stamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())];
  return [...date, ...time].join("-");
}

interface Line extends Omit<LineEdit, "mode"> {
  path: string;
  mode: string | null;
  show_changes: boolean;
  backup: boolean;
  quiet: boolean;
}

function readMode(given: string | null): Mode {
  const mode = given?.toLowerCase() ?? null;
  if (mode === null) {
    throw new CommandExecutionError("Mode was not defined. How to process the file?");
  }
  if (!modes.includes(mode)) throw new CommandExecutionError(`Unknown mode: "${mode}"`);
  return mode as Mode;
}

async function editFile(ctx: ExecContext, args: Line): Promise<Data> {
  const path = realPath(expandUser(ctx, args.path));
  if (!isFileAt(path)) {
    if (args.quiet) return false;
    throw new CommandExecutionError(`File "${path}" does not exists or is not a file.`);
  }
  const mode = readMode(args.mode);
  if (mode !== "delete" && args.content === null) {
    throw new CommandExecutionError('Content can only be empty if mode is "delete"');
  }
  if (args.location && args.location !== "start" && args.location !== "end") {
    throw new SaltInvocationError(`There is no location "${args.location}", only start and end`);
  }
  const before = readBytes(path);
  const edited = joinLines(editLines(readLines(decodeText(before)), { ...args, mode }));
  const after = new TextEncoder().encode(edited);
  if (Buffer.compare(before, after) === 0) return false;
  if (ctx.opts["test"] !== true) {
    if (args.backup) copyFileSync(path, `${path}.${stamp(new Date())}`);
    await saveEdit(ctx, path, after, { backup: null });
  }
  return args.show_changes ? diffOf(before, after) : true;
}

const text = (doc: string) => ({ type: "string", default: null, doc }) as const;

/** Functions that change by line. */
export const lineFunctions = {
  line: fn({
    doc: "Puts a line into a file, takes it out, or changes it. Returns the difference.",
    args: {
      path: pathArg,
      content: text("The line."),
      match: text("Pattern, or part, of the line to change or take out."),
      mode: text(
        "insert: put it in; ensure: only this line between two others; replace: in place of the " +
          "line that fits; delete: take it out.",
      ),
      location: text("start or end, for insert."),
      before: text("Pattern of the line behind it."),
      after: text("Pattern of the line before it."),
      show_changes: flag("Return the difference rather than whether there is one.", true),
      backup: flag("Keep a copy with the time behind its name.", false),
      quiet: flag("Return False when there is no such file.", false),
      indent: flag("Give it the blanks at the start of the line that it stands by.", true),
    },
    example: "salt '*' file.line /etc/nsswitch.conf \"networks: files dns\", " +
      "after=\"hosts:.*?\" mode='ensure'",
    run: editFile,
  }),
};
