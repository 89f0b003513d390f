/**
 * Makes Python environments with real Salt and pyzmq under `.cache/venvs`, for the interop tests and
 * the benchmark. What is there already and still matches its pins is kept; two runs at once wait for
 * each other. Needs a Python between 3.10 and 3.12 with `venv`, and a package index.
 * @module
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname ?? ".", "..");
const home = join(root, ".cache", "venvs");

/** The generations of Salt that speak differently; `lts` is the one that all tests run against. */
export const saltVersions = { first: "3006.0", lts: "3006.30", newest: "3008.5" } as const;

/** A release of Salt there are pins for: `scripts/interop/requirements-<version>.txt`. */
export type SaltVersion = (typeof saltVersions)[keyof typeof saltVersions];

/** The `bin` folder of one environment: `salt-master`, `salt-minion`, `salt`, `python` … */
export function venvBin(version: SaltVersion): string {
  return join(home, `salt-${version}`, "bin");
}

/** Pins of one environment, and the packages they name apart from Salt, which comes as source only. */
async function pins(version: SaltVersion): Promise<{ file: string; hash: string; wheels: string }> {
  const file = join(root, "scripts", "interop", `requirements-${version}.txt`);
  const text = await readFile(file, "utf8");
  const names = text.split("\n").filter((line) => /^\w/.test(line)).map((line) =>
    line.split("==")[0]
  );
  return {
    file,
    hash: createHash("sha256").update(text).digest("hex"),
    wheels: names.filter((name) => name !== "salt").join(","),
  };
}

/** The first Python on the search path that Salt's pins have wheels for. Throws when there is none. */
export async function findPython(): Promise<string> {
  for (const name of ["python3.11", "python3.10", "python3.12", "python3"]) {
    try {
      const { stdout } = await run(name, [
        "-c",
        "import sys, venv; print(sys.executable); sys.exit(not (3, 10) <= sys.version_info < (3, 13))",
      ]);
      return stdout.trim();
    } catch {
      // Not there, a shim without its Python, too old or too new.
    }
  }
  throw new Error(
    "No Python 3.10, 3.11 or 3.12 with the venv module was found: install one (Debian: python3-venv)",
  );
}

async function hasPip(python: string): Promise<boolean> {
  return await run(python, ["-m", "ensurepip", "--version"]).then(() => true, () => false);
}

/** Makes one environment unless it is there. Returns whether there was something to do. */
async function ensureVenv(version: SaltVersion, python: string): Promise<boolean> {
  const venv = dirname(venvBin(version));
  const marker = join(venv, ".complete");
  const { file, hash, wheels } = await pins(version);
  if (await readFile(marker, "utf8").catch(() => "") === hash) return false;
  await rm(venv, { recursive: true, force: true });
  // Python without ensurepip (some distributions) still has a pip that can install elsewhere.
  const bundled = await hasPip(python);
  await run(python, ["-m", "venv", ...(bundled ? [] : ["--without-pip"]), venv]);
  const venvPython = join(venv, "bin", "python");
  const pip = bundled ? [venvPython, "-m", "pip"] : [python, "-m", "pip", "--python", venvPython];
  const args = ["install", "--quiet", "--no-deps", "--only-binary", wheels, "--requirement", file];
  await run(pip[0] ?? python, [...pip.slice(1), ...args], { maxBuffer: 1 << 24 });
  await run(join(venv, "bin", "python"), ["-c", "import salt.version, zmq, msgpack"]);
  await writeFile(marker, hash);
  return true;
}

/** Holds a lock that the kernel frees when this process ends, whatever ends it. */
async function lock(python: string, path: string): Promise<ChildProcess> {
  const code = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); " +
    "print('held', flush=True); sys.stdin.read()";
  const holder = spawn(python, ["-c", code, path], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise<void>((held, failed) => {
    holder.stdout.once("data", () => held());
    holder.once("exit", (status) => failed(new Error(`${path} cannot be locked (${status})`)));
    holder.once("error", failed);
  });
  return holder;
}

/**
 * Makes the environments that are missing, side by side.
 * @throws Error when there is no fitting Python or a package cannot be installed; it names which.
 */
export async function ensureVenvs(
  versions: readonly SaltVersion[] = Object.values(saltVersions),
  log: (line: string) => void = () => {},
): Promise<void> {
  await mkdir(home, { recursive: true });
  const python = await findPython();
  const holder = await lock(python, join(home, ".lock"));
  try {
    await Promise.all(versions.map(async (version) => {
      const start = performance.now();
      const made = await ensureVenv(version, python);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      log(`salt-${version}: ${made ? `made with ${python} in ${seconds} s` : "present"}`);
    }));
  } finally {
    holder.stdin?.end();
  }
}

if (import.meta.main) {
  await ensureVenvs(undefined, (line) => console.log(line));
}
