/**
 * Runs suites of tests, shows what they print, counts, and ends with `N passed, N failed`.
 *
 *     deno run -A scripts/test.ts SUITE…
 *
 * `unit`         tests/unit on Deno
 * `unit-node`    tests/unit on Node
 * `integration`  tests/integration: the built executable on loopback
 * `interop`      tests/interop: the built executable with real Salt (makes its environments first)
 *
 * Fails when a test fails, and when a suite runs no test. The counts are added to the file that
 * `TEST_COUNTS` names, if any.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFile, glob } from "node:fs/promises";
import { resolve } from "node:path";
import { nodeProgram } from "./node_program.ts";
import { countDeno, countNode, type Counts } from "./test_counts.ts";
import { ensureVenvs } from "./venvs.ts";

const root = resolve(import.meta.dirname ?? ".", "..");

interface Suite {
  /** What has to be there. */
  prepare?: () => Promise<void>;
  /** argv that runs it. */
  command: () => string[] | Promise<string[]>;
  /** Reads the summary of the test runner. */
  count: (output: string) => Counts;
}

function denoTest(folder: string, ...flags: string[]): Suite["command"] {
  return () => [process.execPath, "test", "--allow-all", "--no-check", ...flags, folder];
}

async function build(): Promise<void> {
  const { code } = await run([process.execPath, "task", "build", "--if-changed"]);
  if (code !== 0) throw new Error("The executable could not be built");
}

const suites: Record<string, Suite> = {
  unit: { command: denoTest("tests/unit", "--parallel"), count: countDeno },
  "unit-node": {
    command: async () => {
      const files = await Array.fromAsync(
        glob(["tests/unit/**/*_test.ts", "tests/runtimes/node/*_test.ts"], { cwd: root }),
      );
      return [nodeProgram(), "--test", "--test-concurrency=2", ...files];
    },
    count: countNode,
  },
  integration: {
    prepare: build,
    command: denoTest("tests/integration", "--parallel"),
    count: countDeno,
  },
  interop: {
    prepare: async () => {
      await build();
      await ensureVenvs(undefined, (line) => console.log(line));
    },
    command: denoTest("tests/interop", "--parallel"),
    count: countDeno,
  },
};

/** ms that a program may take; a hanging test must not hang what waits for it. */
const LIMIT = 10 * 60_000;

/** The program that runs now, in a process group of its own. */
let running: ChildProcess | undefined;

/** Ends the program; it gets a moment to end what it has started itself. */
function endRunning(): void {
  const group = running?.pid === undefined ? undefined : -running.pid;
  if (group === undefined) return;
  process.kill(group, "SIGTERM");
  setTimeout(() => {
    if (running) process.kill(group, "SIGKILL");
  }, 5000).unref();
}

process.once("SIGINT", endRunning);
process.once("SIGTERM", endRunning);

/** Shows what a program prints, and keeps it. Ends it with all it started when it takes too long. */
function run(argv: string[]): Promise<{ code: number | null; output: string }> {
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
    const timer = setTimeout(() => {
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
      resolve({ code, output });
    });
  });
}

/** Runs one suite. What goes wrong besides its tests counts as one that failed. */
async function runSuite(name: string, suite: Suite): Promise<Counts> {
  try {
    await suite.prepare?.();
    const { code, output } = await run(await suite.command());
    const counts = suite.count(output);
    if (counts.passed === 0) console.error(`Suite ${name} ran no test that passed`);
    if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed = 1;
    return counts;
  } catch (error) {
    console.error(`Suite ${name} could not run:`, error);
    return { passed: 0, failed: 1 };
  }
}

const total: Counts = { passed: 0, failed: 0 };
const lines: string[] = [];
for (const name of process.argv.slice(2)) {
  const suite = suites[name];
  if (!suite) throw new Error(`No suite "${name}"; there are ${Object.keys(suites).join(", ")}`);
  const start = performance.now();
  const { passed, failed } = await runSuite(name, suite);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  lines.push(`${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
  total.passed += passed;
  total.failed += failed;
  const file = process.env["TEST_COUNTS"];
  if (file) await appendFile(file, `${passed} ${failed} ${name}\n`);
}
console.log(`\n${lines.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
if (lines.length === 0) throw new Error("Name at least one suite");
if (total.failed > 0) process.exitCode = 1;
