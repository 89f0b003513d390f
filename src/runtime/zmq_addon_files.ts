/**
 * Where the zeromq package keeps its prebuilt addon, which exports libzmq's C functions as well.
 * @module
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Below the package, by system, processor and C library; the oldest builds, which need the least. */
const BUILDS: Readonly<Record<string, string[]>> = {
  linux: ["glibc-127-Release", "musl-127-Release"],
  darwin: ["libc-115-Release"],
};

/** Path of one build below the package's folder. `libc` is `glibc`, `musl` or, for macOS, `libc`. */
export function addonBuild(platform: string, arch: string, libc: string): string {
  const build = BUILDS[platform]?.find((name) => name.startsWith(`${libc}-`));
  if (!build) throw new Error(`There is no ZeroMQ for ${platform} ${arch} (${libc})`);
  return join("build", platform, arch, "node", build, "addon.node");
}

/** The files to try on this machine, the likeliest first. */
export function addonFiles(): string[] {
  const root = dirname(createRequire(import.meta.url).resolve("zeromq/package.json"));
  if (process.platform !== "linux") {
    return [join(root, addonBuild(process.platform, process.arch, "libc"))];
  }
  const libcs = existsSync("/etc/alpine-release") ? ["musl", "glibc"] : ["glibc", "musl"];
  return libcs.map((libc) => join(root, addonBuild("linux", process.arch, libc)));
}
