/** Sources of packages: `pkg.list_repos`, `pkg.mod_repo` … @module */
import { rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { operand } from "../_program.ts";
import { writeSystemFile } from "../_system_file.ts";
import { apt } from "./apt.ts";
import { addKey, type KeyPlace, knownKeys } from "./keys.ts";
import { ownKeywords, refreshDb } from "./list.ts";
import {
  formatSource,
  mainFile,
  readSources,
  requireSource,
  samePlace,
  type Source,
  sourceData,
  type SourceLine,
} from "./sources.ts";

type Found = SourceLine & { source: Source };

function found(lines: readonly SourceLine[]): Found[] {
  return lines.filter((line): line is Found => line.source !== null);
}

function hasPpas(ctx: ExecContext): boolean {
  return ["Ubuntu", "Mint", "neon"].includes(pyStr(ctx.grains["os"] ?? ""));
}

/** The line of a personal archive that `ppa:owner/name` stands for. */
function ppaLine(ctx: ExecContext, repo: string, auth: string | null): string {
  const [owner, name, ...rest] = repo.slice("ppa:".length).split("/");
  if (!owner || !name || rest.length > 0) {
    throw new CommandExecutionError(
      `Unable to get PPA info from argument. Expected format "<PPA_OWNER>/<PPA_NAME>" ` +
        `(e.g. saltstack/salt) not found.  Received '${repo.slice(4)}' instead.`,
    );
  }
  const dist = pyStr(ctx.grains["oscodename"] ?? "");
  const host = auth === null
    ? "http://ppa.launchpad.net"
    : `https://${auth}@private-ppa.launchpad.net`;
  return `deb ${host}/${owner}/${name}/ubuntu ${dist} main`;
}

function expand(ctx: ExecContext, repo: string, kwargs: DataMap): string {
  if (!repo.startsWith("ppa:")) return repo;
  if (!hasPpas(ctx)) {
    throw new CommandExecutionError(`cannot parse "ppa:" style repo definitions: ${repo}`);
  }
  return ppaLine(ctx, repo, kwargs["ppa_auth"] ? pyStr(kwargs["ppa_auth"]) : null);
}

function getRepo(wanted: Source): DataMap {
  const fits = found(readSources()).find(({ source }) =>
    samePlace(source, wanted) &&
    (wanted.comps.length === 0 || wanted.comps.some((comp) => source.comps.includes(comp)))
  );
  return fits ? sourceData(fits) : {};
}

/** Writes the files whose lines changed; removes those in `sources.list.d` that are empty. */
async function save(
  ctx: ExecContext,
  before: readonly SourceLine[],
  after: readonly SourceLine[],
): Promise<string[]> {
  const files = new Set([...before, ...after].map(({ file }) => file));
  const removed: string[] = [];
  for (const file of files) {
    const text = (lines: readonly SourceLine[]) =>
      lines.filter((line) => line.file === file).map(({ line }) => `${line}\n`).join("");
    if (text(before) === text(after)) continue;
    if (text(after) === "" && dirname(file).endsWith("sources.list.d")) {
      rmSync(file, { force: true });
      removed.push(file);
    } else {
      await writeSystemFile(ctx, file, text(after));
    }
  }
  return removed;
}

async function deleteRepo(ctx: ExecContext, repo: string, kwargs: DataMap): Promise<string> {
  const wanted = requireSource(expand(ctx, repo, kwargs));
  const before = readSources();
  const files = new Set<string>();
  const after = before.flatMap((line) => {
    const { source } = line;
    if (!source || !samePlace(source, wanted)) return [line];
    if (source.architectures.join() !== wanted.architectures.join()) return [line];
    const rest = source.comps.filter((comp) => !wanted.comps.includes(comp));
    const fits = rest.length < source.comps.length ||
      (source.comps.length === 0 && wanted.comps.length === 0);
    if (!fits) return [line];
    files.add(line.file);
    if (rest.length === 0) return [];
    const changed = { ...source, comps: rest };
    return [{ ...line, line: formatSource(changed), source: changed }];
  });
  if (files.size === 0) {
    throw new CommandExecutionError(`Repo ${repo} doesn't exist in the sources.list(s)`);
  }
  const removed = await save(ctx, before, after);
  await refreshDb(ctx);
  return [...files].map((file) =>
    removed.includes(file)
      ? `File ${file} containing repo '${repo}' has been removed.`
      : `Repo '${repo}' has been removed from ${file}.\n`
  ).join("");
}

function words(value: Data): string[] {
  const list = Array.isArray(value) ? value.map(pyStr) : pyStr(value).split(",");
  return list.map((word) => word.trim()).filter(Boolean);
}

/** The source as the keyword arguments want it. */
function changedSource(base: Source, wanted: Source, kwargs: DataMap): Source {
  const changed: Source = {
    ...base,
    uri: wanted.uri,
    comps: kwargs["comps"] === undefined ? wanted.comps : words(kwargs["comps"]),
    architectures: kwargs["architectures"] === undefined
      ? wanted.architectures
      : words(kwargs["architectures"]),
    signedby: wanted.signedby,
  };
  if (kwargs["dist"] !== undefined) changed.dist = pyStr(kwargs["dist"]);
  if (kwargs["disabled"] !== undefined) changed.disabled = isTrue(kwargs["disabled"]);
  else if (kwargs["enabled"] !== undefined) changed.disabled = !isTrue(kwargs["enabled"]);
  const comments = kwargs["comments"];
  if (comments !== undefined) {
    const list = Array.isArray(comments) ? comments.map(pyStr) : [pyStr(comments)];
    changed.comment = ` ${list.map((one) => one.replace(/^#\s*/, "").trim()).join(" ")}`;
  }
  return requireSame(changed);
}

/** @throws SaltInvocationError when a part would break out of the line. */
function requireSame(source: Source): Source {
  requireSource(formatSource(source));
  return source;
}

/** The line that a source is to replace. */
function lineFor(lines: readonly SourceLine[], wanted: Source, kwargs: DataMap): Found | undefined {
  const comps = new Set([...wanted.comps, ...words(kwargs["comps"] ?? [])]);
  return found(lines).find(({ source }) => {
    const named = kwargs["dist"] !== undefined && source.dist === pyStr(kwargs["dist"]) &&
      source.type === pyStr(kwargs["type"] ?? "");
    if (!samePlace(source, wanted) && !named) return false;
    return source.comps.length === 0 || source.comps.some((comp) => comps.has(comp)) ||
      source.architectures.join() !== wanted.architectures.join();
  });
}

/** Fetches the keys that a source is signed by. */
async function importKeys(
  ctx: ExecContext,
  kwargs: DataMap,
  saltenv: string,
  place: KeyPlace,
): Promise<void> {
  const { keyid, keyserver, key_url: url, key_text: text } = kwargs;
  if (keyid !== undefined) {
    if (!pyTruthy(keyid) || !pyTruthy(keyserver ?? null)) {
      throw new SaltInvocationError("both keyserver and keyid options required.");
    }
    const known = Object.keys(await knownKeys(ctx, place));
    for (const id of [keyid].flat().map(pyStr)) {
      if (known.some((one) => one.endsWith(id.replace(/^0x/, "").toUpperCase()))) continue;
      const added = await addKey(ctx, { keyid: id, keyserver: pyStr(keyserver!) }, place);
      if (!added) throw new CommandExecutionError(`Error: Could not add key: ${id}`);
    }
  } else if (url !== undefined) {
    const added = await addKey(ctx, { path: pyStr(url), saltenv }, place);
    if (!added) throw new CommandExecutionError(`Error: failed to add key from ${pyStr(url)}`);
  } else if (text !== undefined) {
    const added = await addKey(ctx, { text: pyStr(text) }, place);
    if (!added) throw new CommandExecutionError("Error: failed to add key from a text");
  }
}

/** Has Ubuntu's own tool add a personal archive, which knows its key. */
async function addPpa(ctx: ExecContext, repo: string, refresh: boolean): Promise<DataMap> {
  const known = getRepo(requireSource(ppaLine(ctx, repo, null)));
  if (Object.keys(known).length > 0) return { [repo]: known };
  const argv = ["apt-add-repository", "-y", operand(repo, "a PPA")];
  const done = await apt(ctx, argv, { scope: false });
  if (done.retcode !== 0) {
    throw new CommandExecutionError(
      `Unable to add PPA '${repo.slice(4)}': apt-add-repository ended with ${done.retcode}: ` +
        done.stderr,
    );
  }
  if (refresh) await refreshDb(ctx);
  return { [repo]: { ...done } };
}

async function modifyRepo(
  ctx: ExecContext,
  repo: string,
  args: { saltenv: string; aptkey: boolean; kwargs: DataMap },
): Promise<DataMap> {
  const kwargs = ownKeywords(args.kwargs);
  const wish = kwargs["refresh_db"] ?? kwargs["refresh"];
  const refresh = wish === undefined || isTrue(wish);
  if (repo.startsWith("ppa:") && hasPpas(ctx) && kwargs["ppa_auth"] === undefined) {
    if (which("apt-add-repository")) return await addPpa(ctx, repo, refresh);
    throw new CommandExecutionError(
      `Cannot add ${repo}: apt-add-repository is not installed (package ` +
        "software-properties-common)",
    );
  }
  const wanted = requireSource(expand(ctx, repo, kwargs));
  const aptkey = args.aptkey && which("apt-key") !== null;
  const place = wanted.signedby
    ? { aptkey, folder: dirname(wanted.signedby), file: basename(wanted.signedby) }
    : { aptkey, folder: "/etc/apt/keyrings", file: null };
  const hasKey = ["keyid", "key_url", "key_text"].some((key) => kwargs[key] !== undefined);
  if (!aptkey && !wanted.signedby && hasKey) {
    throw new SaltInvocationError("missing 'signedby' option when apt-key is missing");
  }
  await importKeys(ctx, kwargs, args.saltenv, place);
  const before = readSources();
  const old = lineFor(before, wanted, kwargs);
  const source = changedSource(old?.source ?? wanted, wanted, kwargs);
  const file = kwargs["file"] === undefined ? old?.file ?? mainFile() : pyStr(kwargs["file"]);
  const line = { file, line: formatSource(source), source };
  const kept = before.map((one) => one === old ? line : one);
  await save(ctx, before, old ? kept : [...before, line]);
  if (refresh) await refreshDb(ctx);
  return { [repo]: { ...sourceData(line), line: `${line.line}\n` } };
}

const kwargs = { type: "map", keywords: true, doc: "" } as const;
const repo = {
  type: "string",
  required: true,
  doc: "The source as a line of sources.list, or `ppa:owner/name`.",
} as const;

/** Functions about sources of packages. */
export const repoFunctions = {
  list_repos: fn({
    doc: "Returns the sources of packages, by address.",
    args: { kwargs },
    example: "salt '*' pkg.list_repos\nsalt '*' pkg.list_repos disabled=True",
    run() {
      const byUri = new Map<string, Data[]>();
      for (const line of found(readSources())) {
        const { uri } = line.source;
        byUri.set(uri, [...byUri.get(uri) ?? [], sourceData(line)]);
      }
      return Object.fromEntries(byUri);
    },
  }),
  get_repo: fn({
    doc: "Returns a source of packages; an empty map when there is none.",
    args: { repo, kwargs },
    example: `salt '*' pkg.get_repo "myrepo definition"`,
    run: (ctx, args) => getRepo(requireSource(expand(ctx, args.repo, args.kwargs))),
  }),
  del_repo: fn({
    doc: "Removes a source of packages.",
    args: { repo, kwargs },
    example: `salt '*' pkg.del_repo "myrepo definition"`,
    run: (ctx, args) => deleteRepo(ctx, args.repo, args.kwargs),
  }),
  mod_repo: fn({
    doc: "Adds a source of packages, or changes it.",
    args: {
      repo,
      saltenv: { type: "string", default: "base", doc: "Environment of the key file." },
      aptkey: { type: "bool", default: true, doc: "Keep keys with apt-key, where there is one." },
      kwargs: {
        type: "map",
        keywords: true,
        doc:
          "`file`: where to write it; `comps`, `architectures`, `dist`, `disabled`, `comments`; " +
          "`keyid` with `keyserver`, `key_url` or `key_text`: its key; `refresh=False`.",
      },
    },
    example: "salt '*' pkg.mod_repo 'myrepo definition' uri=http://new/uri\n" +
      "salt '*' pkg.mod_repo 'myrepo definition' comps=main,universe",
    run: (ctx, args) => modifyRepo(ctx, args.repo, args),
  }),
};
