/** Files from the master, other servers and this host. (`salt/modules/cp.py`) @module */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandExecutionError } from "../../../errors.ts";
import { ensureDir } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { Data } from "../../../types/mod.ts";
import { cleanRelative } from "../../fileserver/roots.ts";
import {
  cachePath,
  environmentOf,
  externalPath,
  fetchTo,
  fetchUrl,
  parseSaltUrl,
} from "./fetch.ts";
import { fileHash } from "./hash.ts";
import { lists, saltenvArg as saltenv } from "./lists.ts";
import { transfers } from "./push.ts";
import { fileSource } from "./source.ts";
import { getTemplate, renderNames } from "./template.ts";

const path = { type: "string", required: true, doc: "`salt://` URL." } as const;
const dest = { type: "string", required: true, doc: "Path on this host." } as const;
const makedirs = { type: "bool", default: false, doc: "Make the folders above it." } as const;
const gzip = { type: "int", default: null, doc: "Pack chunks on their way, 1 to 9." } as const;
const template = {
  type: "string",
  default: null,
  doc: "Engine to render the paths with.",
} as const;
const kwargs = { type: "map", keywords: true, doc: "Variables of that template." } as const;
const sourceHash = {
  type: "string",
  default: null,
  doc: "Hash: a file that has it already is not fetched again.",
} as const;

function saltUrl(url: string, env: string) {
  const place = parseSaltUrl(url, env);
  if (place) return place;
  throw new CommandExecutionError(`Unsupported path: ${url}`);
}

async function cache(
  ctx: ExecContext,
  url: string,
  env: string,
  hash: string | null,
): Promise<string | false> {
  const options = { dest: "", saltenv: env, makedirs: true, sourceHash: hash };
  const found = await fetchUrl(ctx, url, options);
  if (found === false) ctx.log.error(`Unable to cache file '${url}' from saltenv '${env}'.`);
  return found;
}

async function cacheAll(ctx: ExecContext, paths: readonly string[], env: string): Promise<Data[]> {
  const done: Data[] = [];
  for (const one of paths) done.push(await cache(ctx, one, env, null));
  return done;
}

/** Whether a path is wanted; patterns are globs, or regular expressions after `E@`. */
function included(path: string, include: string | null, exclude: string | null): boolean {
  const fits = (pattern: string) =>
    pattern.startsWith("E@") ? new RegExp(pattern.slice(2)).test(path) : globMatch(pattern, path);
  return (include === null || fits(include)) && (exclude === null || !fits(exclude));
}

interface CacheDir {
  path: string;
  saltenv: string | null;
  include_empty: boolean;
  include_pat: string | null;
  exclude_pat: string | null;
}

async function cacheFolder(ctx: ExecContext, args: CacheDir): Promise<Data> {
  const place = saltUrl(args.path, environmentOf(ctx, args.saltenv));
  const folder = `${place.path}/`;
  const source = fileSource(ctx);
  const files = await source.list("_file_list", place.saltenv, folder);
  const wanted = files.filter((file) =>
    file.startsWith(folder) && included(file, args.include_pat, args.exclude_pat)
  );
  const done = await cacheAll(ctx, wanted.map((file) => `salt://${file}`), place.saltenv);
  if (!args.include_empty) return done.filter(Boolean);
  for (const empty of await source.list("_file_list_emptydirs", place.saltenv, folder)) {
    const { path } = saltUrl(`salt://${empty}`, place.saltenv);
    const target = cachePath(ctx, { path, saltenv: place.saltenv });
    ensureDir(target);
    done.push(target);
  }
  return done.filter(Boolean);
}

async function getFolder(
  ctx: ExecContext,
  args: { path: string; dest: string; saltenv: string | null; gzip: number | null },
): Promise<Data> {
  const place = saltUrl(args.path, environmentOf(ctx, args.saltenv));
  const source = fileSource(ctx);
  const base = dirname(place.path) === "." ? "" : `${dirname(place.path)}/`;
  const below = async (kind: "_file_list" | "_file_list_emptydirs") =>
    (await source.list(kind, place.saltenv, place.path)).filter((file) =>
      file.startsWith(`${place.path}/`) && cleanRelative(file) === file
    );
  const done: string[] = [];
  for (const file of await below("_file_list")) {
    const target = join(args.dest, file.slice(base.length));
    const from = { path: file, saltenv: place.saltenv };
    const found = await fetchTo(ctx, from, target, { makedirs: true, gzip: args.gzip });
    if (found) done.push(found);
  }
  for (const empty of await below("_file_list_emptydirs")) {
    const target = join(args.dest, empty.slice(base.length));
    mkdirSync(target, { recursive: true });
    done.push(target);
  }
  return done.sort(compareText);
}

function cacheLocal(ctx: ExecContext, given: string): string {
  const rel = cleanRelative(given.replace(/^\/+/, ""));
  if (rel === null || !existsSync(given)) return "";
  const target = join(ctx.opts.cachedir, "localfiles", rel);
  const type = ctx.opts.hash_type;
  const known = fileHash(target, type)?.hsum;
  if (known === undefined || known !== fileHash(given, type)?.hsum) {
    ensureDir(dirname(target));
    copyFileSync(given, target);
  }
  return target;
}

async function getUrl(
  ctx: ExecContext,
  args: {
    path: string;
    dest: string | null;
    saltenv: string | null;
    makedirs: boolean;
    source_hash: string | null;
  },
): Promise<Data> {
  const found = await fetchUrl(ctx, args.path, {
    dest: args.dest ?? "",
    saltenv: environmentOf(ctx, args.saltenv),
    makedirs: args.makedirs,
    sourceHash: args.source_hash,
  });
  if (found === false) ctx.log.error(`Unable to fetch file ${args.path}`);
  return args.dest === null && found !== false ? readFileSync(found, "utf8") : found;
}

const fetching = {
  get_file: fn({
    doc: "Fetches a file and returns its path; an empty text when there is no such file.",
    args: { path, dest, saltenv, makedirs, template, gzip, kwargs },
    example: "salt '*' cp.get_file salt://path/to/file /minion/dest",
    async run(ctx, given) {
      const args = await renderNames(ctx, given);
      const place = saltUrl(args.path, environmentOf(ctx, args.saltenv));
      return await fetchTo(ctx, place, args.dest, args) ?? "";
    },
  }),
  get_dir: fn({
    doc: "Fetches a folder with all that is below it, and returns the paths.",
    args: { path, dest, saltenv, template, gzip, kwargs },
    example: "salt '*' cp.get_dir salt://path/to/dir/ /minion/dest",
    run: async (ctx, args) => getFolder(ctx, await renderNames(ctx, args)),
  }),
  get_template: fn({
    doc:
      "Fetches a file, renders it as a template and puts it at its path, which is returned; an " +
      "empty text when there is no such file.",
    args: {
      path: { type: "string", required: true, doc: "URL of the template." },
      dest,
      template: { type: "string", default: "jinja", doc: "The engine; there is `jinja`." },
      saltenv,
      makedirs,
      kwargs: { type: "map", keywords: true, doc: "Variables; those of `context` go before." },
    },
    example: "salt '*' cp.get_template salt://path/to/template /minion/dest",
    run: getTemplate,
  }),
  get_url: fn({
    doc:
      "Fetches a file by a URL: `salt://`, `http://`, `https://`, `file://`. Returns its path, or its " +
      "content where `dest` is None.",
    args: {
      path: { type: "string", required: true, doc: "The URL." },
      dest: { type: "string", default: "", doc: "Path on this host; empty: the cache." },
      saltenv,
      makedirs,
      source_hash: sourceHash,
    },
    example: "salt '*' cp.get_url salt://my/file /tmp/this_file_is_mine\n" +
      "salt '*' cp.get_url http://www.slashdot.org /tmp/index.html",
    run: getUrl,
  }),
  get_file_str: fn({
    doc: "Returns the content of a file; False when there is none.",
    args: { path: { type: "string", required: true, doc: "URL of the file." }, saltenv },
    example: "salt '*' cp.get_file_str salt://my/file",
    async run(ctx, args) {
      const found = await cache(ctx, args.path, environmentOf(ctx, args.saltenv), null);
      if (found === false) return false;
      try {
        return readFileSync(found, "utf8");
      } catch {
        return false;
      }
    },
  }),
};

const caching = {
  cache_file: fn({
    doc: "Brings a file into the minion's cache and returns its path; False when there is none.",
    args: {
      path: { type: "string", required: true, doc: "URL of the file." },
      saltenv,
      source_hash: sourceHash,
      verify_ssl: { type: "bool", default: true, doc: "Certificates are always checked." },
      use_etag: { type: "bool", default: false, doc: "Has no effect." },
    },
    example: "salt '*' cp.cache_file salt://path/to/file",
    run: (ctx, args) => cache(ctx, args.path, environmentOf(ctx, args.saltenv), args.source_hash),
  }),
  cache_files: fn({
    doc: "Brings files into the minion's cache and returns their paths.",
    args: {
      paths: { type: "any", required: true, doc: "List, or URLs with commas between." },
      saltenv,
    },
    example: "salt '*' cp.cache_files salt://pathto/file1,salt://pathto/file1",
    run(ctx, args) {
      const paths = Array.isArray(args.paths)
        ? args.paths.map(pyStr)
        : pyStr(args.paths).split(",");
      return cacheAll(ctx, paths, environmentOf(ctx, args.saltenv));
    },
  }),
  cache_dir: fn({
    doc: "Brings a folder with all that is below it into the minion's cache.",
    args: {
      path,
      saltenv,
      include_empty: { type: "bool", default: false, doc: "Empty folders too." },
      include_pat: { type: "string", default: null, doc: "Only paths that fit; `E@` is a regex." },
      exclude_pat: { type: "string", default: null, doc: "No paths that fit; `E@` is a regex." },
    },
    example: "salt '*' cp.cache_dir salt://path/to/dir include_pat='E@*.py$'",
    run: cacheFolder,
  }),
  cache_master: fn({
    doc: "Brings all files of the file server into the minion's cache.",
    args: { saltenv },
    example: "salt '*' cp.cache_master",
    async run(ctx, args) {
      const env = environmentOf(ctx, args.saltenv);
      const files = await fileSource(ctx).list("_file_list", env, "");
      return cacheAll(ctx, files.map((file) => `salt://${file}`), env);
    },
  }),
  cache_local_file: fn({
    doc: "Copies a file of this host into the minion's cache and returns the copy's path.",
    args: { path: { type: "string", required: true, doc: "Absolute path." } },
    example: "salt '*' cp.cache_local_file /etc/hosts",
    run: (ctx, args) => cacheLocal(ctx, args.path),
  }),
  cache_dest: fn({
    doc: "Returns where a file would be in the minion's cache.",
    args: { url: { type: "string", required: true, doc: "URL of the file." }, saltenv },
    example: "salt '*' cp.cache_dest salt://my/file",
    run(ctx, args) {
      const env = environmentOf(ctx, args.saltenv);
      const place = parseSaltUrl(args.url, env);
      if (place) return cachePath(ctx, place);
      return URL.canParse(args.url) ? externalPath(ctx, new URL(args.url), env) : args.url;
    },
  }),
};

/** The module `cp`. */
export const cp = executionModule({
  name: "cp",
  doc: "Files from the master, other servers and this host.",
  functions: { ...fetching, ...caching, ...lists, ...transfers },
});
