import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, test } from "node:test";
import { until } from "../../support/until.ts";

const fixture = join(import.meta.dirname ?? "", "fixtures/daemon.ts");
const run = "deno" in process.versions ? ["run", "--quiet", "--allow-all", fixture] : [fixture];

let root = "";
let background: number[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "saltx-daemon-"));
  mkdirSync(join(root, "etc"));
  configure("log_level: info\n");
  background = [];
});
afterEach(() => {
  for (const pid of background) kill(pid, "SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

function configure(text: string): void {
  writeFileSync(join(root, "etc/master"), text);
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Deno's `child.kill` makes of every later exit code a signal; this does not. */
function send(pid: number | undefined, signal: NodeJS.Signals): void {
  ok(pid !== undefined && kill(pid, signal));
}

function read(name: string): string {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function start(...words: string[]) {
  const child = spawn(process.execPath, [...run, root, ...words], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors += text);
  background.push(child.pid ?? 0);
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, errors }))
  );
  return { child, ended };
}

function told(line: string): Promise<unknown> {
  return until(`"${line}"`, () => read("story").includes(line));
}

test("runDaemon() drains at SIGTERM, ends with 0 and takes its pid file away", async () => {
  const { child, ended } = start("");
  await told("started");
  equal(read("run/salt.pid"), String(child.pid));
  equal(statSync(join(root, "run/salt.pid")).mode & 0o777, 0o644);
  send(child.pid, "SIGTERM");
  equal((await ended).code, 0);
  match(read("story"), /stopping\nstopped\n$/);
  ok(!existsSync(join(root, "run/salt.pid")));
  match(read("log"), /\[INFO {4}\]\[\d+\] salt-master is up as process/);
});

test("runDaemon() ends at its deadline though work still runs", async () => {
  const { child, ended } = start("hangs");
  await told("started");
  send(child.pid, "SIGINT");
  equal((await ended).code, 0);
  match(read("log"), /still running 0\.05 s after the end was asked for/);
});

test("runDaemon() ends at once at the second signal", async () => {
  const { child, ended } = start("forced");
  await told("started");
  send(child.pid, "SIGTERM");
  await told("stopping");
  send(child.pid, "SIGTERM");
  equal((await ended).code, 1);
  ok(!existsSync(join(root, "run/salt.pid")));
});

test("runDaemon() opens its log anew and reloads at SIGHUP", async () => {
  const { child, ended } = start("");
  await told("started");
  await until("the log", () => read("log").includes("is up"));
  renameSync(join(root, "log"), join(root, "log.1"));
  send(child.pid, "SIGHUP");
  await told("reloaded");
  await until("the new log", () => read("log").includes("reloaded"));
  send(child.pid, "SIGTERM");
  equal((await ended).code, 0);
});

test("runDaemon() takes over log levels at SIGHUP, and keeps the old ones of a bad file", async () => {
  const { child, ended } = start("");
  await told("started");
  configure("log_level: debug\n");
  send(child.pid, "SIGHUP");
  await until("a line of debug", () => read("log").includes("reloaded with debug"));
  configure("log_level: loud\n");
  send(child.pid, "SIGHUP");
  await until("the reason", () => read("log").includes('Cannot use "loud" for option "log_level"'));
  send(child.pid, "SIGTERM");
  equal((await ended).code, 0);
});

test("runDaemon() goes on when a reload fails, and says why", async () => {
  const { child, ended } = start("bad reload");
  await told("started");
  send(child.pid, "SIGHUP");
  await until("the reason", () => read("log").includes("Could not reload"));
  send(child.pid, "SIGTERM");
  const { code, errors } = await ended;
  equal(code, 0);
  match(errors, /Could not reload; going on as before: bad settings/);
});

test("runDaemon() gives the code of a daemon that ends by itself", async () => {
  equal((await start("ends").ended).code, 5);
});

test("runDaemon() logs a defect before it ends the process", async () => {
  const { code } = await start("defect").ended;
  equal(code, 70);
  match(read("log"), /CRITICAL.*A defect ends salt-master: TypeError/);
  ok(!existsSync(join(root, "run/salt.pid")));
});

test("runDaemon() says once why it cannot start, and leaves no pid file", async () => {
  const { code, errors } = await start("refuses").ended;
  equal(code, 69);
  equal(errors, "port taken\n");
  match(read("log"), /CRITICAL.*Cannot start salt-master: port taken/);
  ok(!existsSync(join(root, "run/salt.pid")));
});

test("runDaemon() refuses a second daemon with the same pid file", async () => {
  const { child, ended } = start("");
  await told("started");
  const second = await start("").ended;
  equal(second.code, 1);
  equal(
    second.errors,
    `Cannot start salt-master: it already runs as process ${child.pid}, says ` +
      `"${join(root, "run/salt.pid")}". Stop that one, or give this one another pid file with ` +
      "--pid-file\n",
  );
  send(child.pid, "SIGTERM");
  equal((await ended).code, 0);
});

for (const flags of [[], ["-d"]]) {
  test(`runDaemon() ${flags} waits for a daemon that is about to end`, async () => {
    const { child, ended } = start("");
    await told("started");
    send(child.pid, "SIGSTOP");
    const next = start("", ...flags);
    // Time to meet it; where that is too short, less is tested, and nothing fails.
    await new Promise((resolve) => setTimeout(resolve, 300));
    send(child.pid, "SIGTERM");
    send(child.pid, "SIGCONT");
    equal((await ended).code, 0);
    const pids = () =>
      [...read("story").matchAll(/started as (\d+)/g)].map(([, pid]) => Number(pid));
    await until("another one", () => pids().length === 2);
    background.push(pids()[1]!);
    if (flags.length > 0) equal((await next.ended).code, 0);
    kill(pids()[1]!, "SIGTERM");
    await until("its end", () => !existsSync(join(root, "run/salt.pid")));
  });
}

test("runDaemon() replaces a pid file of a process that is gone or is another program", async () => {
  mkdirSync(join(root, "run"));
  const other = spawn("sleep", ["300"]);
  background.push(other.pid ?? 0);
  for (const stale of ["999999999", "garbage", String(other.pid)]) {
    writeFileSync(join(root, "run/salt.pid"), stale);
    equal((await start("ends").ended).code, 5, stale);
  }
});

/** The pid that a daemon told. */
function storyPid(): number {
  const pid = Number(/started as (\d+)/.exec(read("story"))?.[1]);
  background.push(pid);
  return pid;
}

test("runDaemon() -d returns once the daemon is up, and leaves it running by itself", async () => {
  const { child, ended } = start("", "-d");
  deepEqual(await ended, { code: 0, errors: "" });
  const pid = storyPid();
  ok(pid !== child.pid && kill(pid, 0));
  equal(read("run/salt.pid"), String(pid));
  match(read("story"), /in \/\n/);
  if (process.platform === "linux") {
    const session = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    equal(session, String(pid), "it leads a session of its own");
  }
  const again = await start("", "-d").ended;
  equal(again.code, 1);
  match(again.errors, /it already runs as process/);
  kill(pid, "SIGTERM");
  await until("its end", () => !existsSync(join(root, "run/salt.pid")));
});

test("runDaemon() -d gives message and code of a start that fails in the background", async () => {
  deepEqual(await start("refuses", "-d").ended, {
    code: 69,
    errors: "Cannot start salt-master: port taken\n",
  });
  const { code, errors } = await start("crashes", "-d").ended;
  equal(code, 3);
  match(errors, /the background process ended with code 3 before it was up/);
});
