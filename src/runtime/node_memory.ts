/**
 * Giving back what only the start of a daemon needed.
 * @module
 */
import { readFileSync } from "node:fs";
import { inThread } from "./open_sockets.ts";
import { LOOK_INTERVAL, MemoryCare } from "./memory_care.ts";
import { openLibc } from "./node_libc.ts";
import { type Mapping, mapSinglePages } from "./node_single_pages.ts";

const MADV_DONTNEED = 4;

/** Bytes of V8's space for new objects from which on it does not grow. */
const NEW_SPACE = 12 * 1024 * 1024;

/**
 * Collects garbage thoroughly, and lets go of the pages of program files that are mapped but were
 * touched only while starting: what is needed again comes back from the page cache by itself.
 * In a thread only the former, as the files are mapped for all.
 */
export function releaseMemory(): void {
  release(true, !inThread());
}

/** The pages go last, as collecting needs some, but what finding them leaves behind is collected. */
function release(thoroughly: boolean, pages: boolean): void {
  const mappings = pages ? programPages() : [];
  collectGarbage(thoroughly ? "last-resort" : "regular");
  trimHeap();
  releasePages(mappings);
}

/**
 * Bounds V8's space for new objects in the main thread; threads have a bound from their start. V8 doubles
 * it whenever much of it outlived a collection, up to 48 MiB, and hardly ever makes it smaller: that is
 * more than any load needs, while with 2 MiB a busy master takes a quarter more CPU. The option for a
 * bound has to be there when V8 starts, and then Node's own compiled code does not fit; by how much it
 * grows can be said at any time.
 *
 * From the first time on that the bound is met, no compiled code is taken any more: for programs that
 * have loaded by then.
 */
function boundNewSpace(): () => void {
  const { getHeapSpaceStatistics, setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { PerformanceObserver } = process.getBuiltinModule("node:perf_hooks");
  let growth = 2;
  const observer = new PerformanceObserver(() => {
    const found = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    const wanted = (found?.space_size ?? 0) < NEW_SPACE ? 2 : 1;
    if (wanted === growth) return;
    growth = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${growth}`);
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}

/**
 * Watches the memory of this thread from now on and gives it back when the thread has become quiet, and
 * now and then under load. Threads become quiet one after the other: each lets go of the pages, too.
 * The main thread lets go of those of the start at once, which takes 5 ms and no collection.
 * Returns what ends that.
 */
export function careForMemory(): () => void {
  const whole = !inThread();
  const stopBounding = whole ? boundNewSpace() : () => {};
  if (whole) setImmediate(() => releasePages(programPages())).unref();
  const { getHeapStatistics } = process.getBuiltinModule("node:v8");
  const held = () => whole ? process.memoryUsage.rss() : getHeapStatistics().total_physical_size;
  const care = new MemoryCare({
    held,
    busy: busyShare(),
    release: (quiet) => release(quiet, true),
  });
  const timer = setInterval(() => care.look(performance.now()), LOOK_INTERVAL);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopBounding();
  };
}

/** Which share of the time since the last call this thread had something to do. */
function busyShare(): () => number {
  const { performance: clock } = process.getBuiltinModule("node:perf_hooks");
  let last = clock.eventLoopUtilization();
  return () => {
    const now = clock.eventLoopUtilization();
    const { utilization } = clock.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/**
 * The flag is set for a moment only: V8 takes no compiled code that was made under other flags. It
 * belongs to the whole process, so a thread that does the same at that moment may find it gone: then
 * the memory comes back with the next ordinary collection.
 *
 * The last resort makes the space for new objects as small as it was at the start, too.
 */
function collectGarbage(flavor: "last-resort" | "regular"): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { runInNewContext } = process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("globalThis.gc") as ((options: object) => void) | undefined;
  setFlagsFromString("--no-expose-gc");
  gc?.({ type: "major", execution: "sync", flavor });
}

/** Gives what the C library has free between its blocks back to the system. */
function trimHeap(): void {
  try {
    openLibc({ malloc_trim: { parameters: ["u64"], result: "i32" } }).malloc_trim(0n);
  } catch {
    // Another C library than glibc, or no foreign function interface.
  }
}

/** Whether pages are mapped one by one; that is of the process, so the main thread has it done. */
let single = false;

/** What {@linkcode releasePages} can let go of; after the first time it comes back page by page. */
function programPages(): Mapping[] {
  const mappings = programFiles();
  if (!single && !inThread()) {
    single = true;
    mapSinglePages(mappings, openLibc);
  }
  return mappings;
}

function programFiles(): Mapping[] {
  if (process.platform !== "linux") return [];
  try {
    return fileMappings(readFileSync("/proc/self/smaps", "latin1"));
  } catch {
    // Without /proc the pages stay until the kernel wants them.
    return [];
  }
}

function releasePages(mappings: readonly Mapping[]): void {
  if (mappings.length === 0) return;
  try {
    const libc = openLibc({
      madvise: { parameters: ["pointer", "u64", "i32"], result: "i32" },
    });
    for (const { start, length } of mappings) libc.madvise(start, length, MADV_DONTNEED);
  } catch {
    // The same without a foreign function interface.
  }
}

/**
 * Mappings of files that hold nothing but what is in the file: not writable, and without a page that
 * was ever changed (as those of relocated data were). From the text of `/proc/PID/smaps`, see proc(5).
 */
export function fileMappings(smaps: string): Mapping[] {
  const found: Mapping[] = [];
  const block =
    /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ ([1-9]\d*) +\/.*\n(?:(?![0-9a-f]+-).*\n)*?Anonymous: +0 kB$/gm;
  for (const [, from, to] of smaps.matchAll(block)) {
    const start = BigInt(`0x${from}`);
    found.push({ start, length: BigInt(`0x${to}`) - start });
  }
  // V8 keeps the last text that was searched (RegExp.input): better a short one.
  /^/.exec("");
  return found;
}
