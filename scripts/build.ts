/**
 * Makes the executables in `dist`.
 *
 *     deno task build [--target NAME|all]… [--if-changed] [--no-xz]
 *
 * `--target`      linux-x64 (the default on any host), linux-arm64, darwin-arm64, darwin-x64 or all
 * `--if-changed`  does nothing for a file whose sources are the same as when it was built; no .xz
 * `--no-xz`       leaves out the compressed copies
 * @module
 */
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Bundle, bundle } from "./build/bundle.ts";
import { takeLock } from "./build/lock.ts";
import { compress, writeSums } from "./build/release.ts";
import { makeExecutable } from "./build/sea.ts";
import { hashSources } from "./build/sources.ts";
import { outputName, type Target, TARGETS } from "./build/targets.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
/** Says from which sources each file was built. */
const stampFile = join(dist, ".built.json");

type Stamps = Record<string, string>;

function chosenTargets(names: string[]): Target[] {
  if (names.includes("all")) return Object.values(TARGETS);
  return names.map((name) => {
    const target = TARGETS[name];
    if (target) return target;
    throw new Error(`No target "${name}"; there are ${Object.keys(TARGETS).join(", ")} and all`);
  });
}

async function readStamps(): Promise<Stamps> {
  return JSON.parse(await readFile(stampFile, "utf8").catch(() => "{}"));
}

async function isCurrent(target: Target, hash: string): Promise<boolean> {
  const name = outputName(target);
  const exists = await stat(join(dist, name)).then((found) => found.isFile(), () => false);
  return exists && (await readStamps())[name] === hash;
}

async function stamp(name: string, hash: string): Promise<void> {
  const temporary = `${stampFile}.${process.pid}`;
  await writeFile(temporary, JSON.stringify({ ...await readStamps(), [name]: hash }));
  await rename(temporary, stampFile);
}

async function build(target: Target, hash: string, program: Bundle, xz: boolean): Promise<void> {
  const name = outputName(target);
  const output = join(dist, name);
  await rm(`${output}.xz`, { force: true });
  await makeExecutable(root, target, program, output);
  await stamp(name, hash);
  await report(output);
  if (xz) {
    await compress(output, target);
    await report(`${output}.xz`);
  }
}

async function report(path: string): Promise<void> {
  const megabytes = (await stat(path)).size / 1e6;
  console.log(`${path.slice(root.length + 1)}  ${megabytes.toFixed(1)} MB`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true, default: ["linux-x64"] },
      "if-changed": { type: "boolean", default: false },
      "no-xz": { type: "boolean", default: false },
    },
  });
  const targets = chosenTargets(values.target);
  await using _lock = await takeLock(join(dist, ".lock"));
  const hash = await hashSources(root);
  const wanted = values["if-changed"]
    ? await Array.fromAsync(targets, async (target) => await isCurrent(target, hash) ? [] : target)
    : targets;
  const due = wanted.flat();
  if (due.length === 0) return;
  const program = await bundle(root);
  const xz = !values["no-xz"] && !values["if-changed"];
  for (const target of due) await build(target, hash, program, xz);
  await writeSums(dist);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
