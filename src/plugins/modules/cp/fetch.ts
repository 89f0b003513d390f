/**
 * Brings files from their source to a path or into the minion's cache, `cachedir`:
 * `files/<saltenv>/<path>`, `localfiles/<path>`, `extrn_files/<saltenv>/<host>/<path>`.
 * (`salt/fileclient.py:Client`)
 * @module
 */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { createHash } from "node:crypto";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { ensureDir, isFolder } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { releaseBytes } from "../../../runtime/mod.ts";
import { cleanRelative } from "../../fileserver/roots.ts";
import { fileHash } from "./hash.ts";
import { leastKept, Part } from "./place.ts";
import { type Chunk, type FileSource, fileSource } from "./source.ts";
import { type ReadChunk, transfer } from "./transfer.ts";

const scheme = "salt://";
const envPart = /^(?!\.\.|\.$)[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]{0,199}$/;

/** Whether a text may name an environment: part of a path, that leads nowhere else. */
function isEnvName(name: string): boolean {
  return name.split("/").every((part) => envPart.test(part));
}

/** A `salt://` URL taken apart. */
export interface SaltUrl {
  path: string;
  saltenv: string;
}

/** The saltenv that a call means. */
export function environmentOf(ctx: ExecContext, given: string | null): string {
  const name = given || String(ctx.opts["saltenv"] || "base");
  if (!isEnvName(name)) {
    throw new CommandExecutionError(`"${name}" cannot be a saltenv`);
  }
  return name;
}

/**
 * Takes `salt://path?saltenv=name` apart; null when it is no such URL.
 * @throws CommandExecutionError when the path climbs or is none.
 */
export function parseSaltUrl(url: string, saltenv: string): SaltUrl | null {
  if (!url.startsWith(scheme)) return null;
  const [path = "", query] = url.slice(scheme.length).split("?saltenv=");
  if (query !== undefined && !isEnvName(query)) {
    throw new CommandExecutionError(`"${query}" cannot be a saltenv`);
  }
  const rel = cleanRelative(path.replace(/^[|/]+/, ""));
  if (rel === null) throw new CommandExecutionError(`"${url}" has no usable path`);
  return { path: rel, saltenv: query ?? saltenv };
}

/** Where a `salt://` file is kept. */
export function cachePath(ctx: ExecContext, { path, saltenv }: SaltUrl): string {
  return join(ctx.opts.cachedir, "files", saltenv, path);
}

/** Where a file from a web server is kept. */
export function externalPath(ctx: ExecContext, url: URL, saltenv: string): string {
  const path = cleanRelative(decodeURIComponent(url.pathname).replace(/^\/+/, "")) ?? "index";
  const query = url.search === "" ? "" : `-${url.search.slice(1).replaceAll("/", "_")}`;
  const host = url.host.replaceAll(":", "_");
  return join(ctx.opts.cachedir, "extrn_files", saltenv, host, path + query);
}

/** Times that a file which does not fit its sum is fetched. */
const attempts = 3;

/**
 * Bytes that a chunk must have for the file to be gone on with: a shorter one is all of it, or most.
 */
const longChunk = 128 << 10;

/** Names what an earlier attempt may be gone on with; null where the file is too small for that. */
function originOf(url: SaltUrl, first: Chunk): string | null {
  if (first.bytes.length < longChunk || (first.total ?? Infinity) < leastKept) return null;
  return [url.saltenv, url.path, first.version ?? ""].join("\0");
}

/** Copies a file from its source and says whether it is all of one content. */
async function copyFrom(
  ctx: ExecContext,
  source: FileSource,
  url: SaltUrl,
  [first, read]: [Chunk, ReadChunk],
  part: Part,
): Promise<boolean> {
  // What an earlier attempt left is gone on with at the beginning of a chunk.
  const chunk = first.bytes.length;
  const from = chunk === 0 ? 0 : Math.floor(part.had / chunk) * chunk;
  await part.cut(from);
  // A source that names versions needs no hash: chunks are authenticated, and all of one version. What
  // was on the disk before is another matter.
  const isHashed = first.version === null || from > 0;
  const hash = isHashed && from === 0 ? createHash(ctx.opts.hash_type) : null;
  let writing = Promise.resolve();
  const whole = await transfer(first, read, async (bytes) => {
    // One is written while the next comes.
    await writing;
    writing = part.write(bytes).then(() => releaseBytes(bytes));
    writing.catch(() => {});
    hash?.update(bytes);
  }, from);
  await writing;
  if (!whole || !isHashed) return whole;
  const came = hash?.digest("hex");
  const wanted = await source.hash(url.path, url.saltenv);
  if (wanted === undefined) return false;
  if (came !== undefined && wanted.hash_type === ctx.opts.hash_type) return came === wanted.hsum;
  return fileHash(part.path, wanted.hash_type)?.hsum === wanted.hsum;
}

/** A source that could not be read to the end, though it may be later. */
class ReadingFailed extends Error {}

/** Brings a file to its place unless it is not good, and says whether it did. */
async function placeFrom(
  ctx: ExecContext,
  source: FileSource,
  url: SaltUrl,
  [first, read]: [Chunk, ReadChunk],
  dest: string,
): Promise<boolean> {
  const part = await Part.open(dest, originOf(url, first));
  const careful = async (offset: number) => {
    ctx.signal.throwIfAborted();
    return await read(offset).catch((cause) => {
      throw new ReadingFailed(messageOf(cause), { cause });
    });
  };
  try {
    const good = await copyFrom(ctx, source, url, [first, careful], part);
    if (good) await part.finish();
    else await part.discard();
    return good;
  } catch (error) {
    if (!(error instanceof ReadingFailed)) {
      await part.discard();
      throw error;
    }
    await part.keep();
    throw error.cause;
  }
}

/**
 * Brings one file to `dest` unless what is there is the same. Undefined when the source has none, false
 * when the folder is not there and is not to be made.
 */
export async function fetchTo(
  ctx: ExecContext,
  url: SaltUrl,
  dest: string,
  options: { makedirs: boolean; gzip?: number | null },
): Promise<string | false | undefined> {
  const source = fileSource(ctx);
  const path = dest.endsWith("/") || isFolder(dest) ? join(dest, basename(url.path)) : dest;
  const read = (offset: number) => source.read(url.path, url.saltenv, offset, options.gzip ?? null);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (existsSync(path)) {
      const wanted = await source.hash(url.path, url.saltenv);
      if (wanted === undefined) return undefined;
      if (fileHash(path, wanted.hash_type)?.hsum === wanted.hsum) return path;
    }
    const first = await read(0);
    if (first === undefined) return undefined;
    if (!isFolder(dirname(path))) {
      if (!options.makedirs) return false;
      ensureDir(dirname(path));
    }
    if (await placeFrom(ctx, source, url, [first, read], path)) return path;
  }
  throw new CommandExecutionError(`salt://${url.path} changed while it was fetched; try again`);
}

/** Bytes of a file from a web server. */
const maxDownload = 64 * (1 << 30);
const downloadMs = 3600_000;

async function download(ctx: ExecContext, url: URL, dest: string): Promise<string> {
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(downloadMs)]);
    const answer = await fetch(url, { signal });
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel();
      throw new CommandExecutionError(`HTTP ${answer.status}`);
    }
    ensureDir(dirname(dest));
    const part = await Part.open(dest, null);
    try {
      let size = 0;
      for await (const bytes of answer.body) {
        size += bytes.length;
        if (size > maxDownload) throw new CommandExecutionError("it is too large");
        await part.write(bytes);
      }
      await part.finish();
    } catch (error) {
      await part.discard();
      throw error;
    }
    return dest;
  } catch (error) {
    const shown = `${url.protocol}//${url.host}${url.pathname}`;
    throw new CommandExecutionError(`Cannot fetch ${shown}: ${messageOf(error)}`);
  }
}

const hashByLength: Readonly<Record<number, string>> = {
  32: "md5",
  40: "sha1",
  56: "sha224",
  64: "sha256",
  96: "sha384",
  128: "sha512",
};

function isWanted(path: string, sourceHash: string | null): boolean {
  const sum = sourceHash?.split("=").at(-1)?.toLowerCase();
  const type = sum === undefined ? undefined : hashByLength[sum.length];
  return type !== undefined && fileHash(path, type)?.hsum === sum;
}

/**
 * Brings what a URL names to `dest`, or into the cache when that is empty, and returns its path; nothing
 * when a `salt://` file is not there. A path of this host is returned as it is.
 *
 * @throws CommandExecutionError when it cannot be fetched.
 */
export async function fetchUrl(
  ctx: ExecContext,
  url: string,
  options: { dest: string; saltenv: string; makedirs: boolean; sourceHash: string | null },
): Promise<string | false> {
  const { dest, saltenv, makedirs, sourceHash } = options;
  const place = parseSaltUrl(url, saltenv);
  if (place) {
    const found = dest === ""
      ? await fetchTo(ctx, place, cachePath(ctx, place), { makedirs: true })
      : await fetchTo(ctx, place, dest, { makedirs });
    return found ?? false;
  }
  if (/^https?:\/\//i.test(url)) {
    const parsed = new URL(url);
    const path = dest === "" ? externalPath(ctx, parsed, saltenv) : dest;
    const full = path.endsWith("/") || isFolder(path)
      ? join(path, basename(parsed.pathname))
      : path;
    if (isWanted(full, sourceHash)) return full;
    if (dest !== "" && !makedirs && !isFolder(dirname(full))) return false;
    return download(ctx, parsed, full);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "file") {
    throw new CommandExecutionError(
      `${scheme}:// addresses cannot be fetched; salt://, http://, https:// and file:// can`,
    );
  }
  const path = scheme === "file" ? url.slice("file://".length) : url;
  if (!isAbsolute(path)) {
    throw new CommandExecutionError(`Path '${path}' is not absolute`);
  }
  return path;
}
