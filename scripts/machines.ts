/**
 * Throw-away machines for tests that run programs which change the machine they are on: the host's own
 * file system with a layer above it that takes all changes. The host itself keeps as it is.
 *
 *     deno run -A scripts/machines.ts     # makes the layer of programs, which tests share
 *
 * Needs root, Linux's overlayfs and, for the layer of programs, a package source that apt-get reaches.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { takeLock } from "./build/lock.ts";

const root = resolve(import.meta.dirname ?? ".", "..");
const home = join(root, ".cache", "machines");
const layer = join(home, "programs");

/** Debian's packages in the layer: other systems' package and service managers. */
const packages = [
  ...["createrepo-c", "dnf", "openrc", "pacman-package-manager", "rpm", "zypper"],
  ...["fdisk", "ipset", "nftables", "parted", "python3-gnupg"],
];

/**
 * `$1` is the machine's folder, `$2` the folder of the layer below it, or nothing, `$3` the project; the rest
 * is what runs there. Mounts are those of this process alone and go with it. The layer is mounted over the
 * host's files first, as layers may not lie in one another.
 */
const ENTER = `set -e
machine=$1 layer=$2 project=$3 below=/; shift 3
mkdir -p "$machine/changes" "$machine/work" "$machine/root" "$machine/below" "$machine/run"
if [ -n "$layer" ]; then
  below=$machine/below
  mount -t overlay overlay -o "ro,lowerdir=/,upperdir=$layer/changes,workdir=$layer/work" "$below"
fi
mount -t overlay overlay -o "lowerdir=$below,upperdir=$machine/changes,workdir=$machine/work" "$machine/root"
for at in /proc /sys /dev /tmp "$project"; do
  mkdir -p "$machine/root$at"
  mount --rbind "$at" "$machine/root$at"
done
mount --bind "$machine/run" "$machine/root/run"
exec chroot "$machine/root" "$@"`;

function enter(folder: string, below: string): string[] {
  const unshare = ["unshare", "--mount", "--propagation", "private"];
  return [...unshare, "sh", "-c", ENTER, "enter", folder, below, root];
}

/** argv in front of a program's own, to have it run on the machine whose changes are in a folder. */
export function onMachine(folder: string): string[] {
  return enter(folder, layer);
}

/** Puts a file on a machine. */
export async function putOnMachine(folder: string, path: string, text: string): Promise<void> {
  const there = join(folder, "changes", path);
  await mkdir(dirname(there), { recursive: true });
  await writeFile(there, text);
}

function run(argv: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((done, failed) => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
    const child = spawn(argv[0]!, argv.slice(1), { stdio: ["ignore", "pipe", "pipe"], env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output += text);
    }
    child.once("error", failed);
    child.once("close", (code) => done({ code, output }));
  });
}

/**
 * Makes the layer of programs unless it is there.
 * @throws Error when this is not root, or apt-get fails; it has what apt-get said.
 */
export async function ensurePrograms(log: (line: string) => void = () => {}): Promise<void> {
  const marker = join(layer, ".packages");
  const wanted = packages.join(" ");
  const there = async () => await readFile(marker, "utf8").catch(() => "") === wanted;
  if (await there()) return;
  if (process.getuid?.() !== 0) throw new Error("Throw-away machines need root");
  await mkdir(home, { recursive: true });
  await using _lock = await takeLock(join(home, ".lock"));
  if (await there()) return;
  const start = performance.now();
  const making = `${layer}.new`;
  await Promise.all([layer, making].map((old) => rm(old, { recursive: true, force: true })));
  const options = ["-o", "Dpkg::Use-Pty=0", "--quiet"];
  const apt = (...words: string[]) => run([...enter(making, ""), "apt-get", ...options, ...words]);
  const install = () => apt("install", "--yes", "--no-install-recommends", ...packages);
  let done = await install();
  // A fresh host has no lists of packages, and old lists name files that have gone.
  if (done.code !== 0 && (await apt("update")).code === 0) done = await install();
  if (done.code !== 0) throw new Error(`apt-get cannot install ${wanted}:\n${done.output}`);
  await writeFile(join(making, ".packages"), wanted);
  await rename(making, layer);
  log(`machines: programs in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

if (import.meta.main) await ensurePrograms((line) => console.log(line));
