/**
 * Looking into `file_roots` and `pillar_roots`: nothing outside of them is listed or read, whatever a
 * path says or a link leads to. (`salt/wheel/file_roots.py`, `salt/wheel/pillar_roots.py`)
 * @module
 */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isUtf8 } from "node:buffer";
import { join, sep } from "node:path";
import { SaltInvocationError } from "../../errors.ts";
import type { RunnerModule } from "../../loader/runner_types.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { cleanRelative } from "../fileserver/mod.ts";

/** Entries of one listing, and folders within folders. */
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 50;

/** Bytes of a file that is read; the answer is one message. */
const MAX_BYTES = 1024 * 1024;

/** The folders of an environment. @throws {SaltInvocationError} when there is no such environment. */
function foldersOf(roots: unknown, saltenv: string): string[] {
  if (!isMap(roots) || !Object.hasOwn(roots, saltenv)) {
    throw new SaltInvocationError(`There is no environment '${saltenv}'`);
  }
  const folders = roots[saltenv];
  return (Array.isArray(folders) ? folders : [folders]).map(String);
}

/** What is in a folder: `f` for a file, a map for a folder. Links are named, and not followed. */
function tree(folder: string, budget: { left: number }, depth = 0): DataMap {
  const found: DataMap = {};
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return found;
  }
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (budget.left-- <= 0) break;
    found[entry.name] = entry.isDirectory() && depth < MAX_DEPTH
      ? tree(join(folder, entry.name), budget, depth + 1)
      : "f";
  }
  return found;
}

function listEnv(roots: unknown, saltenv: string): DataMap {
  const budget = { left: MAX_ENTRIES };
  return Object.fromEntries(foldersOf(roots, saltenv).map((root) => [root, tree(root, budget)]));
}

/** Real paths of a file in each root that has it. @throws {SaltInvocationError} for a path that climbs. */
function paths(roots: unknown, path: string, saltenv: string): string[] {
  const rel = cleanRelative(path);
  if (rel === null || rel === "") {
    throw new SaltInvocationError(`'${path.slice(0, 200)}' is not a path below a root`);
  }
  return foldersOf(roots, saltenv).flatMap((root) => {
    try {
      const full = join(root, rel);
      const inside = realpathSync(full).startsWith(realpathSync(root) + sep);
      return inside && statSync(full).isFile() ? [full] : [];
    } catch {
      return [];
    }
  });
}

function content(path: string): { text: string | null } {
  const { size } = statSync(path);
  if (size > MAX_BYTES) {
    throw new SaltInvocationError(`${path} has ${size} bytes; ${MAX_BYTES} are read at most`);
  }
  const bytes = readFileSync(path);
  return { text: isUtf8(bytes) && !bytes.includes(0) ? bytes.toString("utf8") : null };
}

/** The wheel module of that option. */
export function rootsWheel(name: "file_roots" | "pillar_roots", doc: string): RunnerModule {
  const path = { type: "string", required: true, doc: "Path below a root." } as const;
  const saltenv = { type: "string", default: "base", doc: "Environment." } as const;
  return runnerModule({
    name,
    doc,
    functions: {
      list_env: runnerFn({
        doc: "What is in the roots of an environment.",
        args: { saltenv },
        run: (ctx, args) => listEnv(ctx.opts[name], args.saltenv),
      }),
      list_roots: runnerFn({
        doc: "What is in the roots of all environments.",
        args: {},
        run: (ctx) =>
          Object.fromEntries(
            Object.keys(ctx.opts[name] as DataMap)
              .map((env) => [env, [listEnv(ctx.opts[name], env)]]),
          ),
      }),
      find: runnerFn({
        doc: "Where a file is, and whether it is text (txt) or not (bin).",
        args: { path, saltenv },
        run: (ctx, args) =>
          paths(ctx.opts[name], args.path, args.saltenv).map((full): Data => ({
            [full]: content(full).text === null ? "bin" : "txt",
          })),
      }),
      read: runnerFn({
        doc: "The text of a file, from each root that has it.",
        args: { path, saltenv },
        run: (ctx, args) =>
          paths(ctx.opts[name], args.path, args.saltenv).flatMap((full): Data[] => {
            const { text } = content(full);
            return text === null ? [] : [{ [full]: text }];
          }),
      }),
    },
  });
}
