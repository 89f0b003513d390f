/**
 * Shows the main job with the built executable: a master and three minions on loopback in a
 * temporary folder, their keys accepted, three functions run on them. Ends with 0 if all went well.
 * @module
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

const saltx = resolve(import.meta.dirname ?? ".", "..", "dist", "saltx");
const ids = ["web-1", "web-2", "db-1"];
const colour = process.stdout.isTTY === true && !process.env["NO_COLOR"];
const paint = (code: number, text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;

/** How long anything may take before the demo gives up, in ms. */
const PATIENCE = 30_000;

/** A port of loopback that is free. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}

/** Looks every 50 ms until `done`. */
async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await done()) {
    if (performance.now() > end) throw new Error(`Waited ${PATIENCE / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Lines of one command's output that are shown. */
const MAX_LINES = 36;

/** Runs a command in sight, but for `hidden`: prints it, then what it prints. Gives its output. */
async function show(words: string[], hidden: string[] = []): Promise<string> {
  console.log(paint(36, `\n$ saltx ${words.map(quote).join(" ")}`));
  const output = await new Promise<string>((resolve, reject) => {
    const args = [words[0] ?? "", ...hidden, ...words.slice(1)];
    execFile(saltx, args, { timeout: PATIENCE }, (error, stdout, stderr) => {
      if (error) reject(new Error(`it failed (${error.code}):\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
  const lines = output.trimEnd().split("\n");
  const more = lines.length - MAX_LINES;
  const shown = more > 1 ? [...lines.slice(0, MAX_LINES), `… ${more} more lines`] : lines;
  console.log(shown.join("\n"));
  return output;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One daemon, and the file that it logs to. */
interface Daemon {
  name: string;
  child: ChildProcess;
  log: string;
}

/** A master and its minions in one folder. */
class Estate {
  readonly #root: string;
  readonly #daemons: Daemon[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  configDir(name: string): string {
    return join(this.#root, name, "etc", "salt");
  }

  /** Writes a configuration and starts the daemon with it. */
  async start(
    role: "master" | "minion",
    name: string,
    config: Record<string, unknown>,
  ): Promise<void> {
    const dir = this.configDir(name);
    await mkdir(dir, { recursive: true });
    const root_dir = join(this.#root, name);
    const all = { root_dir, user: userInfo().username, ...config };
    const lines = Object.entries(all).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    await writeFile(join(dir, role), lines.join(""));
    console.log(paint(36, `\n$ saltx ${role}    # ${name}`));
    const child = spawn(saltx, [role, "-c", dir, "-l", "info"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const daemon: Daemon = { name, child, log: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => daemon.log += text);
    }
    this.#daemons.push(daemon);
    await once(child, "spawn");
    console.log(`pid ${child.pid}`);
  }

  /** What the daemons logged, for when something went wrong. */
  logs(): string {
    return this.#daemons.map(({ name, log }) => `--- ${name}\n${log}`).join("\n");
  }

  async stop(): Promise<void> {
    for (const { child } of this.#daemons.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(force);
    }
  }
}

async function demo(estate: Estate): Promise<void> {
  const [publish_port, ret_port] = [await freePort(), await freePort()];
  await show(["--version"]);
  await estate.start("master", "master", { interface: "127.0.0.1", publish_port, ret_port });
  for (const id of ids) {
    await estate.start("minion", id, {
      id,
      master: "127.0.0.1",
      publish_port,
      master_port: ret_port,
      acceptance_wait_time: 1,
    });
  }
  const config = ["-c", estate.configDir("master")];
  const pending = join(estate.configDir("master"), "pki", "master", "minions_pre");
  for (const id of ids) {
    const file = join(pending, id);
    await until(`the key of ${id}`, () => readFile(file).then(() => true, () => false));
  }
  await show(["key", "-L"], config);
  await show(["key", "-y", "-A"], config);
  await until("the minions to sign in", () => ready(estate));
  for (const [target, ...call] of calls) {
    const output = await show(["salt", target ?? "*", ...call], config);
    for (const id of ids.filter((id) => target === "*" || id === target)) {
      if (!output.includes(id)) throw new Error(`${id} did not answer`);
    }
  }
}

const calls = [
  ["*", "test.ping"],
  ["*", "cmd.run", "echo $((6 * 7)) from $(uname -s)"],
  ["*", "grains.item", "os", "osrelease", "kernel", "mem_total"],
  ["db-1", "grains.items"],
];

/** Whether all minions have said that they take jobs. */
function ready(estate: Estate): boolean {
  return estate.logs().split("Minion is ready to receive requests!").length > ids.length;
}

const root = await mkdtemp(join(tmpdir(), "saltx-demo-"));
const estate = new Estate(root);
const start = performance.now();
try {
  await demo(estate);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(paint(32, `\nA master and ${ids.length} minions did their work in ${seconds} s.`));
} catch (error) {
  console.error(paint(31, `\nThe demo failed: ${error instanceof Error ? error.message : error}`));
  console.error(estate.logs());
  process.exitCode = 1;
} finally {
  await estate.stop();
  await rm(root, { recursive: true, force: true });
  console.log(`Stopped all of it and removed ${root}`);
}
