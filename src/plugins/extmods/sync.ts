/**
 * Brings custom code from the file server into `extension_modules`, and takes away what is no longer
 * there. (`salt/utils/extmods.py:sync`)
 * @module
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { messageOf } from "../../errors.ts";
import { atomicWrite, ensureDir } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { CODE } from "../../loader/custom/files.ts";
import { type Data, isMap } from "../../types/mod.ts";
import { cleanRelative } from "../fileserver/roots.ts";

const log = getLogger("saltx.extmods");

/** Endings of files that are brought: code, and what it reads. */
const WANTED = new Set([...CODE, ".json"]);

/** Where files come from. */
export interface SyncSource {
  /** Paths of an environment that begin with a prefix. */
  list(saltenv: string, prefix: string): Promise<string[]>;
  /** @throws Error when the file cannot be had. */
  read(path: string, saltenv: string): Promise<Uint8Array>;
}

/** What to bring. */
export interface SyncRequest {
  /** `modules`, `grains`, `output` … */
  form: string;
  /** The folder of all kinds: the option `extension_modules`. */
  root: string;
  saltenvs: readonly string[];
  /** Names that alone are brought; null: all. */
  whitelist: readonly string[] | null;
  /** Names that are not brought. */
  blacklist: readonly string[];
  /** Whether what the file server does not have goes. */
  clean: boolean;
}

/** What was done. */
export interface SyncResult {
  /** Names that are new or others than before: `modules.report`. */
  changed: string[];
  /** Whether anything was changed, or taken away. */
  touched: boolean;
}

/** Brings one kind. A failure is told in the log, and what it kept from coming stays as it was. */
export async function syncForm(request: SyncRequest, source: SyncSource): Promise<SyncResult> {
  const { form, root, saltenvs, clean } = request;
  const folder = join(root, form);
  const remote = new Set<string>();
  const changed: string[] = [];
  try {
    ensureDir(folder, 0o700);
    for (const saltenv of saltenvs) {
      for (const path of await pathsOf(request, saltenv, source)) {
        remote.add(path);
        const bytes = await source.read(`_${form}/${path}`, saltenv);
        if (await store(join(folder, path), bytes)) changed.push(`${form}.${nameOf(path)}`);
      }
    }
    const removed = clean ? removeOthers(folder, remote) : false;
    return { changed, touched: changed.length > 0 || removed };
  } catch (error) {
    log.error(`Failed to sync ${form} module: ${messageOf(error)}`);
    return { changed, touched: changed.length > 0 };
  }
}

/** Paths below the folder of a kind that are to be brought. */
async function pathsOf(
  { form, whitelist, blacklist }: SyncRequest,
  saltenv: string,
  source: SyncSource,
): Promise<string[]> {
  const prefix = `_${form}/`;
  const paths: string[] = [];
  for (const full of await source.list(saltenv, prefix)) {
    const path = full.startsWith(prefix) ? cleanRelative(full.slice(prefix.length)) : null;
    if (path === null || path === "") continue;
    const ending = extname(path);
    if (ending === ".py") {
      log.warning(`${full} is Python, which does not run here: it is not synced`);
      continue;
    }
    const name = nameOf(path);
    if (!WANTED.has(ending) || blacklist.includes(name)) continue;
    if (whitelist === null || whitelist.includes(name)) paths.push(path);
  }
  return paths;
}

/** `sub/report.ts` is `sub.report`. */
function nameOf(path: string): string {
  return path.slice(0, path.length - extname(path).length).replaceAll("/", ".");
}

/** Writes a file unless it is as it should be. Whether it was written. */
async function store(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    if (Buffer.compare(readFileSync(path), bytes) === 0) return false;
  } catch {
    // It is new.
  }
  ensureDir(dirname(path), 0o700);
  await atomicWrite(path, bytes, { mode: 0o600 });
  return true;
}

function removeOthers(folder: string, wanted: ReadonlySet<string>): boolean {
  let removed = false;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || wanted.has(relative(folder, path))) continue;
    rmSync(path, { force: true });
    removed = true;
  }
  // Folders that are empty now, the deepest first.
  for (const entry of entries.filter((one) => one.isDirectory()).reverse()) {
    const path = join(entry.parentPath, entry.name);
    if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
  return removed;
}

/**
 * The names of a kind in a white or black list: a map by kind, or a text with commas that is for the
 * kind itself. null: there is none.
 */
export function listedNames(given: Data | undefined, form: string): string[] | null {
  if (typeof given === "string") return given === "" ? null : splitNames(given);
  if (!isMap(given) || !Object.hasOwn(given, form)) return null;
  return [given[form] ?? []].flat().map(String);
}

/** Names in a text with commas, or in a list. */
export function splitNames(given: Data): string[] {
  const names = Array.isArray(given) ? given.map(String) : String(given).split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "");
}
