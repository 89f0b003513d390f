/**
 * Installs from Debian's packages the servers that the tests in `tests/services` run, when they are
 * missing. What is there already is left alone, and no server is started.
 *
 *     deno run -A scripts/services.ts [NAME…]     # all of them without a name
 *
 * Installing needs root and a package source that apt-get reaches.
 * @module
 */
import { spawn } from "node:child_process";
import { access, constants, glob, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { takeLock } from "./build/lock.ts";

const root = resolve(import.meta.dirname ?? ".", "..");

interface Service {
  /** Debian packages that bring it. */
  packages: string[];
  /** Where its program may lie, as patterns; of several that fit, the last is the newest. */
  programs: string[];
}

const services = {
  iproute: {
    packages: ["iproute2"],
    programs: ["/usr/sbin/ip", "/usr/bin/ip", "/sbin/ip"],
  },
  postgres: {
    packages: ["postgresql"],
    programs: ["/usr/lib/postgresql/*/bin/postgres"],
  },
  redis: {
    packages: ["redis-server"],
    programs: ["/usr/bin/redis-server", "/usr/local/bin/redis-server"],
  },
  rsync: {
    packages: ["rsync"],
    programs: ["/usr/bin/rsync"],
  },
  slapd: {
    packages: ["slapd", "ldap-utils"],
    programs: ["/usr/sbin/slapd"],
  },
  sshd: {
    packages: ["openssh-server", "openssh-client"],
    programs: ["/usr/sbin/sshd"],
  },
  sudo: {
    packages: ["sudo"],
    programs: ["/usr/bin/sudo"],
  },
} as const satisfies Record<string, Service>;

/** A server that tests can ask for. */
export type ServiceName = keyof typeof services;

/** All of them. */
export const serviceNames = Object.keys(services) as ServiceName[];

/** The file that keeps Debian's packages from starting what they install. */
const POLICY = "/usr/sbin/policy-rc.d";
/** s that apt-get waits for another one that runs. */
const LOCK_WAIT_S = 300;
/** ms between two attempts where apt-get itself does not wait. */
const RETRY_MS = 2000;

/**
 * The program of a service, or undefined when it is not installed.
 *
 * @example
 * await programOf("postgres"); // "/usr/lib/postgresql/15/bin/postgres"
 */
export async function programOf(name: ServiceName): Promise<string | undefined> {
  const found: string[] = [];
  for (const pattern of services[name].programs) {
    const paths = pattern.includes("*") ? await Array.fromAsync(glob(pattern)) : [pattern];
    for (const path of paths) {
      if (await access(path, constants.X_OK).then(() => true, () => false)) found.push(path);
    }
  }
  return found.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}

/**
 * Installs what is missing. Several at once wait for each other.
 * @throws Error when something is missing and this is not root, or apt-get fails; it names the
 * packages.
 */
export async function ensureServices(
  names: readonly ServiceName[] = serviceNames,
  log: (line: string) => void = () => {},
): Promise<void> {
  if ((await missingOf(names)).length > 0) {
    await using _lock = await takeLock(join(root, ".cache", "services.lock"));
    const missing = await missingOf(names);
    if (missing.length > 0) await install(missing);
  }
  for (const name of names) {
    const program = await programOf(name);
    if (!program) throw new Error(`${name} is not there after its packages were installed`);
    log(`${name}: ${program}`);
  }
}

async function missingOf(names: readonly ServiceName[]): Promise<ServiceName[]> {
  const found = await Promise.all(
    names.map(async (name) => [name, await programOf(name)] as const),
  );
  return found.filter(([, program]) => program === undefined).map(([name]) => name);
}

async function install(names: readonly ServiceName[]): Promise<void> {
  const packages = names.flatMap((name) => [...services[name].packages]);
  if (process.getuid?.() !== 0) {
    throw new Error(
      `The tests need ${names.join(", ")}. Install as root: apt-get install ${packages.join(" ")}`,
    );
  }
  await using _policy = await noStarts();
  const argv = ["install", "--yes", "--no-install-recommends", ...packages];
  // A fresh container has no lists of packages, and old lists name files that have gone.
  if ((await aptGet(argv)).code === 0) return;
  await update();
  const { code, output } = await aptGet(argv);
  if (code !== 0) throw new Error(`apt-get cannot install ${packages.join(", ")}:\n${output}`);
}

/** Reads the lists of packages; waits itself, because apt-get does not for the lock of the lists. */
async function update(): Promise<void> {
  const end = performance.now() + LOCK_WAIT_S * 1000;
  while (true) {
    const { code, output } = await aptGet(["update"]);
    if (code === 0) return;
    if (!/could not get lock/i.test(output) || performance.now() > end) {
      throw new Error(`apt-get update fails:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Keeps packages from starting servers while it is held; a policy of the host's own stays. */
async function noStarts(): Promise<AsyncDisposable> {
  const mark =
    `#!/bin/sh\n# Held by ${import.meta.filename} while it installs packages.\nexit 101\n`;
  const existing = await readFile(POLICY, "utf8").catch(() => undefined);
  if (existing !== undefined && existing !== mark) return { [Symbol.asyncDispose]: async () => {} };
  await writeFile(POLICY, mark, { mode: 0o755 });
  return { [Symbol.asyncDispose]: () => rm(POLICY, { force: true }) };
}

function aptGet(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const options = ["-o", `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, "-o", "Dpkg::Use-Pty=0", "--quiet"];
  return new Promise((resolve, reject) => {
    const child = spawn("apt-get", [...options, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output += text);
    }
    child.once("error", (error) => reject(new Error(`apt-get cannot run: ${error.message}`)));
    child.once("close", (code) => resolve({ code, output }));
  });
}

if (import.meta.main) {
  const names = process.argv.slice(2) as ServiceName[];
  const unknown = names.find((name) => !serviceNames.includes(name));
  if (unknown) throw new Error(`No service "${unknown}"; there are ${serviceNames.join(", ")}`);
  await ensureServices(names.length > 0 ? names : undefined, (line) => console.log(line));
}
