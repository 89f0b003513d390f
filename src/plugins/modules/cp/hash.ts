/** Sums of files on this host. @module */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { FileHash } from "./source.ts";

const chunk = 1 << 20;

/** The sum of a file; undefined when it is none or cannot be read. */
export function fileHash(path: string, hashType: string): FileHash | undefined {
  let file: number;
  try {
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const hash = createHash(hashType);
    const buffer = new Uint8Array(chunk);
    for (let n = 0; (n = readSync(file, buffer, 0, chunk, null)) > 0;) {
      hash.update(buffer.subarray(0, n));
    }
    return { hsum: hash.digest("hex"), hash_type: hashType };
  } finally {
    closeSync(file);
  }
}
