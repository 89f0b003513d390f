import { deepEqual } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { globFiles } from "../../../src/fs/mod.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "saltx-glob-"));
  for (
    const name of ["b.conf", "a.conf", ".hidden.conf", "c.txt", "x1/m.conf", "x2/m.conf", "[q]"]
  ) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), "");
  }
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function found(pattern: string): string[] {
  return globFiles(join(dir, pattern)).map((path) => path.slice(dir.length + 1));
}

test("globFiles() gives matches sorted and leaves hidden files out", () => {
  deepEqual(found("*.conf"), ["a.conf", "b.conf"]);
  deepEqual(found(".*.conf"), [".hidden.conf"]);
});

test("globFiles() takes wildcards in folders, and does not let them cross one", () => {
  deepEqual(found("x?/*.conf"), ["x1/m.conf", "x2/m.conf"]);
  deepEqual(found("x[!1]/m.conf"), ["x2/m.conf"]);
  deepEqual(found("*/none"), []);
});

test("globFiles() without wildcards gives the path if it is there", () => {
  deepEqual(found("c.txt"), ["c.txt"]);
  deepEqual(found("missing"), []);
  deepEqual(found("nowhere/*.conf"), []);
});
