/**
 * Runs suites of tests, shows what they print, counts, and ends with `N passed, N failed`.
 *
 *     deno run -A scripts/test.ts SUITE…
 *
 * `unit`         tests/unit on Deno
 * `unit-node`    tests/unit on Node
 * `integration`  tests/integration: the built executable on loopback
 * `services`     tests/services: the built executable with real servers (installs what is missing)
 * `interop`      tests/interop: the built executable with real Salt (makes its environments first)
 *
 * Fails when a test fails, and when a suite runs no test. The counts are added to the file that
 * `TEST_COUNTS` names, if any, and what failed to the one that `TEST_FAILURES` names.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { appendFile, glob } from "node:fs/promises";
import { resolve } from "node:path";
import { nodeProgram } from "./node_program.ts";
import { ensurePythonPackages } from "./python_packages.ts";
import { ensureServices } from "./services.ts";
import {
  countDeno,
  countNode,
  type Counts,
  failuresOfDeno,
  failuresOfNode,
  hanging,
} from "./test_counts.ts";
import { ensureVenvs } from "./venvs.ts";

const root = resolve(import.meta.dirname ?? ".", "..");

interface Suite {
  /** What has to be there. */
  prepare?: () => Promise<void>;
  /** argv that runs it. */
  command: () => string[] | Promise<string[]>;
  /** Reads the summary of the test runner. */
  count: (output: string) => Counts;
  /** Reads which tests failed. */
  failures: (output: string) => string[];
}

/** How to read what each test runner prints. */
const DENO = { count: countDeno, failures: failuresOfDeno };
const NODE = { count: countNode, failures: failuresOfNode };

function denoTest(folder: string, ...flags: string[]): Suite["command"] {
  return () => [process.execPath, "test", "--allow-all", "--no-check", ...flags, folder];
}

async function build(): Promise<void> {
  const { code } = await run([process.execPath, "task", "build", "--if-changed"]);
  if (code !== 0) throw new Error("The executable could not be built");
}

const suites: Record<string, Suite> = {
  unit: { command: denoTest("tests/unit", "--parallel"), ...DENO },
  "unit-node": {
    command: async () => {
      const files = await Array.fromAsync(
        glob(["tests/unit/**/*_test.ts", "tests/runtimes/node/*_test.ts"], { cwd: root }),
      );
      return [nodeProgram(), "--test", "--test-concurrency=2", ...files];
    },
    ...NODE,
  },
  integration: {
    prepare: build,
    command: denoTest("tests/integration", "--parallel"),
    ...DENO,
  },
  services: {
    prepare: async () => {
      await build();
      await ensureServices(undefined, (line) => console.log(line));
      await ensurePythonPackages(["valkey"]);
    },
    command: denoTest("tests/services", "--parallel"),
    ...DENO,
  },
  interop: {
    prepare: async () => {
      await build();
      await ensureVenvs(undefined, (line) => console.log(line));
      await ensureServices(["redis"]);
      await ensurePythonPackages(["redis"]);
    },
    command: denoTest("tests/interop", "--parallel"),
    ...DENO,
  },
};

/** ms that a program may take; a hanging test must not hang what waits for it. */
const LIMIT = 15 * 60_000;

/** Failed tests that are named at the end. */
const MOST_NAMED = 20;

/** The program that runs now, in a process group of its own. */
let running: ChildProcess | undefined;

/** Ends the program; it gets a moment to end what it has started itself. */
function endRunning(): void {
  const group = running?.pid === undefined ? undefined : -running.pid;
  if (group === undefined) return;
  const { pid } = running!;
  process.kill(group, "SIGTERM");
  setTimeout(() => {
    if (running?.pid === pid) process.kill(group, "SIGKILL");
  }, 5000).unref();
}

process.once("SIGINT", endRunning);
process.once("SIGTERM", endRunning);

/** What runs in a process group: state, CPU and wall time, command. */
function processesOf(group: number): string[] {
  const fields = "pgid=,stat=,time=,etime=,args=";
  const { stdout } = spawnSync("ps", ["-e", "-ww", "-o", fields], { encoding: "utf8" });
  const lines = (stdout ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line.startsWith(`${group} `)).map((line) => line.slice(0, 200));
}

/**
 * Shows what a program prints, and keeps it. Ends it with all it started when it takes too long; `late`
 * says what ran then.
 */
function run(argv: string[]): Promise<{ code: number | null; output: string; late: string[] }> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = argv;
    const env = { ...process.env, NO_COLOR: "1", DENO_JOBS: process.env["DENO_JOBS"] ?? "2" };
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running = child;
    let late: string[] = [];
    const timer = setTimeout(() => {
      late = processesOf(child.pid ?? 0);
      console.error(`\n${argv.join(" ")} takes longer than ${LIMIT / 1000} s; ended`);
      endRunning();
    }, LIMIT);
    let output = "";
    const keep = (text: string) => {
      output += text;
      process.stdout.write(text);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", keep);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      running = undefined;
      resolve({ code, output, late });
    });
  });
}

/** Runs one suite. What goes wrong besides its tests counts as one that failed. */
async function runSuite(
  name: string,
  suite: Suite,
): Promise<{ counts: Counts; failures: string[] }> {
  try {
    await suite.prepare?.();
    const { code, output, late } = await run(await suite.command());
    const counts = suite.count(output);
    if (counts.passed === 0) console.error(`Suite ${name} ran no test that passed`);
    if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed = 1;
    const all = suite.failures(output);
    const failures = all.slice(0, MOST_NAMED);
    if (all.length > MOST_NAMED) failures.push(`and ${all.length - MOST_NAMED} more`);
    if (late.length > 0) {
      const running = late.map((line) => `\n    ${line}`).join("");
      failures.push(`took longer than ${LIMIT / 1000} s; ${hanging(output)}; it ran:${running}`);
    } else if (counts.failed > 0 && failures.length === 0) failures.push(`ended with ${code}`);
    return { counts, failures };
  } catch (error) {
    console.error(`Suite ${name} could not run:`, error);
    return { counts: { passed: 0, failed: 1 }, failures: [`could not run: ${error}`] };
  }
}

/** Adds to the file that a variable of the environment names, if it does. */
async function note(variable: string, text: string): Promise<void> {
  const file = process.env[variable];
  if (file) await appendFile(file, text);
}

const total: Counts = { passed: 0, failed: 0 };
const lines: string[] = [];
for (const name of process.argv.slice(2)) {
  const suite = suites[name];
  if (!suite) throw new Error(`No suite "${name}"; there are ${Object.keys(suites).join(", ")}`);
  const start = performance.now();
  const { counts: { passed, failed }, failures } = await runSuite(name, suite);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  lines.push(`${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
  total.passed += passed;
  total.failed += failed;
  await note("TEST_COUNTS", `${passed} ${failed} ${name}\n`);
  await note("TEST_FAILURES", failures.map((failure) => `${name}: ${failure}\n`).join(""));
}
console.log(`\n${lines.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
if (lines.length === 0) throw new Error("Name at least one suite");
if (total.failed > 0) process.exitCode = 1;
