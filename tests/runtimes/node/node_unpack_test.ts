import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { embeddedAddonFiles } from "../../../src/runtime/node_unpack.ts";

const folder = mkdtempSync(join(tmpdir(), "saltx-unpack-"));
const before = process.env["TMPDIR"];
after(() => {
  rmSync(folder, { recursive: true, force: true });
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
});

test("embeddedAddonFiles() - each file holds the addon; those that did not serve are gone again", () => {
  process.env["TMPDIR"] = folder;
  const addon = new Uint8Array(200_000).map((_, i) => i * 7);
  const paths: string[] = [];
  for (const path of embeddedAddonFiles(addon)) {
    assert.ok(!paths.some((earlier) => !earlier.startsWith("/proc/") && existsSync(earlier)));
    assert.equal(Buffer.compare(readFileSync(path), addon), 0, path);
    paths.push(path);
  }
  const unnamed = paths.findLastIndex((path) => path.startsWith("/proc/self/fd/"));
  const named = paths.filter((path) => path.startsWith(folder));
  assert.equal(named.length, 1);
  assert.ok(unnamed < paths.indexOf(named[0]!), "files with names come last");
  if (process.platform === "linux") assert.ok(unnamed >= 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("embeddedAddonFiles() - one that served leaves no file behind, on Linux", () => {
  process.env["TMPDIR"] = folder;
  for (const path of embeddedAddonFiles(new Uint8Array([1, 2, 3]))) {
    assert.equal(readFileSync(path).length, 3);
    break;
  }
  assert.deepEqual(process.platform === "linux" ? readdirSync(folder) : [], []);
});
