/** What there is: lists of files, hashes, modes. (`salt/modules/cp.py`) @module */
import { existsSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compareText } from "../../../text/py_text.ts";
import type { Data } from "../../../types/mod.ts";
import { cleanRelative } from "../../fileserver/roots.ts";
import { cachePath, environmentOf, externalPath, parseSaltUrl } from "./fetch.ts";
import { fileHash } from "./hash.ts";
import { isPart } from "./place.ts";
import { fileSource, type ListKind } from "./source.ts";

/** The argument that names an environment. */
export const saltenvArg = {
  type: "string",
  default: null,
  doc: "Environment; the option `saltenv`, or `base`, when left out.",
} as const;

const prefix = { type: "string", default: "", doc: "Only paths that begin so." } as const;
const path = {
  type: "string",
  required: true,
  doc: "`salt://` URL, or a path of this host.",
} as const;

function lister(doc: string, name: string, kind: ListKind) {
  return fn({
    doc,
    args: { saltenv: saltenvArg, prefix },
    example: `salt '*' cp.${name}`,
    run: (ctx, args) => fileSource(ctx).list(kind, environmentOf(ctx, args.saltenv), args.prefix),
  });
}

/** Names of the state files among some paths. */
export function stateNames(paths: readonly string[]): string[] {
  const names = paths.filter((path) => path.endsWith(".sls"))
    .map((path) => path.replace(/(\/init)?\.sls$/, "").replaceAll("/", "."));
  return [...new Set(names)].sort(compareText);
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !isPart(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch {
    return [];
  }
}

function cachedPath(ctx: ExecContext, url: string, given: string | null): string {
  const saltenv = environmentOf(ctx, given);
  const place = parseSaltUrl(url, saltenv);
  const candidates: string[] = [];
  const rel = place?.path ?? cleanRelative(url.replace(/^[|/]+/, ""));
  if (/^https?:\/\//i.test(url)) candidates.push(externalPath(ctx, new URL(url), saltenv));
  else if (rel !== null) {
    candidates.push(cachePath(ctx, { path: rel, saltenv: place?.saltenv ?? saltenv }));
    candidates.push(join(ctx.opts.cachedir, "localfiles", rel));
  }
  return candidates.find((one) => existsSync(one)) ?? "";
}

async function hashOf(ctx: ExecContext, url: string, given: string | null): Promise<Data> {
  const place = parseSaltUrl(url, environmentOf(ctx, given));
  if (place) return await fileSource(ctx).hash(place.path, place.saltenv) ?? "";
  return fileHash(url, ctx.opts.hash_type) ?? {};
}

async function modeOf(ctx: ExecContext, url: string, given: string | null): Promise<number | null> {
  const place = parseSaltUrl(url, environmentOf(ctx, given));
  if (place) {
    const stat = await fileSource(ctx).stat(place.path, place.saltenv);
    return stat === null ? null : Number(stat[0]);
  }
  return isAbsolute(url) && existsSync(url) ? statSync(url).mode : null;
}

/** Functions that look, and fetch nothing. */
export const lists = {
  envs: fn({
    doc: "Returns the environments of the file server.",
    args: {},
    example: "salt '*' cp.envs",
    run: (ctx) => fileSource(ctx).envs(),
  }),
  list_master: lister("Returns the files of the file server.", "list_master", "_file_list"),
  list_master_dirs: lister(
    "Returns the folders of the file server.",
    "list_master_dirs",
    "_dir_list",
  ),
  list_master_symlinks: fn({
    doc: "Returns the links of the file server, with what they say.",
    args: { saltenv: saltenvArg, prefix },
    example: "salt '*' cp.list_master_symlinks",
    run: (ctx, args) => fileSource(ctx).links(environmentOf(ctx, args.saltenv), args.prefix),
  }),
  list_states: fn({
    doc: "Returns the names of the state files of the file server.",
    args: { saltenv: saltenvArg },
    example: "salt '*' cp.list_states",
    run: async (ctx, args) =>
      stateNames(await fileSource(ctx).list("_file_list", environmentOf(ctx, args.saltenv), "")),
  }),
  list_minion: fn({
    doc: "Returns the files in the minion's cache.",
    args: { saltenv: saltenvArg },
    example: "salt '*' cp.list_minion",
    run(ctx, args) {
      const saltenv = environmentOf(ctx, args.saltenv);
      const { cachedir } = ctx.opts;
      const files = filesBelow(join(cachedir, "files", saltenv));
      return [...new Set([...files, ...filesBelow(join(cachedir, "localfiles"))])].sort(
        compareText,
      );
    },
  }),
  is_cached: fn({
    doc: "Returns where a file is in the minion's cache; an empty text when it is not there.",
    args: { path, saltenv: saltenvArg },
    example: "salt '*' cp.is_cached salt://path/to/file",
    run: (ctx, args) => cachedPath(ctx, args.path, args.saltenv),
  }),
  hash_file: fn({
    doc: "Returns the hash of a file.",
    args: { path, saltenv: saltenvArg },
    example: "salt '*' cp.hash_file salt://path/to/file",
    run: (ctx, args) => hashOf(ctx, args.path, args.saltenv),
  }),
  stat_file: fn({
    doc: "Returns the mode of a file.",
    args: {
      path,
      saltenv: saltenvArg,
      octal: { type: "any", default: true, doc: "As octal digits, else as a number." },
    },
    example: "salt '*' cp.stat_file salt://path/to/file",
    async run(ctx, args) {
      const mode = await modeOf(ctx, args.path, args.saltenv);
      if (mode === null || args.octal !== true) return mode;
      const digits = (mode & 0o7777).toString(8);
      return digits === "0" ? "0" : digits.padStart(4, "0");
    },
  }),
};
