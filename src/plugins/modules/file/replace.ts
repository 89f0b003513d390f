/** Changes by pattern: `file.replace`, `file.search`, `file.comment`, `file.psed` @module */
import { readlinkSync } from "node:fs";
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compilePattern, type Flags, replaceMatches } from "../../../text/pcre/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import {
  backupEnding,
  bytePattern,
  bytesToText,
  decodeText,
  diffOf,
  encodeText,
  readBytes,
  readFlags,
  readTextBytes,
  saveEdit,
  splitKeepingEnds,
  textToBytes,
} from "./edit.ts";
import { expandUser, isFileAt, isLinkAt, pathExists, realPath } from "./paths.ts";
import { pathArg } from "./stat.ts";

interface Replace {
  path: string;
  pattern: string;
  repl: Data;
  count: number;
  flags: Data;
  append_if_not_found: boolean;
  prepend_if_not_found: boolean;
  not_found_content: Data;
  backup: Data;
  dry_run: boolean;
  search_only: boolean;
  show_changes: boolean;
  ignore_if_missing: boolean;
  preserve_inode: boolean;
  backslash_literal: boolean;
  encoding: string | null;
}

/** A text and how it stands in the file: of bytes, or of characters of an encoding. */
interface Codec {
  text(bytes: Uint8Array): string;
  bytes(text: string): Uint8Array;
  /** What a user wrote, in the form of `text`. */
  given(text: string): string;
  pattern(pattern: string, flags: Partial<Flags>): ReturnType<typeof compilePattern>;
}

const byteCodec: Codec = {
  text: bytesToText,
  bytes: textToBytes,
  given: encodeText,
  pattern: bytePattern,
};

function encodedCodec(encoding: string): Codec {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  const node = /^utf-?8$/.test(name)
    ? "utf8"
    : /^(utf-?16|utf-?16-?le)$/.test(name)
    ? "utf16le"
    : /^(latin-?1|iso-?8859-?1)$/.test(name)
    ? "latin1"
    : /^(us-)?ascii$/.test(name)
    ? "ascii"
    : null;
  if (node === null) throw new SaltInvocationError(`Unknown encoding: ${encoding}`);
  return {
    text: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(node),
    bytes: (text) => Buffer.from(text, node),
    given: (text) => text,
    pattern: compilePattern,
  };
}

/** Whether a line of this content is there already. */
function hasLine(codec: Codec, text: string, content: string, flags: Partial<Flags>): boolean {
  const literal = content.replace(/[.*+?^${}()|[\]\\#&~\s-]/g, "\\$&");
  return codec.pattern(`^${literal}($|(?=\\r\\n))`, flags).search(text) !== null;
}

function withExtra(lines: readonly string[], extra: string, first: boolean): string {
  if (first) return [`${extra}\n`, ...lines].join("");
  const text = lines.join("");
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${extra}\n`;
}

/** What the file is to be; null where a search is all that is wanted and finds nothing. */
function replaced(text: string, args: Replace, codec: Codec): string {
  const flags = readFlags(args.flags);
  const repl = codec.given(pyStr(args.repl));
  const template = args.backslash_literal ? repl.replaceAll("\\", "\\\\") : repl;
  const pattern = codec.pattern(args.pattern, flags);
  const done = replaceMatches(pattern, text, template, args.count);
  const extra = args.append_if_not_found || args.prepend_if_not_found;
  if (!extra || done.count > 0) return done.text;
  const given = args.not_found_content;
  const content = given === null || given === "" ? pyStr(args.repl) : pyStr(given);
  if (hasLine(codec, text, content, flags)) return done.text;
  const line = given === null ? repl : codec.given(pyStr(given));
  return withExtra(splitKeepingEnds(done.text), line, args.prepend_if_not_found);
}

async function replace(ctx: ExecContext, args: Replace): Promise<Data> {
  const given = expandUser(ctx, args.path);
  const path = realPath(given);
  if (!pathExists(path)) {
    if (args.ignore_if_missing) return false;
    throw new SaltInvocationError(`File not found: ${path}`);
  }
  if (args.search_only && (args.append_if_not_found || args.prepend_if_not_found)) {
    throw new SaltInvocationError("search_only cannot be used with append/prepend_if_not_found");
  }
  if (args.append_if_not_found && args.prepend_if_not_found) {
    throw new SaltInvocationError("Only one of append and prepend_if_not_found is permitted");
  }
  const before = args.encoding === null ? readTextBytes(path) : readBytes(path);
  const codec = args.encoding === null ? byteCodec : encodedCodec(args.encoding);
  const text = codec.text(before);
  if (args.search_only) {
    return codec.pattern(args.pattern, readFlags(args.flags)).search(text) !== null;
  }
  const after = codec.bytes(replaced(text, args, codec));
  const isChanged = Buffer.compare(before, after) !== 0;
  if (isChanged && !args.dry_run) {
    await saveEdit(ctx, path, after, {
      backup: backupEnding(args.backup),
      keepInode: args.preserve_inode,
      link: isLinkAt(given) ? { path: given, target: readlinkSync(given) } : null,
    });
  }
  return args.show_changes ? diffOf(before, after) : isChanged;
}

/** Switches lines that fit a pattern off by a character, or on again. False when none fits. */
async function commentLines(
  ctx: ExecContext,
  args: { path: string; regex: string; char: string; backup: Data },
  on: boolean,
): Promise<Data> {
  const { regex, char } = args;
  const body = regex.replace(/^\^+/, "").replace(/\$+$/, "");
  const end = regex.endsWith("$") ? "$" : "";
  const start = regex.startsWith("^") ? "^" : "";
  const whole = on ? `${start}(${body})${end}` : `^${char}\\s*(${body})${end}`;
  const path = realPath(expandUser(ctx, args.path));
  if (!isFileAt(path)) throw new SaltInvocationError(`File not found: ${path}`);
  const before = readTextBytes(path);
  const pattern = compilePattern(whole);
  const strip = (line: string) => {
    let at = 0;
    while (at < line.length && char.includes(line[at]!)) at++;
    return line.slice(at);
  };
  const lines = decodeText(before).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const fits = lines.map((line) => pattern.match(line) !== null);
  if (!fits.includes(true)) return false;
  const changed = lines.map((line, index) => {
    if (!fits[index]) return line;
    return on ? `${char}${line}` : strip(line);
  });
  const after = new TextEncoder().encode(changed.join(""));
  await saveEdit(ctx, path, after, { backup: backupEnding(args.backup), keepInode: false });
  const touched = (list: readonly string[]) =>
    new TextEncoder().encode(list.filter((_line, index) => fits[index]).join(""));
  return diffOf(touched(lines), touched(changed));
}

const letters: Record<string, keyof Flags | null> = {
  I: "i",
  L: null,
  M: "m",
  S: "s",
  U: null,
  X: "x",
};

/** `sed` by Python's patterns, on the whole file. */
async function psed(
  ctx: ExecContext,
  args: {
    path: string;
    before: string;
    after: string;
    limit: string;
    backup: string;
    flags: string;
    escape_all: boolean;
  },
): Promise<null> {
  const path = expandUser(ctx, args.path);
  const escape = (text: string) => args.escape_all ? text.replace(/[\^.[$()|*+?{]/g, "\\$&") : text;
  const flags: Partial<Flags> = {};
  for (const letter of args.flags.replaceAll("g", "")) {
    const flag = letters[letter];
    if (flag === undefined) throw new SaltInvocationError(`"${letter}" is not a flag`);
    if (flag !== null) flags[flag] = true;
  }
  const text = decodeText(readBytes(path));
  const pattern = compilePattern(escape(args.before), flags);
  const limit = args.limit === "" ? null : compilePattern(escape(args.limit)).search(text);
  const from = limit === null ? 0 : limit.end;
  const chars = Array.from(text);
  const tail = chars.slice(from).join("");
  const done = replaceMatches(pattern, tail, args.after, args.flags.includes("g") ? 0 : 1);
  const bytes = new TextEncoder().encode(chars.slice(0, from).join("") + done.text);
  await saveEdit(ctx, path, bytes, { backup: args.backup || null });
  return null;
}

const flags = {
  type: "any",
  default: 8,
  doc: "Flags of the pattern: a list of names such as IGNORECASE, or Python's number.",
} as const;
const backup = {
  type: "any",
  default: ".bak",
  doc: "Ending of the name of a copy to make; False for none.",
} as const;
const regex = {
  type: "string",
  required: true,
  doc: "Pattern of the lines, from their beginning.",
} as const;
const char = { type: "string", default: "#", doc: "What switches a line off." } as const;

/** Functions that change by pattern. */
export const replaceFunctions = {
  replace: fn({
    doc: "Replaces what fits a pattern. Returns the difference.",
    args: {
      path: pathArg,
      pattern: { type: "string", required: true, doc: "A regular expression of Python." },
      repl: { type: "any", required: true, doc: "What to put there; `\\1` is a group." },
      count: { type: "int", default: 0, doc: "How often at most; 0 for always." },
      flags,
      bufsize: { type: "any", default: 1, doc: "Has no effect: the whole file is looked at." },
      append_if_not_found: flag("Add a line at the end when nothing fits."),
      prepend_if_not_found: flag("Add a line at the beginning when nothing fits."),
      not_found_content: { type: "any", default: null, doc: "That line; `repl` if left out." },
      backup,
      dry_run: flag("Change nothing."),
      search_only: flag("Say whether anything fits, and change nothing."),
      show_changes: flag("Return the difference rather than whether there is one.", true),
      ignore_if_missing: flag("Return False when there is no such file."),
      preserve_inode: flag("Keep other names of the file the same file.", true),
      backslash_literal: flag("Take backslashes in `repl` as they are."),
      encoding: { type: "string", default: null, doc: "Encoding of the file." },
    },
    example: "salt '*' file.replace /etc/httpd/httpd.conf pattern='LogLevel warn' " +
      "repl='LogLevel info'",
    run: replace,
  }),
  search: fn({
    doc: "Says whether anything in a file fits a pattern.",
    args: {
      path: pathArg,
      pattern: { type: "string", required: true, doc: "A regular expression of Python." },
      flags,
      bufsize: { type: "any", default: 1, doc: "Has no effect." },
      ignore_if_missing: flag("Return False when there is no such file."),
      multiline: flag("Let `^` and `$` stand for lines."),
    },
    example: "salt '*' file.search /etc/crontab 'mymaintenance.sh'",
    run: (ctx, { path, pattern, flags, ignore_if_missing, multiline }) =>
      ctx.salt("file.replace", [path, pattern, ""], {
        flags: multiline ? Object.keys({ ...readFlags(flags), m: true }) : flags,
        search_only: true,
        show_changes: false,
        ignore_if_missing,
      }),
  }),
  comment: fn({
    doc: "Switches lines off by a character before them. Returns the difference.",
    args: { path: pathArg, regex, char, backup },
    example: "salt '*' file.comment /etc/modules pcspkr",
    run: (ctx, args) => commentLines(ctx, args, true),
  }),
  uncomment: fn({
    doc: "Switches lines on again. Returns the difference.",
    args: { path: pathArg, regex, char, backup },
    example: "salt '*' file.uncomment /etc/hosts.deny 'ALL: PARANOID'",
    run: (ctx, args) => commentLines(ctx, args, false),
  }),
  comment_line: fn({
    doc: "Switches lines off or on. Returns the difference.",
    args: { path: pathArg, regex, char, cmnt: flag("Off rather than on.", true), backup },
    example: "salt '*' file.comment_line '/etc/modules' '^pcspkr'",
    run: (ctx, args) => commentLines(ctx, args, args.cmnt),
  }),
  psed: fn({
    doc: "Replaces what fits a pattern in a file.",
    args: {
      path: pathArg,
      before: { type: "string", required: true, doc: "The pattern." },
      after: { type: "string", required: true, doc: "What to put there." },
      limit: { type: "string", default: "", doc: "Only behind what fits this pattern." },
      backup: { type: "string", default: ".bak", doc: "Ending of the name of a copy to make." },
      flags: { type: "string", default: "gMS", doc: "g: always; I, M, S, X: of the pattern." },
      escape_all: flag("Take the pattern as plain text."),
      multi: flag("Has no effect: the whole file is looked at."),
    },
    example: "salt '*' file.psed /etc/httpd/httpd.conf 'LogLevel warn' 'LogLevel info'",
    run: psed,
  }),
};
