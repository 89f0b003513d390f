/**
 * Compiles a minion's pillar from `pillar_roots`: the top file, the sls it names, their includes.
 * (`salt/pillar/__init__.py:Pillar.compile_pillar`)
 *
 * Files are plain YAML; one with template marks is an error of its own in `_errors`.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { parseYaml } from "../../serializers/yaml.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { type FoundFile, RootsFileServer } from "../fileserver/mod.ts";
import type { Nodegroups } from "../matchers/mod.ts";
import { mergeBy } from "./merge.ts";
import { topEntries } from "./top.ts";

const log = getLogger("saltx.pillar");

/** The settings it reads, with Salt's names. */
export interface PillarSettings {
  pillar_roots: { readonly [saltenv: string]: unknown };
  state_top?: string;
  pillar_source_merging_strategy?: string;
  pillar_merge_lists?: boolean;
  pillar_includes_override_sls?: boolean;
  nodegroups?: Nodegroups;
}

/** For whom, and from where. */
export interface PillarRequest {
  id: string;
  grains: DataMap;
  /** Only this saltenv; null: all. */
  pillarenv: string | null;
}

/** Files of one pillar, and how deep includes go; more is a loop. */
const MAX_FILES = 2000;
const MAX_DEPTH = 50;

/** Bytes of a pillar file. */
const MAX_BYTES = 8 << 20;

/** Parsed files kept by path; beyond it the memory starts anew. */
const MAX_PARSED = 5000;

/** Compiles pillars; parsed files are remembered until they change. */
export class PillarCompiler {
  readonly #settings: PillarSettings;
  readonly #files: RootsFileServer;
  readonly #parsed = new Map<string, { version: string; data: DataMap }>();

  constructor(settings: PillarSettings) {
    this.#settings = settings;
    this.#files = new RootsFileServer({
      file_roots: settings.pillar_roots,
      fileserver_links_outside: true,
    });
  }

  /** Never throws: what is wrong is in `_errors` of the result, and in the log. */
  compile(request: PillarRequest): DataMap {
    const errors: string[] = [];
    const run: Run = { seen: new Set(), errors, merge: (under, over) => this.#merge(under, over) };
    const facts = {
      id: request.id,
      grains: request.grains,
      pillar: {},
    };
    let pillar: DataMap = {};
    for (const saltenv of this.#envs(request.pillarenv)) {
      const top = this.#load(this.#settings.state_top ?? "top.sls", saltenv, errors);
      if (top === null) continue;
      for (
        const entry of topEntries(top, facts, {
          nodegroups: this.#settings.nodegroups ?? {},
          errors,
        })
      ) {
        if (request.pillarenv !== null && entry.saltenv !== request.pillarenv) continue;
        pillar = this.#merge(
          pillar,
          this.#sls(entry.sls, entry.saltenv, entry.ignoreMissing, 0, run),
        );
      }
    }
    if (errors.length > 0) {
      for (const error of errors) log.error(`Pillar of ${request.id}: ${error}`);
      pillar["_errors"] = errors;
    }
    return pillar;
  }

  #envs(pillarenv: string | null): string[] {
    if (pillarenv !== null) return [pillarenv];
    return Object.keys(this.#settings.pillar_roots).filter((env) => env !== "__env__");
  }

  #merge(under: DataMap, over: DataMap): DataMap {
    const { pillar_source_merging_strategy: strategy, pillar_merge_lists: lists } = this.#settings;
    return mergeBy(strategy ?? "smart", under, over, lists ?? false);
  }

  #sls(sls: string, saltenv: string, ignoreMissing: boolean, depth: number, run: Run): DataMap {
    const mark = `${saltenv}\0${sls}`;
    if (run.seen.has(mark)) return {};
    run.seen.add(mark);
    if (run.seen.size > MAX_FILES || depth > MAX_DEPTH) {
      run.errors.push(`Specified SLS '${sls}' is included too deep, or there are too many`);
      return {};
    }
    const name = slsFile(sls, (path) => this.#files.find(path, saltenv) !== null);
    if (name === null) {
      const message =
        `Specified SLS '${sls}' in environment '${saltenv}' is not available on the salt master`;
      if (!ignoreMissing) run.errors.push(message);
      return {};
    }
    const data = this.#load(name, saltenv, run.errors);
    if (data === null) return {};
    const { include, ...own } = data;
    if (include === undefined) return own;
    const included = this.#includes(sls, name, include, saltenv, depth, run);
    return this.#settings.pillar_includes_override_sls
      ? run.merge(own, included)
      : run.merge(included, own);
  }

  #includes(
    sls: string,
    file: string,
    include: Data,
    saltenv: string,
    depth: number,
    run: Run,
  ): DataMap {
    if (!Array.isArray(include)) {
      run.errors.push(`Include Declaration in SLS '${sls}' is not formed as a list`);
      return {};
    }
    let all: DataMap = {};
    for (const item of include) {
      const [given, options] = isMap(item) ? Object.entries(item)[0] ?? ["", null] : [item, null];
      if (typeof given !== "string" || given === "") {
        run.errors.push(`SLS '${sls}' includes something that is not a name`);
        continue;
      }
      const name = resolveRelative(given, sls, file.endsWith("/init.sls"));
      let data = this.#sls(name, saltenv, false, depth + 1, run);
      const key = isMap(options) ? options["key"] : undefined;
      if (typeof key === "string") {
        for (const part of key.split(":").reverse()) data = { [part]: data };
      }
      all = run.merge(all, data);
    }
    return all;
  }

  /** A file's map; null when there is none or it cannot be read (then `errors` says why). */
  #load(path: string, saltenv: string, errors: string[]): DataMap | null {
    const found = this.#files.find(path, saltenv);
    if (found === null) return null;
    try {
      return this.#parse(found);
    } catch (error) {
      errors.push(`Rendering SLS '${path}' failed, render error:\n${messageOf(error)}`);
      return null;
    }
  }

  #parse(found: FoundFile): DataMap {
    const kept = this.#parsed.get(found.path);
    if (kept?.version === found.version) return kept.data;
    if (statSync(found.path).size > MAX_BYTES) {
      throw new TypeError(`it is above ${MAX_BYTES} bytes`);
    }
    const text = readFileSync(found.path, "utf8");
    const mark = /\{\{|\{%|\{#/.exec(text.replaceAll(/^\s*#.*$/gm, ""));
    if (mark) {
      throw new TypeError(`it has template marks ('${mark[0]}'); only plain YAML is rendered here`);
    }
    const data = parseYaml(text, { file: found.path }) ?? {};
    if (!isMap(data)) throw new TypeError("it is not a map");
    if (this.#parsed.size >= MAX_PARSED) this.#parsed.clear();
    this.#parsed.set(found.path, { version: found.version, data });
    return data;
  }
}

interface Run {
  /** Each sls is compiled once. */
  seen: Set<string>;
  errors: string[];
  merge(under: DataMap, over: DataMap): DataMap;
}

/** `a.b` is `a/b.sls` or `a/b/init.sls`. */
function slsFile(sls: string, exists: (path: string) => boolean): string | null {
  const path = sls.replaceAll(".", "/");
  return [`${path}.sls`, `${path}/init.sls`].find(exists) ?? null;
}

/** `.x` is beside the including sls, `..x` one higher. */
function resolveRelative(name: string, from: string, isInit: boolean): string {
  const dots = /^\.*/.exec(name)![0].length;
  if (dots === 0) return name;
  const parents = from.split(".");
  const drop = isInit ? dots - 1 : dots;
  return [...parents.slice(0, Math.max(0, parents.length - drop)), name.slice(dots)].join(".");
}
