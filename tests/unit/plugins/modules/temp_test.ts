import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { testContext } from "../../../support/exec_context.ts";

test("temp makes files and folders for its user alone, each another", async () => {
  const parent = mkdtempSync(join(tmpdir(), "saltx-temp-"));
  try {
    const ctx = await testContext();
    const names = { prefix: "a-", suffix: ".x", parent };
    const file = String(await ctx.salt("temp.file", [], names));
    const folder = String(await ctx.salt("temp.dir", [], names));
    assert.match(file, /\/a-[0-9a-f]+\.x$/);
    assert.deepEqual([dirname(file), dirname(folder)], [parent, parent]);
    assert.equal(statSync(file).mode & 0o7777, 0o600);
    assert.equal(statSync(file).size, 0);
    assert.ok(statSync(folder).isDirectory());
    assert.equal(statSync(folder).mode & 0o7777, 0o700);
    assert.notEqual(await ctx.salt("temp.file", [], names), file);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

test("temp refuses names that lead elsewhere, and folders that are not there", async () => {
  const ctx = await testContext();
  await assert.rejects(async () => await ctx.salt("temp.file", ["", "../x"]), /without \//);
  await assert.rejects(async () => await ctx.salt("temp.dir", ["/x"]), /without \//);
  await assert.rejects(
    async () => await ctx.salt("temp.dir", [], { parent: "/nowhere" }),
    /ENOENT.*\/nowhere/,
  );
});
