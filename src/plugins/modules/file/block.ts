/** Changes between two marks: `file.blockreplace` @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import { isTrue } from "../../../text/is_true.ts";
import type { Data } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import { backupEnding, decodeText, diffOf, readTextBytes, saveEdit } from "./edit.ts";
import { expandUser, pathExists } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** What is to stand where. */
export interface BlockEdit {
  start: string;
  end: string;
  content: string;
  /** End the last line of the content. */
  newline: boolean;
  /** What to do when there are no marks. */
  otherwise:
    | { kind: "append" | "prepend" | "fail" }
    | { kind: "before" | "after"; pattern: string };
}

/** The lines of a block; `tail` is the line of its second mark. */
function blockLines(edit: BlockEdit, eol: string, tail: string, withStart: boolean): string[] {
  const last = tail.replace(/[\r\n]+$/, "") + eol;
  const lines = edit.content.split(/\r\n|\n/);
  const head = lines.slice(0, -1).map((line) => line + eol);
  const end = edit.newline ? [lines.at(-1)! + eol, last] : [lines.at(-1)! + last];
  return [...(withStart ? [edit.start + eol] : []), ...head, ...end];
}

/** Puts a block in where there is none; null when the place is not found. */
function addBlock(lines: readonly string[], edit: BlockEdit, eol: string): string[] | null {
  const block = blockLines(edit, eol, edit.end, true);
  const { otherwise } = edit;
  if (otherwise.kind === "prepend") return [...block, ...lines];
  if (otherwise.kind === "append") {
    const list = [...lines];
    const last = list.at(-1);
    if (last !== undefined && !last.endsWith(eol)) list[list.length - 1] = last + eol;
    return [...list, ...block];
  }
  if (!("pattern" in otherwise)) return null;
  const pattern = compilePattern(otherwise.pattern);
  const at = lines.findIndex((line) => pattern.search(line) !== null);
  if (at < 0) return null;
  return lines.toSpliced(otherwise.kind === "after" ? at + 1 : at, 0, ...block);
}

/**
 * A text with a block in it.
 * @throws CommandExecutionError when there are no marks, or only the first.
 */
export function replaceBlock(text: string, edit: BlockEdit): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const eol = lines[0]?.endsWith("\r\n") ? "\r\n" : "\n";
  const out: string[] = [];
  let [inside, found] = [false, false];
  for (const line of lines) {
    if (line.includes(edit.start)) inside = true;
    else if (inside) {
      const at = line.indexOf(edit.end);
      if (at < 0) continue;
      inside = false;
      found = true;
      out.push(...blockLines(edit, eol, line.slice(at), false));
      continue;
    }
    out.push(line);
  }
  if (inside) {
    throw new CommandExecutionError(
      "Unterminated marked block. End of file reached before marker_end.",
    );
  }
  const result = found ? out : addBlock(out, edit, eol);
  if (result) return result.join("");
  throw new CommandExecutionError("Cannot edit marked block. Markers were not found in file.");
}

interface Block {
  path: string;
  marker_start: string;
  marker_end: string;
  content: string;
  append_if_not_found: boolean;
  prepend_if_not_found: boolean;
  backup: Data;
  dry_run: boolean;
  show_changes: boolean;
  append_newline: Data;
  insert_before_match: string | null;
  insert_after_match: string | null;
}

function readOtherwise(args: Block): BlockEdit["otherwise"] {
  const { insert_before_match: before, insert_after_match: after } = args;
  const chosen = [args.append_if_not_found, args.prepend_if_not_found, before, after];
  if (chosen.filter(Boolean).length > 1) {
    throw new SaltInvocationError(
      "Only one of append_if_not_found, prepend_if_not_found, insert_before_match, and " +
        "insert_after_match is permitted",
    );
  }
  if (before) return { kind: "before", pattern: before };
  if (after) return { kind: "after", pattern: after };
  if (args.append_if_not_found) return { kind: "append" };
  return { kind: args.prepend_if_not_found ? "prepend" : "fail" };
}

async function blockReplace(ctx: ExecContext, args: Block): Promise<Data> {
  const otherwise = readOtherwise(args);
  const path = expandUser(ctx, args.path);
  if (!pathExists(path)) throw new SaltInvocationError(`File not found: ${path}`);
  const before = readTextBytes(path);
  const isOpen = !args.content.endsWith("\n");
  const text = replaceBlock(decodeText(before), {
    start: args.marker_start,
    end: args.marker_end,
    content: args.content,
    newline: args.append_newline === null ? isOpen : isTrue(args.append_newline),
    otherwise,
  });
  const after = new TextEncoder().encode(text);
  const isChanged = Buffer.compare(before, after) !== 0;
  if (isChanged && !args.dry_run) {
    await saveEdit(ctx, path, after, { backup: backupEnding(args.backup), keepInode: false });
  }
  return args.show_changes ? diffOf(before, after) : isChanged;
}

/** Functions that change between marks. */
export const blockFunctions = {
  blockreplace: fn({
    doc: "Sets what stands between two marks. Returns the difference.",
    args: {
      path: pathArg,
      marker_start: {
        type: "string",
        default: "#-- start managed zone --",
        doc: "A part of the line before the block.",
      },
      marker_end: {
        type: "string",
        default: "#-- end managed zone --",
        doc: "A part of the line behind the block.",
      },
      content: { type: "string", default: "", doc: "What is to stand between them." },
      append_if_not_found: flag("Add marks and content at the end when there are none."),
      prepend_if_not_found: flag("Add marks and content at the beginning when there are none."),
      backup: {
        type: "any",
        default: ".bak",
        doc: "Ending of the name of a copy to make; False for none.",
      },
      dry_run: flag("Change nothing."),
      show_changes: flag("Return the difference rather than whether there is one.", true),
      append_newline: {
        type: "any",
        default: false,
        doc: "End the last line of the content; None: unless it is ended.",
      },
      insert_before_match: {
        type: "string",
        default: null,
        doc: "Add marks and content before the first line that fits this pattern.",
      },
      insert_after_match: {
        type: "string",
        default: null,
        doc: "Add marks and content behind the first line that fits this pattern.",
      },
    },
    example: "salt '*' file.blockreplace /etc/hosts '#-- start managed zone foobar : DO NOT " +
      "EDIT --' '#-- end managed zone foobar --' $'10.0.1.1 foo.foobar\\n10.0.1.2 bar.foobar' True",
    run: blockReplace,
  }),
};
