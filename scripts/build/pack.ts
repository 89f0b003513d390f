/**
 * The bundle as assets of the executable.
 * @module
 */
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { ASSETS, type ScriptPlace } from "../../src/runtime/node_embedded.ts";

const LEVEL = { [constants.ZSTD_c_compressionLevel]: 19 };

/** Names the scripts that hold packages alone, for who compiles; not an asset. */
export const FOREIGN_LIST = "foreign.json";

/** What is known of the scripts once they have run. */
export interface Experience {
  /** Compiled code by name. */
  compiled: ReadonlyMap<string, Uint8Array>;
  /** Names of those that short commands need; the others are compressed. */
  used: ReadonlySet<string>;
}

/** Writes the assets that hold the scripts, and what was compiled of them, into `folder`. */
export async function writePack(
  folder: string,
  sources: ReadonlyMap<string, string>,
  experience?: Experience,
): Promise<void> {
  const [scripts, codeCache]: [Uint8Array[], Uint8Array[]] = [[], []];
  const index: Record<string, ScriptPlace> = {};
  let [start, codeStart] = [0, 0];
  for (const [name, source] of sources) {
    const packed = experience?.used.has(name) === false;
    const plain = Buffer.from(source, "latin1");
    const bytes = packed ? zstdCompressSync(plain, { params: LEVEL }) : plain;
    const code = experience?.compiled.get(name) ?? new Uint8Array();
    index[name] = [start, bytes.length, codeStart, code.length, packed];
    scripts.push(bytes);
    // V8 reads compiled code from addresses that are multiples of eight only.
    const padding = new Uint8Array(-code.length & 7);
    codeCache.push(code, padding);
    start += bytes.length;
    codeStart += code.length + padding.length;
  }
  await writeFile(join(folder, ASSETS.scripts), Buffer.concat(scripts));
  await writeFile(join(folder, ASSETS.codeCache), Buffer.concat(codeCache));
  await writeFile(join(folder, ASSETS.index), JSON.stringify(index));
}
