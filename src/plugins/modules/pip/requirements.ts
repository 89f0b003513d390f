/** Files of requirements, made readable for whoever runs pip. (`salt/modules/pip.py`) @module */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";

/** Paths of files that a file of requirements takes in. */
export function includedFiles(text: string): string[] {
  const plain = text.replaceAll(/(?:^|\s+)#.*$/gm, "");
  return [...plain.matchAll(/^\s*(?:-r\s*|--requirement[=\s]\s*)(\S+)/gm)].map(([, path]) => path!);
}

/** A file and all that it takes in, each once. @throws CommandExecutionError when one is missing. */
function chain(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
  const inner = includedFiles(text).map((one) => isAbsolute(one) ? one : join(dirname(path), one));
  return [path, ...inner.flatMap((one) => chain(one, seen))];
}

/** Options for pip, and what is to be done when it has ended. */
export interface Requirements {
  words: string[];
  clean(): void;
}

/**
 * Makes options of an argument. Files of the master are fetched; for another user all are copied to
 * where that user can read them.
 * @throws CommandExecutionError when one cannot be fetched or read.
 */
export async function requirementOptions(
  ctx: ExecContext,
  given: Data,
  { cwd, saltenv, user }: { cwd: string | null; saltenv: string; user: string | null },
): Promise<Requirements> {
  const list = given === null || given === ""
    ? []
    : Array.isArray(given)
    ? given.map(pyStr)
    : pyStr(given).split(",").map((one) => one.trim());
  const paths: string[] = [];
  for (const one of list) {
    if (!one.startsWith("salt://")) paths.push(one);
    else {
      const cached = await ctx.salt("cp.cache_file", [one, saltenv]);
      if (!cached) throw new CommandExecutionError(`pip requirements file '${one}' not found`);
      paths.push(pyStr(cached));
    }
  }
  if (!user || paths.length === 0) {
    return { words: paths.flatMap((path) => ["--requirement", path]), clean() {} };
  }
  return await copies(paths.map((path) => resolve(cwd ?? dirname(resolve(path)), path)), user);
}

async function copies(paths: readonly string[], user: string): Promise<Requirements> {
  const account = await findUser(user);
  if (!account) throw new CommandExecutionError(`User '${user}' is not available`);
  const folder = mkdtempSync(join(tmpdir(), "saltx-pip-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  const own = (path: string, mode: number) => {
    chmodSync(path, mode);
    if (process.geteuid?.() === 0) chownSync(path, account.uid, account.gid);
  };
  try {
    own(folder, 0o700);
    const words = paths.flatMap((path, index) => {
      const target = join(folder, String(index));
      mkdirSync(target);
      own(target, 0o700);
      for (const file of chain(path)) {
        const relative = file.startsWith(`${dirname(path)}/`)
          ? file.slice(dirname(path).length + 1)
          : basename(file);
        const copy = join(target, relative);
        mkdirSync(dirname(copy), { recursive: true });
        own(dirname(copy), 0o700);
        copyFileSync(file, copy);
        own(copy, 0o600);
      }
      return ["--requirement", join(target, basename(path))];
    });
    return { words, clean };
  } catch (error) {
    clean();
    throw error;
  }
}
