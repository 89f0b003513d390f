import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { receiveFile } from "../../../../src/master/commands/file_recv.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { listTree } from "../../../support/tree.ts";

function lab(t: TestContext, file_recv = true) {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-recv-"));
  t.after(() => rmSync(cachedir, { recursive: true }));
  const push = (load: DataMap, id: string | null = "m1") =>
    receiveFile({ cachedir, file_recv, file_recv_max_size: 1 }, load, id);
  return { cachedir, push, files: join(cachedir, "minions", "m1", "files") };
}

test("receiveFile() - writes chunks in place, the same one twice if need be", (t) => {
  const { push, files } = lab(t);
  const path = ["var", "log", "a.log"];
  assert.equal(push({ path, loc: 0, size: 6, data: "abc" }), true);
  assert.equal(push({ path, loc: 3, size: 6, data: new Uint8Array([0, 1, 255]) }), true);
  assert.equal(push({ path, loc: 3, size: 6, data: new Uint8Array([0, 1, 255]) }), true);
  assert.deepEqual([...readFileSync(join(files, ...path))], [97, 98, 99, 0, 1, 255]);
  assert.equal(statSync(join(files, ...path)).mode & 0o777, 0o600);
  assert.equal(push({ path, loc: 0, size: 1, data: "z" }), true);
  assert.equal(readFileSync(join(files, ...path), "utf8"), "z");
});

test("receiveFile() - refuses everything while file_recv is off", async (t) => {
  const { push, cachedir } = lab(t, false);
  assert.equal(push({ path: ["a"], loc: 0, size: 1, data: "x" }), false);
  assert.deepEqual(await listTree(cachedir), []);
});

test("receiveFile() - refuses paths that leave the minion's folder, and writes nothing", async (t) => {
  const { push, cachedir } = lab(t);
  const paths: Data[] = [
    ["..", "x"],
    ["a", "..", "..", "x"],
    ["/etc/passwd"],
    ["a/b"],
    ["a\\b"],
    ["a\0b"],
    [""],
    ["."],
    [],
    "text",
    null,
    5,
    [5],
    [["a"]],
    ["x".repeat(300)],
    Array(1000).fill("d"),
    { 0: "a" },
  ];
  for (const path of paths) {
    assert.equal(push({ path, loc: 0, size: 1, data: "x" }), false, JSON.stringify(path));
  }
  for (const id of [null, "../m1", "a/b", ""]) {
    assert.equal(push({ path: ["a"], loc: 0, size: 1, data: "x" }, id), false, String(id));
  }
  assert.deepEqual(await listTree(cachedir), []);
});

test("receiveFile() - refuses what is too large, leaves a hole, or is no data", async (t) => {
  const { push, cachedir } = lab(t);
  const path = ["a"];
  for (
    const load of [
      { loc: 0, size: 2 ** 21, data: "x" },
      { loc: 2 ** 20, size: 1, data: "x" },
      { loc: -1, data: "x" },
      { loc: 1.5, data: "x" },
      { loc: "0", data: "x" },
      { data: "x" },
      { loc: 0, data: 5 },
      { loc: 0, data: null },
      { loc: 0 },
    ] as DataMap[]
  ) {
    assert.equal(push({ path, ...load }), false, JSON.stringify(load));
  }
  assert.deepEqual(await listTree(cachedir), []);
  assert.equal(push({ path, loc: 5, size: 6, data: "x" }), false);
});
