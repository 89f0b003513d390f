/**
 * Adds to the assets in a folder what V8 compiles of the scripts, so that starting saltx need not do it
 * again. Run by the Node that the executable is made of:
 *
 *     node write_code_cache.ts FOLDER
 *
 * `FOLDER` has the assets and an executable `saltx` made of them. A master and a minion are started from
 * that one on loopback, and the usual short command lines are run here: what they used is compiled.
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Script } from "node:vm";
import { ASSETS, LAUNCHER, type ScriptPlace, type Sea } from "../../src/runtime/node_embedded.ts";
import { FOREIGN_LIST, writePack } from "./pack.ts";

/** ms that the master and the minion may take to know each other. */
const PATIENCE = 30_000;

const folder = resolve(process.argv[2] ?? "");
const read = (name: string) => readFileSync(join(folder, name));
const require = createRequire(import.meta.url);

/** Each script once, whatever runs it: V8 keeps with it what was compiled. */
const scripts = new Map<string, Script>();

class KeptScript {
  constructor(source: string, { filename }: { filename: string }) {
    const script = scripts.get(filename) ?? new Script(source, { filename });
    scripts.set(filename, script);
    return script;
  }
}

/** Answers as the executable's own `node:sea` would. */
const sea: Sea = {
  isSea: () => true,
  getRawAsset: (name) => Uint8Array.from(read(name)).buffer,
};

const builtin = process.getBuiltinModule as (name: string) => unknown;
process.getBuiltinModule =
  ((name: string) => name === "node:sea" ? sea : builtin(name)) as typeof process.getBuiltinModule;

const launch = new Function("require", LAUNCHER);

/** Runs a command line until it wants to exit. */
async function runOnce(words: string[]): Promise<number> {
  const { exit } = process;
  return await new Promise((resolve) => {
    process.argv = [process.execPath, "saltx", ...words];
    process.exit = ((code: number) => {
      process.exit = exit;
      resolve(code);
    }) as typeof process.exit;
    launch((name: string) => {
      return name === "node:sea"
        ? sea
        : name === "node:vm"
        ? { Script: KeptScript }
        : require(name);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}

function writeConfig(root: string, publishPort: number, port: number): void {
  const ports = `publish_port: ${publishPort}\nroot_dir: ${root}\nlog_file: ""\n`;
  writeFileSync(
    join(root, "master"),
    `interface: 127.0.0.1\nret_port: ${port}\nauto_accept: true\nworker_threads: 1\n${ports}`,
  );
  writeFileSync(
    join(root, "minion"),
    `id: cache\nmaster: 127.0.0.1\nmaster_port: ${port}\n${ports}`,
  );
}

/** Starts a tool of the executable; what it says goes to a file in `root`. */
function start(root: string, words: string[]): ChildProcess {
  const log = openSync(join(root, "log"), "a");
  const child = spawn(join(folder, "saltx"), words, { stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

/** Runs the command lines once the minion answers; its answer is what `salt` mostly handles. */
async function warmUp(root: string): Promise<void> {
  const salt = ["salt", "-c", root, "*", "test.ping"];
  const end = performance.now() + PATIENCE;
  while (true) {
    const [code] = await once(start(root, salt), "exit");
    if (code === 0) break;
    if (performance.now() > end) {
      const said = readFileSync(join(root, "log"), "utf8").slice(0, 4000);
      throw new Error(`The minion for the warm-up does not answer:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const commandLines = [
    ["--version"],
    ["salt", "--help"],
    ["key", "-c", root, "-L"],
    ["run", "-c", root, "jobs.list_jobs"],
    ["call", "-c", root, "--local", "test.ping"],
    salt,
  ];
  for (const words of commandLines) await runOnce(words);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

const root = mkdtempSync(join(tmpdir(), "saltx-cache-"));
const daemons: ChildProcess[] = [];
try {
  writeConfig(root, await freePort(), await freePort());
  daemons.push(start(root, ["master", "-c", root]), start(root, ["minion", "-c", root]));
  await warmUp(root);
} finally {
  for (const daemon of daemons) await stop(daemon);
  rmSync(root, { recursive: true, force: true });
}

const index: Record<string, ScriptPlace> = JSON.parse(read(ASSETS.index).toString());
const sources = read(ASSETS.scripts);
const bundle = new Map(
  Object.entries(index).map(([name, [start, length]]) => [
    name,
    Buffer.from(sources.subarray(start, start + length)).toString("latin1"),
  ]),
);
const foreign = new Set<string>(JSON.parse(read(FOREIGN_LIST).toString()));
const compiled = new Map<string, Uint8Array>();
for (const [name, source] of bundle) {
  // What a daemon alone runs is compiled as far as loading it needs; packages are not worth their bytes.
  if (!scripts.has(name) && foreign.has(name)) continue;
  const script = scripts.get(name) ?? new Script(source, { filename: name });
  compiled.set(name, script.createCachedData());
}
await writePack(folder, bundle, { compiled, used: new Set(scripts.keys()) });
process.exit(0);
