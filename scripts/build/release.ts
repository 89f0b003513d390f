/**
 * What goes with the executables: a compressed copy of each, and the checksums of all.
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";
import type { Target } from "./targets.ts";

/** Makes `path.xz` beside `path`. */
export async function compress(path: string, target: Target): Promise<void> {
  const filter = target.arch === "x64" ? ["--x86"] : ["--arm64"];
  const args = ["--threads=0", "--keep", "--force", ...filter, "--lzma2=preset=6", path];
  try {
    await run("xz", args);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new Error("There is no xz here: install xz-utils (Debian, Ubuntu) or xz, or use --no-xz");
  }
}

/** Writes `SHA256SUMS` over all that was built, in the form that `sha256sum -c` reads. */
export async function writeSums(dist: string): Promise<void> {
  const names = (await readdir(dist)).filter((name) => /^saltx[\w.-]*$/.test(name)).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${await sha256(join(dist, name))}  ${name}\n`),
  );
  const temporary = join(dist, `.SHA256SUMS.${process.pid}`);
  await writeFile(temporary, lines.join(""));
  await rename(temporary, join(dist, "SHA256SUMS"));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
