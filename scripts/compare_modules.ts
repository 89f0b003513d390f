/**
 * Calls execution functions by real Salt and by saltx on this host and shows where they differ.
 *
 *     deno run -A scripts/compare_modules.ts [GLOB]...
 *
 * Needs the environment of `scripts/venvs.ts`. Calls stand in `compare_modules/*calls.ts`; only
 * functions that change nothing are called. Ends with 1 when a difference has no reason given there.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadMinionConfig } from "../src/config/mod.ts";
import { createContext, executeJob, parseCliArgs } from "../src/loader/mod.ts";
import { buildRegistry } from "../src/plugins/modules/mod.ts";
import { globMatch } from "../src/text/glob.ts";
import { pyRepr } from "../src/text/py_repr.ts";
import type { Data, DataMap, PublishLoad } from "../src/types/mod.ts";
import { type Call, calls, pillar } from "./compare_modules/calls.ts";
import { packageCalls } from "./compare_modules/package_calls.ts";
import { systemCalls } from "./compare_modules/system_calls.ts";
import { saltVersions, venvBin } from "./venvs.ts";

type Result = [repr: string, retcode: number, out: string | null];

const jid = "20260101000000000000";

function runDriver(task: unknown): Promise<{ grains: DataMap; results: Result[] }> {
  const driver = resolve(import.meta.dirname ?? ".", "compare_modules", "driver.py");
  const python = join(venvBin(saltVersions.lts), "python");
  return new Promise((done, fail) => {
    const child = spawn(python, [driver], { stdio: ["pipe", "pipe", "ignore"] });
    const chunks: Uint8Array[] = [];
    child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      if (code !== 0) return fail(new Error(`driver.py ended with ${code}`));
      done(JSON.parse(new TextDecoder().decode(Buffer.concat(chunks))));
    });
    child.stdin.end(JSON.stringify(task));
  });
}

async function runSaltx(config: string, grains: DataMap, wanted: Call[]): Promise<Result[]> {
  const opts = loadMinionConfig({ configFile: config });
  const registry = await buildRegistry({ opts, grains });
  const results: Result[] = [];
  for (const { fun, words } of wanted) {
    const arg = parseCliArgs(words);
    const job = { fun, jid, tgt: "salt-call" } as unknown as PublishLoad;
    const ctx = createContext({ opts, grains: { ...grains }, registry, pillar, job });
    const done = await executeJob(ctx, { fun, arg });
    results.push([pyRepr(shorten(done.return)), done.retcode as number, done.out ?? null]);
  }
  return results;
}

/** Failures without the docs and stacks that follow them, which cannot be alike. */
function shorten(value: Data): Data {
  if (typeof value !== "string") return value;
  if (value.startsWith("Passed invalid arguments to ")) return value.split("\n")[0]!;
  const crash = /^(The minion function caused an exception: )[^]*\n(\w+)(?::.*)?\n$/.exec(value);
  return crash ? crash[1]! + crash[2]! : value;
}

/** Orders of keys do not count: JavaScript puts numeric ones first. */
function canonical(repr: string): string {
  return [...repr].sort().join("");
}

async function main(): Promise<void> {
  const globs = process.argv.slice(2);
  const wanted = [...calls, ...packageCalls, ...systemCalls].filter(({ fun }) =>
    globs.length === 0 || globs.some((glob) => globMatch(glob, fun))
  );
  const root = await mkdtemp(join(tmpdir(), "saltx-compare-"));
  try {
    const config = join(root, "minion");
    await writeFile(config, `root_dir: ${root}\nid: compared\nfile_client: local\n`);
    const lists = wanted.map(({ fun, words }) => [fun, words]);
    const salt = await runDriver({ config, grains: null, pillar, calls: lists });
    const saltx = await runSaltx(config, salt.grains, wanted);
    let unexplained = 0;
    for (const [index, call] of wanted.entries()) {
      const [theirs, ours] = [salt.results[index]!, saltx[index]!];
      const clean = ([repr, ...rest]: Result) =>
        JSON.stringify([canonical((call.normalise ?? String)(repr)), ...rest.slice(0, 1)]);
      if (clean(theirs) === clean(ours)) continue;
      const line = `${call.fun} ${call.words.join(" ")}`;
      if (call.why) {
        console.log(`~ ${line}: ${call.why}`);
        continue;
      }
      unexplained++;
      console.log(`! ${line}\n    salt:  ${theirs.slice(0, 2).join("  -> ").slice(0, 1500)}`);
      console.log(`    saltx: ${ours.slice(0, 2).join("  -> ").slice(0, 1500)}`);
    }
    const functions = new Set(wanted.map(({ fun }) => fun)).size;
    console.log(`${wanted.length} calls of ${functions} functions, ${unexplained} differ`);
    process.exitCode = unexplained > 0 ? 1 : 0;
  } finally {
    await rm(root, { recursive: true });
  }
}

await main();
