/**
 * Puts Node, the bundle and zeromq's addon into one executable.
 * (https://nodejs.org/api/single-executable-applications.html)
 * @module
 */
import { fileURLToPath } from "node:url";
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ASSETS, LAUNCHER } from "../../src/runtime/node_embedded.ts";
import { addonBuild } from "../../src/runtime/zmq_addon_files.ts";
import type { Bundle } from "./bundle.ts";
import { nodeBase } from "./node_base.ts";
import { FOREIGN_LIST, writePack } from "./pack.ts";
import { run } from "./run.ts";
import { signMachO } from "./sign_mach_o.ts";
import { stripElf } from "./strip_elf.ts";
import { hostTarget, type Target } from "./targets.ts";

/** Bytes written at a time. Written in larger pieces, Linux would hold and map the file in larger pieces too. */
const CHUNK = 65_536;

/** Options that every saltx process runs with. None for V8: Node's own compiled code fits the defaults only. */
const NODE_OPTIONS = ["--disable-warning=ExperimentalWarning"];

/** Makes `output` for `target` from the bundle. */
export async function makeExecutable(
  root: string,
  target: Target,
  bundle: Bundle,
  output: string,
): Promise<void> {
  await mkdir(join(root, ".cache"), { recursive: true });
  const work = await mkdtemp(join(root, ".cache", "build-"));
  try {
    await writeFile(join(work, "base"), stripElf(await readFile(await nodeBase(root, target))));
    await chmod(join(work, "base"), 0o755);
    await writeFile(join(work, "launcher.js"), LAUNCHER);
    const addon = addonBuild(target.platform, target.arch, target.libc);
    const addonFile = await readFile(join(root, "node_modules", "zeromq", addon));
    await writeFile(join(work, ASSETS.addon), stripElf(addonFile));
    await writeFile(join(work, "sea.json"), JSON.stringify(config(), null, 2));
    await writePack(work, bundle.scripts);
    await writeFile(join(work, FOREIGN_LIST), JSON.stringify([...bundle.foreign]));
    await buildSea(root, work);
    // Compiled code fits only the processor that it was compiled on.
    if (target.name === hostTarget().name) {
      await compile(root, target, work);
      await buildSea(root, work);
    }
    if (target.platform === "darwin") await sign(join(work, "saltx"), basename(output));
    await copyInChunks(join(work, "saltx"), join(work, "finished"));
    await chmod(join(work, "finished"), 0o755);
    await rename(join(work, "finished"), output);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function config(): Record<string, unknown> {
  return {
    main: "launcher.js",
    executable: "base",
    output: "saltx",
    mainFormat: "commonjs",
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: NODE_OPTIONS,
    // NODE_OPTIONS of the caller's environment is not for us.
    execArgvExtension: "none",
    assets: Object.fromEntries(Object.values(ASSETS).map((asset) => [asset, asset])),
  };
}

async function buildSea(root: string, work: string): Promise<void> {
  await run(await nodeBase(root, hostTarget()), ["--build-sea", "sea.json"], work);
}

/** Adds what V8 makes of the scripts that the executable in `work` runs. */
async function compile(root: string, target: Target, work: string): Promise<void> {
  const script = fileURLToPath(new URL("./write_code_cache.ts", import.meta.url));
  await run(await nodeBase(root, target), [...NODE_OPTIONS, script, work]);
}

async function sign(path: string, identifier: string): Promise<void> {
  await writeFile(path, signMachO(await readFile(path), identifier));
}

async function copyInChunks(from: string, to: string): Promise<void> {
  await using source = await open(from, "r");
  await using sink = await open(to, "wx", 0o755);
  const buffer = new Uint8Array(CHUNK);
  while (true) {
    const { bytesRead } = await source.read(buffer, 0, CHUNK);
    if (bytesRead === 0) break;
    await sink.write(buffer, 0, bytesRead);
  }
  await sink.sync();
}
