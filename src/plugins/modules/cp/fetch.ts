/**
 * Brings files from their source to a path or into the minion's cache, `cachedir`:
 * `files/<saltenv>/<path>`, `localfiles/<path>`, `extrn_files/<saltenv>/<host>/<path>`.
 * (`salt/fileclient.py:Client`)
 * @module
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { ensureDir } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { cleanRelative } from "../../fileserver/roots.ts";
import { fileHash } from "./hash.ts";
import { type FileHash, type FileSource, fileSource } from "./source.ts";

const scheme = "salt://";
const envName = /^[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]{0,199}$/;

/** A `salt://` URL taken apart. */
export interface SaltUrl {
  path: string;
  saltenv: string;
}

/** The saltenv that a call means. */
export function environmentOf(ctx: ExecContext, given: string | null): string {
  const name = given || String(ctx.opts["saltenv"] || "base");
  if (!envName.test(name) || name.startsWith("..")) {
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
  if (query !== undefined && (!envName.test(query) || query.startsWith(".."))) {
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

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Replaces a file by what `fill` writes, unless that says it is not good, and says whether it did. The
 * file keeps its mode, and a link to it stays one.
 */
async function replaceFile(
  dest: string,
  fill: (write: (bytes: Uint8Array) => void) => Promise<boolean>,
): Promise<boolean> {
  const target = existsSync(dest) ? realpathSync(dest) : dest;
  const mode = existsSync(target) ? statSync(target).mode & 0o7777 : 0o644;
  const temp = `${target}.${randomBytes(6).toString("hex")}`;
  const file = openSync(temp, "wx", 0o600);
  try {
    const good = await fill((bytes) => {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    });
    if (!good) {
      rmSync(temp);
      return false;
    }
    fchmodSync(file, mode);
    fsyncSync(file);
    renameSync(temp, target);
    return true;
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Times that a file which does not fit its sum is fetched. */
const attempts = 3;

/** Copies a file from its source, and says whether it has the sum that the source named. */
function copyFrom(
  ctx: ExecContext,
  source: FileSource,
  url: SaltUrl,
  wanted: FileHash,
  gzip: number | null,
) {
  return async (write: (bytes: Uint8Array) => void): Promise<boolean> => {
    const hash = createHash(wanted.hash_type);
    for (let offset = 0;;) {
      ctx.signal.throwIfAborted();
      const bytes = await source.read(url.path, url.saltenv, offset, gzip);
      if (bytes.length === 0) return hash.digest("hex") === wanted.hsum;
      write(bytes);
      hash.update(bytes);
      offset += bytes.length;
    }
  };
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
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const wanted = await source.hash(url.path, url.saltenv);
    if (wanted === undefined) return undefined;
    if (fileHash(path, wanted.hash_type)?.hsum === wanted.hsum) return path;
    if (!isFolder(dirname(path))) {
      if (!options.makedirs) return false;
      ensureDir(dirname(path));
    }
    const copy = copyFrom(ctx, source, url, wanted, options.gzip ?? null);
    if (await replaceFile(path, copy)) return path;
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
    const { body } = answer;
    await replaceFile(dest, async (write) => {
      let size = 0;
      for await (const bytes of body) {
        size += bytes.length;
        if (size > maxDownload) throw new CommandExecutionError("it is too large");
        write(bytes);
      }
      return true;
    });
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
  const path = url.startsWith("file://") ? url.slice("file://".length) : url;
  if (!isAbsolute(path)) {
    throw new CommandExecutionError(`Path '${path}' is not absolute`);
  }
  return path;
}
