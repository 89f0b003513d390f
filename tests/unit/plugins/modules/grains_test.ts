import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ExecContext } from "../../../../src/loader/mod.ts";
import type { DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

/** Runs with a config folder of its own; gives the context and the text of the grains file. */
async function withGrains(
  use: (ctx: ExecContext, file: () => string) => Promise<void>,
  before?: string,
) {
  const folder = mkdtempSync(join(tmpdir(), "saltx-grains-"));
  const path = join(folder, "grains");
  try {
    if (before !== undefined) writeFileSync(path, before);
    const grains: DataMap = { os: "Debian", list: ["a"], map: { a: { b: 1 } }, simple: "x" };
    const ctx = await testContext({ opts: { conf_file: join(folder, "minion") }, grains });
    await use(ctx, () => readFileSync(path, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("grains.setval writes the file, keeps what is in it and changes the running grains", async () => {
  await withGrains(async (ctx, file) => {
    assert.deepEqual(await ctx.salt("grains.setval", ["role", { web: true }]), {
      role: { web: true },
    });
    assert.equal(file(), "kept: 1\nrole:\n  web: true\n");
    assert.equal(await ctx.salt("grains.get", ["role:web"]), true);
  }, "kept: 1\n");
});

test("grains.setval destructive=True takes a None away", async () => {
  await withGrains(async (ctx, file) => {
    await ctx.salt("grains.setval", ["simple", null], { destructive: true });
    assert.equal(file(), "other: 2\n");
    assert.equal(await ctx.salt("grains.has_value", ["simple"]), false);
  }, "simple: x\nother: 2\n");
});

test("grains.setvals refuses what is no map, and a file that it cannot read", async () => {
  await withGrains(async (ctx) => {
    await assert.rejects(
      async () => await ctx.salt("grains.setvals", ["x"]),
      /must be a dictionary/,
    );
    assert.match(
      String(await ctx.salt("grains.setval", ["a", 1])),
      /^Unable to read existing grains file: .*line \d/,
    );
  }, "a: [1\n");
});

test("grains.append and remove change lists, also deep ones", async () => {
  await withGrains(async (ctx, file) => {
    assert.deepEqual(await ctx.salt("grains.append", ["list", "b"]), { list: ["a", "b"] });
    assert.equal(
      await ctx.salt("grains.append", ["list", "b"]),
      "The val b was already in the list list",
    );
    assert.equal(
      await ctx.salt("grains.append", ["simple", 1]),
      "The key simple is not a valid list",
    );
    assert.deepEqual(await ctx.salt("grains.append", ["simple", 1], { convert: true }), {
      simple: ["x", 1],
    });
    assert.deepEqual(await ctx.salt("grains.append", ["map:a:c", [1, 2]]), {
      map: { a: { b: 1, c: [1, 2] } },
    });
    assert.deepEqual(await ctx.salt("grains.remove", ["map:a:c", 1]), {
      map: { a: { b: 1, c: [2] } },
    });
    assert.equal(
      await ctx.salt("grains.remove", ["list", "z"]),
      "The val z was not in the list list",
    );
    assert.match(file(), /^list:\n- a\n- b\nmap:\n {2}a:\n {4}b: 1\n {4}c:\n {4}- 2\n/);
  });
});

test("grains.set refuses to write over maps and lists unless forced", async () => {
  await withGrains(async (ctx) => {
    const set = (key: string, val: unknown, more: DataMap = {}) =>
      ctx.salt("grains.set", [key, val as string], more) as Promise<DataMap>;
    assert.deepEqual(await set("simple", "x"), {
      comment: "Grain is already set",
      changes: {},
      result: true,
    });
    assert.deepEqual(await set("simple", "y"), {
      comment: "",
      changes: { simple: "y" },
      result: true,
    });
    assert.equal((await set("map", "y"))["result"], false);
    assert.match(String((await set("map", "y"))["comment"]), /exists but is a dict or a list/);
    assert.match(
      String((await set("simple", { a: 1 }))["comment"]),
      /given value is a dict or a list/,
    );
    assert.deepEqual((await set("map", 1, { force: true }))["changes"], { map: 1 });
    assert.deepEqual((await set("new:deep:key", 5))["changes"], { new: { deep: { key: 5 } } });
    assert.match(
      String((await set("simple:z", 1))["comment"]),
      /The key 'simple' value is 'y', which is different from the provided key 'z'/,
    );
    assert.deepEqual((await set("list:a", 1))["changes"], { list: [{ a: 1 }] });
  });
});

test("grains.delkey and delval take grains away", async () => {
  await withGrains(async (ctx) => {
    assert.deepEqual(await ctx.salt("grains.delval", ["simple"]), {
      comment: "",
      changes: { simple: null },
      result: true,
    });
    await ctx.salt("grains.delkey", ["map:a:b"], { force: true });
    assert.deepEqual(await ctx.salt("grains.get", ["map"]), { a: {} });
    assert.equal((await ctx.salt("grains.delkey", ["map"]) as DataMap)["result"], false);
  });
});

test("grains.get_or_set_hash makes a value once", async () => {
  await withGrains(async (ctx) => {
    const first = String(await ctx.salt("grains.get_or_set_hash", ["app:key", 20, "ab"]));
    assert.match(first, /^[ab]{20}$/);
    assert.equal(await ctx.salt("grains.get_or_set_hash", ["app:key"]), first);
  });
});
