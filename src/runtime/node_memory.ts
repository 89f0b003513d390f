/**
 * Giving back what only the start of a daemon needed.
 * @module
 */
import { readFileSync } from "node:fs";
import { inThread } from "./open_sockets.ts";
import { openLibc } from "./node_libc.ts";

const MADV_DONTNEED = 4;

/** Where a stretch of memory begins, and its bytes. */
export interface Mapping {
  start: bigint;
  length: bigint;
}

/**
 * Collects garbage thoroughly, and lets go of the pages of program files that are mapped but were
 * touched only while starting: what is needed again comes back from the page cache by itself.
 * In a thread only the former, as the files are mapped for all.
 */
export function releaseMemory(): void {
  if (!inThread() && process.platform === "linux") releasePages();
  collectGarbage();
}

/**
 * The flag is set for a moment only: V8 takes no compiled code that was made under other flags. It
 * belongs to the whole process, so a thread that does the same at that moment may find it gone: then
 * the memory comes back with the next ordinary collection.
 */
function collectGarbage(): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { runInNewContext } = process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("globalThis.gc") as ((options: object) => void) | undefined;
  setFlagsFromString("--no-expose-gc");
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

function releasePages(): void {
  try {
    const libc = openLibc({
      madvise: { parameters: ["pointer", "u64", "i32"], result: "i32" },
    });
    for (const { start, length } of fileMappings(readFileSync("/proc/self/smaps", "latin1"))) {
      libc.madvise(start, length, MADV_DONTNEED);
    }
  } catch {
    // Without /proc or a foreign function interface the pages stay until the kernel wants them.
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
  return found;
}
