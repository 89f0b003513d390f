/**
 * How many files and connections this process may have open.
 * @module
 */
import type { OpenLibc } from "./libc.ts";

/** `RLIMIT_NOFILE` on Linux. */
const NOFILE = 7;

/**
 * Sets the soft and the hard limit to `wanted`, where the system allows that: root may, within
 * `fs.nr_open`. Linux only. (prlimit(2))
 * @returns whether it was allowed.
 */
export function raiseOpenFiles(wanted: number, openLibc: OpenLibc): boolean {
  if (process.platform !== "linux") return false;
  try {
    const libc = openLibc({
      prlimit: { parameters: ["i32", "u32", "buffer", "buffer"], result: "i32" },
    });
    const limits = new BigUint64Array([BigInt(wanted), BigInt(wanted)]);
    const before = new BigUint64Array(2);
    return Number(libc.prlimit(0, NOFILE, bytesOf(limits), bytesOf(before))) === 0;
  } catch {
    // Without a foreign function interface the limit stays, and the master says what to do.
    return false;
  }
}

function bytesOf(numbers: BigUint64Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(numbers.buffer);
}
