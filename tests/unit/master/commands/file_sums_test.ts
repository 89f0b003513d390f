import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FileSums } from "../../../../src/master/commands/file_sums.ts";
import type { FoundFile } from "../../../../src/plugins/fileserver/mod.ts";

function lab(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "saltx-sums-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const found = (name: string, content: Uint8Array, version: string): FoundFile => {
    const path = join(root, name);
    writeFileSync(path, content);
    return { path, rel: name, stat: [], size: content.length, version, settled: true };
  };
  return { root, found };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("FileSums.of() works a sum out once for each version and kind", (t) => {
  const { root, found } = lab(t);
  const sums = new FileSums(root);
  const [one, two] = [new Uint8Array(10).fill(1), new Uint8Array(10).fill(2)];
  assert.equal(sums.of(found("a", one, "1"), "sha256"), sha256(one));
  // The same version stands for the same content.
  assert.equal(sums.of(found("a", two, "1"), "sha256"), sha256(one));
  assert.equal(sums.of(found("a", two, "2"), "sha256"), sha256(two));
  assert.equal(sums.of(found("a", two, "2"), "md5").length, 32);
  assert.deepEqual(readdirSync(root), ["a"]);
});

test("FileSums keeps the sums of large files for others and the next start", (t) => {
  const { root, found } = lab(t);
  const large = new Uint8Array(9 << 20).fill(7);
  assert.equal(new FileSums(root).of(found("a", large, "1"), "sha256"), sha256(large));
  const later = found("a", new Uint8Array(9 << 20), "1");
  assert.equal(new FileSums(root).of(later, "sha256"), sha256(large));
  const [kept] = readdirSync(join(root, "file_sums"));
  writeFileSync(join(root, "file_sums", kept!), "no sum");
  assert.equal(new FileSums(root).of(later, "sha256"), sha256(new Uint8Array(9 << 20)));
});
