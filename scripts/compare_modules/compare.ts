/**
 * The same calls by real Salt and by saltx, one process each, and what differs.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { loadMinionConfig } from "../../src/config/mod.ts";
import { createContext, executeJob, parseCliArgs } from "../../src/loader/mod.ts";
import { staticGrains } from "../../src/plugins/grains/mod.ts";
import { buildRegistry } from "../../src/plugins/modules/mod.ts";
import { pyRepr } from "../../src/text/py_repr.ts";
import type { Data, DataMap, PublishLoad } from "../../src/types/mod.ts";
import { saltVersions, venvBin } from "../venvs.ts";
import { type Call, lineOf, pillar } from "./calls.ts";
import { changesOf, fill, look, PLAY, seeds, VENV } from "./playground.ts";

type Result = [repr: string, retcode: number, out: string | null];

const jid = "20260101000000000000";

/**
 * Gives a task to a Python program of this folder and reads its answer.
 * @param before argv that stands before the program's.
 * @throws Error when it fails.
 */
export function runDriver<T>(
  program: string,
  task: unknown,
  before: readonly string[] = [],
): Promise<T> {
  const driver = resolve(import.meta.dirname ?? ".", program);
  const python = join(venvBin(saltVersions.lts), "python");
  return new Promise((done, fail) => {
    const [first = "", ...args] = [...before, python, driver];
    const child = spawn(first, args, { stdio: ["pipe", "pipe", "ignore"] });
    const chunks: Uint8Array[] = [];
    child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      if (code !== 0) return fail(new Error(`${program} ended with ${code}`));
      done(JSON.parse(new TextDecoder().decode(Buffer.concat(chunks))));
    });
    child.stdin.end(JSON.stringify(task));
  });
}

async function runSaltx(
  config: string,
  grains: DataMap,
  wanted: readonly Call[],
  play: string,
): Promise<Result[]> {
  const opts = loadMinionConfig({ configFile: config });
  const registry = await buildRegistry({ opts, grains });
  const results: Result[] = [];
  for (const { fun, words, plays } of wanted) {
    const arg = parseCliArgs(words.map((word) => placed(word, play)));
    if (plays === true) fill(play);
    const job = { fun, jid, tgt: "salt-call" } as unknown as PublishLoad;
    const now = { ...grains, ...await staticGrains(opts.conf_file) };
    const ctx = createContext({ opts, grains: now, registry, pillar, job });
    const done = await executeJob(ctx, { fun, arg });
    const text = [pyRepr(shorten(done.return)), ...(plays ? look(play) : [])].join("\n");
    results.push([text, done.retcode as number, done.out ?? null]);
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
export function canonical(repr: string): string {
  return [...repr].sort().join("");
}

/** One of two results: what was returned, then the files that the other has not. */
function shown([repr, retcode]: Result, [other]: Result): string {
  const [returned, ...files] = repr.split("\n");
  const others = other.split("\n");
  const own = files.filter((file) => !others.includes(file));
  return [`${returned!.slice(0, 1500)}  -> ${retcode}`, ...own].join("\n           ");
}

/** Writes real Salt's answers to calls in the folder, without that folder's name. */
async function record(
  file: string,
  wanted: readonly Call[],
  results: Result[],
  play: string,
): Promise<void> {
  const entries = wanted.flatMap((call, index) => {
    if (call.plays !== true || call.why) return [];
    const [text, retcode] = results[index]!;
    const [repr, ...files] = (call.normalise ?? String)(text).replaceAll(play, PLAY).split("\n");
    return [[lineOf(call), [repr, retcode, ...changesOf(files)]]];
  });
  await writeFile(file, JSON.stringify(Object.fromEntries(entries), null, 1) + "\n");
}

/** A word with the names of folders in it replaced. */
export function placed(word: string, play: string): string {
  return word.replaceAll(PLAY, play).replaceAll(VENV, dirname(venvBin(saltVersions.lts)));
}

/** A call that is answered differently. */
export interface Difference {
  /** Function and words. */
  call: string;
  salt: string;
  saltx: string;
  /** Why it rightly differs, where it does. */
  why?: string;
}

/**
 * Calls functions by both, all of them by real Salt first.
 *
 * @param options `recordTo`: file for what real Salt answered to calls that change files; `config`:
 *   more lines for the configuration of both.
 */
export async function compareCalls(
  wanted: readonly Call[],
  { recordTo, config: more = "" }: { recordTo?: string | undefined; config?: string } = {},
): Promise<Difference[]> {
  const root = await mkdtemp(join(tmpdir(), "saltx-compare-"));
  try {
    const play = join(root, "play");
    const lists = wanted.map(({ fun, words, plays = false }) => [
      fun,
      words.map((word) => placed(word, play)),
      plays,
    ]);
    const config = async (name: string) => {
      const folder = join(root, name);
      mkdirSync(join(folder, "var/cache/salt/minion"), { recursive: true });
      await writeFile(join(folder, "minion"), configOf(folder) + more);
      return join(folder, "minion");
    };
    const task = { config: await config("salt"), grains: null, pillar, calls: lists, play, seeds };
    const salt = await runDriver<{ grains: DataMap; results: Result[] }>("driver.py", task);
    const saltx = await runSaltx(await config("saltx"), salt.grains, wanted, play);
    if (recordTo !== undefined) await record(recordTo, wanted, salt.results, play);
    return wanted.flatMap((call, index): Difference[] => {
      const [theirs, ours] = [salt.results[index]!, saltx[index]!];
      const clean = ([repr, retcode]: Result) =>
        JSON.stringify([canonical((call.normalise ?? String)(repr)), retcode]);
      if (clean(theirs) === clean(ours)) return [];
      return [{
        call: lineOf(call),
        salt: shown(theirs, ours),
        saltx: shown(ours, theirs),
        ...(call.why ? { why: call.why } : {}),
      }];
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function configOf(folder: string): string {
  return `root_dir: ${folder}\nid: compared\nfile_client: local\n`;
}
