import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { modulePages, stalePages } from "../../../scripts/gen_docs_modules.ts";
import {
  accepts,
  compareFile,
  signatureOf,
  unexplained,
  usedRows,
} from "../../../scripts/gen_docs_modules/compare.ts";
import { executionModule, fn } from "../../../src/loader/types.ts";

test("the reference of modules is what the descriptors say, and every gap has a reason", () => {
  assert.deepEqual(stalePages(modulePages()), [], "run deno run -A scripts/gen_docs_modules.ts");
});

test("the reference does not depend on the environment of whoever writes it", () => {
  const script = fileURLToPath(new URL("../../../scripts/gen_docs_modules.ts", import.meta.url));
  const argv = [..."Deno" in globalThis ? ["run", "-A"] : [], script, "--check"];
  const env = { ...process.env, SHELL: "/bin/none", TZ: "Asia/Tokyo" };
  execFileSync(process.execPath, argv, { env, timeout: 60_000 });
});

test("stalePages() names pages that are missing, changed or too many", () => {
  const pages = modulePages();
  const path = "docs/ref/modules/mod_random.md";
  const { [path]: kept, ...others } = pages;
  assert.deepEqual(stalePages({ ...pages, [path]: `${kept} ` }), [path]);
  assert.deepEqual(stalePages({ ...pages, "docs/ref/modules/new.md": "" }), [
    "docs/ref/modules/new.md",
  ]);
  assert.deepEqual(stalePages(others), [path]);
});

test("accepts() wants the same order, names and defaults", () => {
  assert.ok(accepts("a, b=1", "a, b=1"));
  assert.ok(accepts("a, b=1.0", "a, b=1"));
  assert.ok(accepts("a, b=...", "a, b='x'"));
  assert.ok(accepts("a, b=1", "a, b=1, c=2"));
  assert.ok(accepts("a=[1, 2], b='x,y'", "a=[1, 2], b='x,y'"));
  assert.ok(!accepts("a, b=1", "a, b=2"));
  assert.ok(!accepts("a, b=1", "b=1, a"));
  assert.ok(!accepts("a, b=1", "a"));
  assert.ok(!accepts("a", "a=None"));
});

test("accepts() lets **kwargs take what stands behind *args", () => {
  assert.ok(accepts("*args, deep=True", "*args, **kwargs"));
  assert.ok(accepts("*args, deep=True", "*args, deep=True"));
  assert.ok(!accepts("*args, deep=True", "*args"));
  assert.ok(!accepts("a, **kwargs", "a"));
});

const tool = executionModule({
  name: "tool",
  doc: "A tool.",
  functions: {
    same: fn({
      doc: "Same.",
      args: { a: { type: "int", required: true, doc: "" } },
      run: (_ctx, { a }) => a,
    }),
    more: fn({ doc: "More.", args: {}, run: () => null }),
    other: fn({
      doc: "Other.",
      args: {
        a: { type: "string", default: "x", doc: "" },
        rest: { type: "any", variadic: true, doc: "" },
        kwargs: { type: "map", keywords: true, doc: "" },
      },
      run: () => null,
    }),
  },
  aliases: { equal: "same" },
});

test("compareFile() gives each function its state", () => {
  const functions = { same: "a", other: "b", gone: "", equal: "a" };
  const salt = { version: "1", modules: { tool: { called: "tool", functions } } };
  const compared = compareFile("tool", salt, [tool])!;
  assert.deepEqual(compared.rows.map(({ name, state }) => [name, state]), [
    ["equal", "same"],
    ["gone", "not yet"],
    ["more", "only here"],
    ["other", "differs"],
    ["same", "same"],
  ]);
  assert.equal(signatureOf(tool.functions["other"]!), "a='x', *args, **kwargs");
  assert.deepEqual(unexplained(compared).map((line) => line.split(" ")[0]), [
    "tool.gone",
    "tool.other",
  ]);
});

test("compareFile() has no reason of its own for a file that is wholly missing", () => {
  const salt = { version: "1", modules: { tool: { called: "t", functions: { a: "" } } } };
  assert.deepEqual(compareFile("tool", salt, [])!.rows, [
    { name: "a", theirs: "", state: "not yet", why: "" },
  ]);
  assert.equal(compareFile("nosuch", salt, []), undefined);
});

test("usedRows() gives the state of what is used, and names what nobody has", () => {
  const salt = { version: "1", modules: { tool: { called: "tool", functions: { gone: "" } } } };
  const all = [compareFile("tool", salt, [tool])!];
  const rows = usedRows(["tool: more gone", "tool: present"], all, { "tool.present": "a state" });
  assert.deepEqual(rows.map(({ name, rows }) => [name, rows.map(({ row }) => row.state)]), [
    ["tool.more", ["only here"]],
    ["tool.gone", ["not yet"]],
    ["tool.present", []],
  ]);
  assert.throws(() => usedRows(["tool: more nosuch"], all, {}), /Nobody has tool\.nosuch/);
});
