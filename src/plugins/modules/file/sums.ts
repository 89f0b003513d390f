/** Hashes of files, and files of hashes: `file.get_hash`, `file.get_source_sum` … @module */
import { isAbsolute } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { baseName } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { splitLines } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { hashFile, hashLengths, hashTypeOf } from "./digest.ts";
import { decodeText, readBytes } from "./edit.ts";
import { expandUser, isFileAt } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** Kinds of addresses that files can be fetched from. (`salt/utils/files.py:VALID_PROTOS`) */
export const protocols = ["salt", "file", "http", "https", "ftp", "swift", "s3"];

/** The kind of an address; an empty text for a path. */
export function protocolOf(address: string): string {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(address)?.[1]?.toLowerCase() ?? "";
}

/** An address without the name and password in it, for messages. */
export function withoutLogin(address: string): string {
  return address.replace(/^(https?:\/\/)[^/@]*@/i, "$1<redacted>@");
}

/** A hash and its kind. */
export interface Sum {
  hash_type: string;
  hsum: string;
}

/** What a line of hashes is looked for by. */
interface Names {
  source_hash_name: string | null;
  file_name: string;
  source: string;
}

/** Whether a line ends in a name, behind one of some characters, or begins with it. */
function names(line: string, end: string, start: string, separators: RegExp): boolean {
  if (end !== "" && line.endsWith(end)) {
    const before = line.at(-end.length - 1);
    return before !== undefined && separators.test(before);
  }
  return start !== "" && line.startsWith(start) && /\s/.test(line[start.length] ?? "");
}

/**
 * The hash for a file in a text of hashes: of the line that names it, or of the first line that has
 * one. (`salt/modules/file.py:extract_hash`)
 */
export function findHash(text: string, type: string, wanted: Names): Sum | null {
  const lengths = Object.values(hashLengths);
  const length = hashLengths[type];
  const digits = length === undefined
    ? `${Math.min(...lengths)},${Math.max(...lengths)}`
    : String(length);
  const pattern = new RegExp(`(?<![a-z0-9])([a-f0-9]{${digits}})(?![a-z0-9])`, "i");
  const found = new Map<keyof Names | "any", Sum>();
  const note = (key: keyof Names | "any", sum: Sum) => {
    if (!found.has(key)) found.set(key, sum);
  };
  const source = baseName(wanted.source.replace(/^[a-z0-9+.-]+:\/\//i, "").replace(/[?#].*$/, ""));
  for (const line of splitLines(text).map((one) => one.trim())) {
    const hsum = pattern.exec(line)?.[1];
    const hash_type = hsum && hashTypeOf(hsum.length);
    if (!hsum || !hash_type) continue;
    const sum = { hsum, hash_type };
    note("any", sum);
    const { source_hash_name: name } = wanted;
    if (name && names(line, name, name, /\s/)) note("source_hash_name", sum);
    const file = baseName(wanted.file_name);
    if (names(line, file, wanted.file_name, /[\s\\/*]/)) note("file_name", sum);
    if (names(line, source, wanted.source, /[\s\\/*]/)) note("source", sum);
  }
  return found.get("source_hash_name") ?? found.get("file_name") ?? found.get("source") ??
    found.get("any") ?? null;
}

/** Kinds of hashes with their lengths, the shortest first. */
function knownKinds(): string {
  return Object.entries(hashLengths).map(([type, length]) => [length, type] as const)
    .sort(([a], [b]) => a - b).map(([length, type]) => `${type} (${length})`).join(", ");
}

function badFormat(given: string): CommandExecutionError {
  return new CommandExecutionError(
    `Source hash ${withoutLogin(given)} format is invalid. The supported formats are: 1) a hash, ` +
      "2) an expression in the format <hash_type>=<hash>, or 3) either a path to a local file " +
      "containing hashes, or a URI of a remote hash file. Supported protocols for remote hash " +
      `files are: ${protocols.join(", ")}. The hash may also not be of a valid length, the ` +
      `following are supported hash types and lengths: ${knownKinds()}.`,
  );
}

/** A hash that stands in a text itself: `sha256=…`, or digits. */
function readSum(given: string): Sum {
  const at = given.indexOf("=");
  const digits = (at < 0 ? given : given.slice(at + 1)).trim();
  const type = at < 0 ? hashTypeOf(digits.length) : given.slice(0, at).trim();
  if (at < 0 && !/^[0-9a-f]+$/i.test(digits)) throw badFormat(given);
  if (type === undefined) throw badFormat(given);
  if (hashLengths[type] === undefined) {
    throw new CommandExecutionError(
      `Invalid hash type '${type}'. Supported hash types are: ` +
        `${Object.keys(hashLengths).join(", ")}. Either remove the hash type and simply use ` +
        `'${digits}' as the source_hash, or change the hash type to a supported type.`,
    );
  }
  const other = hashTypeOf(digits.length);
  if (other === undefined) throw badFormat(given);
  if (other !== type) {
    throw new CommandExecutionError(
      `Invalid length (${digits.length}) for hash type '${type}'. Either remove the hash type and ` +
        `simply use '${digits}' as the source_hash, or change the hash type to '${other}'`,
    );
  }
  return { hash_type: type, hsum: digits.toLowerCase() };
}

/** How a hash is looked for. */
export interface SourceSum extends Names {
  source_hash: string | null;
  saltenv: string;
  verify_ssl: boolean;
}

/**
 * The hash that a source is to have, from `source_hash`: a hash, or a file of hashes.
 * @throws CommandExecutionError when it cannot be read.
 */
export async function sourceSum(ctx: ExecContext, args: SourceSum): Promise<Sum> {
  const given = args.source_hash ?? "";
  let file: string | null = isAbsolute(given) ? given : null;
  const protocol = protocolOf(given);
  if (file === null && protocols.includes(protocol)) {
    const { saltenv, verify_ssl } = args;
    const cached = await ctx.salt("cp.cache_file", [given, saltenv], { verify_ssl });
    if (!cached) {
      throw new CommandExecutionError(`Source hash file ${withoutLogin(given)} not found`);
    }
    file = pyStr(cached);
  } else if (file === null && protocol !== "") throw badFormat(given);
  if (file === null) return readSum(given);
  const found = findHash(decodeText(readBytes(file)), "", args);
  if (!found) throw badFormat(given);
  return { ...found, hsum: found.hsum.toLowerCase() };
}

const form = { type: "string", default: "sha256", doc: "Kind of hash." } as const;
const text = (doc: string) => ({ type: "string", default: "", doc }) as const;

/** Functions about hashes. */
export const sumFunctions = {
  get_sum: fn({
    doc: "Returns the hash of a file; `File not found` when there is none.",
    args: { path: pathArg, form },
    example: "salt '*' file.get_sum /etc/passwd sha512",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      return isFileAt(path) ? hashFile(path, args.form) : "File not found";
    },
  }),
  get_hash: fn({
    doc: "Returns the hash of a file.",
    args: {
      path: pathArg,
      form,
      chunk_size: { type: "int", default: 65536, doc: "Has no effect." },
    },
    example: "salt '*' file.get_hash /etc/shadow",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      if (!isFileAt(path)) throw new CommandExecutionError(`There is no file "${path}"`);
      return hashFile(path, args.form);
    },
  }),
  check_hash: fn({
    doc: "Says whether a file has a hash.",
    args: {
      path: pathArg,
      file_hash: { type: "any", required: true, doc: "`sha256:…`, `sha256=…` or digits." },
    },
    example: "salt '*' file.check_hash /etc/fstab sha256:<hash>",
    async run(ctx, args) {
      if (typeof args.file_hash !== "string") {
        throw new SaltInvocationError("hash must be a string");
      }
      const [, named, digits = ""] = /^(?:([^:=]+)[:=])?(.*)$/s.exec(args.file_hash)!;
      const type = named ?? hashTypeOf(digits.length);
      if (type === undefined) {
        throw new SaltInvocationError(
          `Hash ${digits} (length: ${digits.length}) could not be matched to a supported hash type. ` +
            `The supported hash types and lengths are: ${knownKinds()}`,
        );
      }
      return await hashFile(expandUser(ctx, args.path), type) === digits;
    },
  }),
  extract_hash: fn({
    doc: "Returns the hash for a file in a file of hashes; nothing when there is none.",
    args: {
      hash_fn: { type: "string", required: true, doc: "Path of the file of hashes." },
      hash_type: { type: "string", default: "sha256", doc: "Kind of hash." },
      file_name: text("Path of the file."),
      source: text("Where it comes from."),
      source_hash_name: {
        type: "string",
        default: null,
        doc: "Name that stands in the line of the hash.",
      },
    },
    example: "salt '*' file.extract_hash /path/to/hash/file sha512 /etc/foo",
    run(_ctx, { hash_fn, hash_type, ...wanted }) {
      const found = findHash(decodeText(readBytes(hash_fn)), hash_type, wanted);
      return found as DataMap | null;
    },
  }),
  get_source_sum: fn({
    doc: "Returns the hash that a source is to have.",
    args: {
      file_name: text("Path of the file."),
      source: text("Where it comes from."),
      source_hash: {
        type: "string",
        default: null,
        doc: "A hash, `type=hash`, or a path or address of a file of hashes.",
      },
      source_hash_name: {
        type: "string",
        default: null,
        doc: "Name that stands in the line of the hash.",
      },
      saltenv: { type: "string", default: "base", doc: "Environment of that file." },
      verify_ssl: { type: "bool", default: true, doc: "Check the certificate of a server." },
    },
    example: "salt '*' file.get_source_sum /tmp/foo.tar.gz source=http://mydomain.tld/foo.tar.gz " +
      "source_hash=499ae16dcae71eeb7c3a30c75ea7a1a6",
    run: async (ctx, args) => ({ ...await sourceSum(ctx, args) }),
  }),
};
