/**
 * What processes cost: time, memory, CPU.
 * @module
 */
import { readdir, readFile, writeFile } from "node:fs/promises";

/** Resident memory of some processes together, in MiB. `pss` counts shared pages once. */
export interface Memory {
  rss: number;
  pss: number;
  processes: number;
}

/** Clock ticks a second of /proc/PID/stat, the same on all Linux. */
const TICKS = 100;

interface ProcessStat {
  pid: number;
  parent: number;
  /** CPU seconds so far, with those of ended children. */
  cpu: number;
}

async function stat(pid: number): Promise<ProcessStat | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  // The name in parentheses may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [parent = 0] = fields.slice(1);
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { pid, parent, cpu: ticks / TICKS };
}

/** A process and all below it. */
async function family(root: number): Promise<ProcessStat[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  const all = (await Promise.all(pids.map(stat))).filter((found) => found !== null);
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

/** Memory of a process and all below it. (`/proc/PID/smaps_rollup`) */
export async function memoryOf(root: number): Promise<Memory> {
  const sum: Memory = { rss: 0, pss: 0, processes: 0 };
  for (const { pid } of await family(root)) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => null);
    if (text === null) continue;
    const pick = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    sum.rss += pick("Rss") / 1024;
    sum.pss += pick("Pss") / 1024;
    sum.processes += 1;
  }
  return sum;
}

/** Forgets the most memory that a process and all below it have had. (`/proc/PID/clear_refs`) */
export async function forgetPeak(root: number): Promise<void> {
  for (const { pid } of await family(root)) await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** The most resident memory that a process and all below it have had, summed, in MiB. */
export async function peakOf(root: number): Promise<number> {
  let sum = 0;
  for (const { pid } of await family(root)) {
    const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    sum += Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  }
  return sum;
}

/** ms between two looks of {@linkcode watchMemory}. */
const WATCH_INTERVAL = 500;

/**
 * Looks at the memory of a process and all below it each half second, until it is ended. That gives the
 * most that there was, in MiB (PSS): of summed resident memory pages that are shared would count often.
 */
export function watchMemory(root: number): () => Promise<number> {
  let over = false;
  const watching = (async () => {
    let most = 0;
    for (;;) {
      const last = over;
      most = Math.max(most, (await memoryOf(root)).pss);
      if (last) return most;
      await new Promise((resolve) => setTimeout(resolve, WATCH_INTERVAL));
    }
  })();
  return () => {
    over = true;
    return watching;
  };
}

/** CPU seconds that a process and all below it have used so far. */
export async function cpuOf(root: number): Promise<number> {
  return (await family(root)).reduce((sum, { cpu }) => sum + cpu, 0);
}

/** The middle of some numbers, and their ends. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  n: number;
}

/** One number alone. */
export function single(value: number): Spread {
  return { median: value, min: value, max: value, n: 1 };
}

/** Sums numbers up. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return {
    median: at(0.5) ?? NaN,
    min: sorted[0] ?? NaN,
    max: sorted.at(-1) ?? NaN,
    n: sorted.length,
  };
}

/** The value below which a share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Seconds that something takes, some times over, after one time that does not count. */
export async function timed(times: number, work: () => Promise<unknown>): Promise<Spread> {
  const seconds: number[] = [];
  for (let i = -1; i < times; i += 1) {
    const start = performance.now();
    await work();
    if (i >= 0) seconds.push((performance.now() - start) / 1000);
  }
  return spreadOf(seconds);
}
