/**
 * Measures how fast a large file reaches a minion (`cp.get_file`) and what it takes of memory, saltx
 * against real Salt in one run.
 *
 *     deno run -A scripts/bench/files.ts [--salt VERSION] [--size MIB] [--times N]
 *
 * `--salt`   which real Salt (3006.0, 3006.30, 3008.5); the newest 3006 when absent
 * `--size`   of the file, in MiB (1024)
 * `--times`  how often it is sent; each time the minion has nothing of it (1)
 *
 * Linux only: memory is read from /proc.
 * @module
 */
import { createHash, randomFillSync } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtempDisposable, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Software } from "../../tests/support/software.ts";
import { saltVersions } from "../venvs.ts";
import { cpuOf, forgetPeak, peakOf, single, spreadOf } from "./measure.ts";
import { addRows, machine, type Row, toMarkdown } from "./report.ts";
import { Subject } from "./subject.ts";

const MIB = 1 << 20;

/** Writes a file that nothing can compress, and gives its SHA-256. */
export async function writeRandom(path: string, mib: number): Promise<string> {
  const hash = createHash("sha256");
  const block = new Uint8Array(MIB);
  const file = await open(path, "w");
  try {
    for (let i = 0; i < mib; i += 1) {
      randomFillSync(block);
      hash.update(block);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of createReadStream(path, { highWaterMark: MIB })) hash.update(block);
  return hash.digest("hex");
}

/** One file from master to minion, some times over. */
export async function fileFigures(
  software: Software,
  mib: number,
  times: number,
): Promise<Row[]> {
  await using roots = await mkdtempDisposable(join(tmpdir(), "sx-files-"));
  const sum = await writeRandom(join(roots.path, "large"), mib);
  await using subject = await Subject.start(software, { file_roots: { base: [roots.path] } });
  const { master } = subject;
  const minion = await subject.minion("bench-1");
  const target = join(subject.lab.root, "large");
  const rates: number[] = [];
  const costs: number[] = [];
  const cpu = async () => await cpuOf(master.daemon.pid) + await cpuOf(minion.daemon.pid);
  let [masterPeak, minionPeak] = [0, 0];
  for (let i = 0; i < times; i += 1) {
    await rm(target, { force: true });
    await Promise.all([master, minion].map(({ daemon }) => forgetPeak(daemon.pid)));
    const before = await cpu();
    const start = performance.now();
    const reply = await master.ask("*", "-t", "600", "cp.get_file", "salt://large", target);
    rates.push(mib / ((performance.now() - start) / 1000));
    costs.push((await cpu() - before) / mib * 1024);
    masterPeak = Math.max(masterPeak, await peakOf(master.daemon.pid));
    minionPeak = Math.max(minionPeak, await peakOf(minion.daemon.pid));
    if (reply["bench-1"] !== target || await sumOf(target) !== sum) {
      throw new Error(`${software} did not deliver the file: ${JSON.stringify(reply)}`);
    }
  }
  const row = (name: string, unit: Row["unit"], value: Row["values"][string], more = false) => ({
    name,
    unit,
    more,
    values: { [software]: value },
  });
  return [
    row(`a file of ${mib} MiB to a minion`, "MiB/s", spreadOf(rates), true),
    row("... CPU of master and minion for 1 GiB", "CPU s", spreadOf(costs)),
    row("... peak memory of the master", "MiB", single(masterPeak)),
    row("... peak memory of the minion", "MiB", single(minionPeak)),
  ];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      salt: { type: "string", default: saltVersions.lts },
      size: { type: "string", default: "1024" },
      times: { type: "string", default: "1" },
    },
  });
  const real = Object.values(saltVersions).find((version) => version === values.salt);
  const [mib, times] = [Number(values.size), Number(values.times)];
  if (real === undefined || !(mib >= 1) || !(times >= 1)) {
    throw new Error(`No Salt ${values.salt}, or no such size or number of times`);
  }
  const rows: Row[] = [];
  for (const software of [real, "saltx"] as const) {
    console.error(`files: ${software} …`);
    addRows(rows, await fileFigures(software, mib, times));
  }
  console.log(toMarkdown(rows, real, "saltx", await machine(), `Median (min..max) of ${times}.`));
}

if (import.meta.main) {
  await main();
  process.exit(0);
}
