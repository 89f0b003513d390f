/**
 * Compares the grains of this host, key by key, with what real Salt says.
 *
 *     deno run -A scripts/compare_grains.ts [VENV]
 *
 * Prints each key that differs or is on one side only, and exits with 1 if one of them is not
 * among those that differ by design.
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadMinionConfig } from "../src/config/mod.ts";
import { loadGrains } from "../src/plugins/grains/mod.ts";

/** Python's own, and what belongs to the process that asks. */
const BY_DESIGN = [
  "cwd",
  "pid",
  "pythonexecutable",
  "pythonpath",
  "pythonversion",
  "saltpath",
  "saltversion",
  "saltversioninfo",
  "saltxversion",
  "zmqversion",
];

const venv = process.argv[2] ?? join(import.meta.dirname!, "../.cache/venvs/salt-3006.30");
const dir = mkdtempSync(join(tmpdir(), "saltx-grains-"));
try {
  writeFileSync(join(dir, "minion"), `root_dir: ${dir}\nid: compared\nfile_client: local\n`);
  const args = ["-c", dir, "--local", "grains.items", "--out", "json", "-l", "quiet"];
  const text = execFileSync(join(venv, "bin/salt-call"), args, { encoding: "utf8" });
  const real = JSON.parse(text).local;
  const ours = JSON.parse(JSON.stringify(await loadGrains(loadMinionConfig({ configDir: dir }))));
  let unexpected = 0;
  for (const key of [...new Set([...Object.keys(real), ...Object.keys(ours)])].sort()) {
    if (isDeepStrictEqual(sorted(real[key]), sorted(ours[key]))) continue;
    const designed = BY_DESIGN.includes(key);
    if (!designed) unexpected += 1;
    console.log(
      `${designed ? "by design" : "DIFFERS"}  ${key}\n  real: ${shown(real[key])}\n  ours: ${
        shown(ours[key])
      }`,
    );
  }
  console.log(
    unexpected === 0 ? "No unexpected difference" : `${unexpected} unexpected differences`,
  );
  process.exitCode = unexpected === 0 ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true });
}

/** Sets come in no order. */
function sorted(value: unknown): unknown {
  return Array.isArray(value) && value.every((one) => typeof one === "string")
    ? [...value].sort()
    : value;
}

function shown(value: unknown): string {
  return value === undefined ? "(not there)" : JSON.stringify(value).slice(0, 300);
}
