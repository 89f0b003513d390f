/**
 * The same calls by `salt-call --local` of real Salt and by the built executable's `call --local`, and
 * where what they print, or how they end, differs.
 * @module
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pyRepr } from "../../src/text/py_repr.ts";
import type { Data } from "../../src/types/mod.ts";
import { storiesOf } from "./all_calls.ts";
import { type Call, lineOf, pillar } from "./calls.ts";
import { canonical, type Difference, placed, runDriver } from "./compare.ts";
import { fill, look, seeds } from "./playground.ts";

/** What a program printed, how it ended, and the files of the folder after it. */
type Outcome = [stdout: string, stderr: string, code: number, files: string[]];

/** Calls of the executable that run at the same time: those that change nothing, and the others. */
const LANES = 2;
const OPTIONS = ["--local", "--out=json", "--retcode-passthrough", "--log-level=quiet", "--"];
const executable = resolve(import.meta.dirname ?? ".", "../../dist/saltx");

/**
 * Calls for programs, which take longer to start than to answer: the first of each function, and those
 * that build on one another. Not those of git, of which each waits for several programs more.
 */
export function callsOfPrograms(all: readonly Call[]): Call[] {
  const seen = new Set<string>();
  return storiesOf(all).flatMap((story) => {
    const [{ fun, why }] = story;
    if (story.length > 1) return fun.startsWith("git.") ? [] : story;
    if (seen.has(fun) || why) return [];
    seen.add(fun);
    return story;
  });
}

/** A configuration folder whose minion has the pillar of all comparisons. */
async function configFolder(root: string, name: string): Promise<string> {
  const folder = join(root, name);
  const pillarRoot = join(folder, "pillar");
  await mkdir(pillarRoot, { recursive: true });
  await writeFile(join(pillarRoot, "top.sls"), JSON.stringify({ base: { "*": ["data"] } }));
  await writeFile(join(pillarRoot, "data.sls"), JSON.stringify(pillar));
  const options = {
    root_dir: folder,
    id: "compared",
    file_client: "local",
    pillar_roots: { base: [pillarRoot] },
  };
  await writeFile(join(folder, "minion"), JSON.stringify(options));
  return folder;
}

function runExecutable(place: Place, { fun, words }: Call): Promise<Outcome> {
  const { config, before, play } = place;
  const given = words.map((word) => placed(word, play));
  const [program = "", ...argv] = [...before, executable, "call", "-c", config, ...OPTIONS];
  return new Promise((done) => {
    execFile(
      program,
      [...argv, fun, ...given],
      { maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error ? Number(error.code ?? 255) : 0;
        done([stdout, stderr, code, []]);
      },
    );
  });
}

async function runAll(place: Place, wanted: readonly Call[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const run = async (calls: Iterable<[number, Call]>) => {
    for (const [index, call] of calls) {
      if (call.plays === true) fill(place.play);
      const outcome = await runExecutable(place, call);
      if (call.plays) outcome[3] = look(place.play);
      outcomes[index] = outcome;
    }
  };
  if (place.inOrder) {
    await run(wanted.entries());
    return outcomes;
  }
  const quiet = wanted.entries().filter(([, { plays }]) => !plays);
  const playing = wanted.entries().filter(([, { plays }]) => plays);
  await Promise.all([...Array.from({ length: LANES - 1 }, () => run(quiet)), run(playing)]);
  await Promise.all(Array.from({ length: LANES }, () => run(quiet)));
  return outcomes;
}

/** What counts of an outcome: the value printed, or else the first line of the complaint. */
function essence([stdout, stderr, code]: Outcome): string {
  const printed = valueOf(stdout);
  if (printed !== undefined) return `${pyRepr(printed)}  -> ${code}`;
  const crashed = /^Traceback|^The minion function caused an exception/m.test(stderr);
  const complaint = crashed ? "an exception" : stderr.trim().split("\n")[0]!;
  return `${complaint}  -> ${code}`;
}

function valueOf(stdout: string): Data | undefined {
  try {
    return (JSON.parse(stdout) as { local: Data }).local;
  } catch {
    return undefined;
  }
}

/** Where the executable runs. */
interface Place {
  config: string;
  /** argv before its own. */
  before: readonly string[];
  play: string;
  inOrder: boolean;
}

/** What stands before the argv of each, such as what enters a machine of its own. */
export type Sides = Record<"salt" | "saltx", readonly string[]>;

/**
 * Calls functions by the programs of both, by real Salt's first.
 * @param sides Machines of their own; there, calls follow one another in their order.
 */
export async function compareExecutables(
  wanted: readonly Call[],
  sides?: Sides,
): Promise<Difference[]> {
  const root = await mkdtemp(join(tmpdir(), "saltx-compare-"));
  try {
    const play = join(root, "play");
    const calls = wanted.map(({ fun, words, plays = false }) => [
      fun,
      words.map((word) => placed(word, play)),
      plays,
    ]);
    const task = { config: await configFolder(root, "salt"), calls, play, seeds };
    const theirs = await runDriver<Outcome[]>("salt_call.py", task, sides?.salt);
    const config = await configFolder(root, "saltx");
    const place = { config, before: sides?.saltx ?? [], play, inOrder: sides !== undefined };
    const ours = await runAll(place, wanted);
    return wanted.flatMap((call, index) => differenceOf(call, theirs[index]!, ours[index]!));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function differenceOf(call: Call, theirs: Outcome, ours: Outcome): Difference[] {
  const clean = (outcome: Outcome) =>
    canonical((call.normalise ?? String)([essence(outcome), ...outcome[3]].join("\n")));
  if (clean(theirs) === clean(ours)) return [];
  const shown = (own: Outcome, other: Outcome) =>
    [essence(own).slice(0, 1500), ...own[3].filter((line) => !other[3].includes(line))]
      .join("\n           ");
  const why = call.whyPrograms ?? call.why;
  return [{
    call: lineOf(call),
    salt: shown(theirs, ours),
    saltx: shown(ours, theirs),
    ...(why ? { why } : {}),
  }];
}
