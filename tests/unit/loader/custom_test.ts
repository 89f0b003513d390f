import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { createContext } from "../../../src/loader/context.ts";
import { customModules } from "../../../src/loader/custom/execution.ts";
import { customFiles } from "../../../src/loader/custom/files.ts";
import { customGrains } from "../../../src/loader/custom/grains.ts";
import { customHost, lineOf } from "../../../src/loader/custom/host.ts";
import { customReturner } from "../../../src/loader/custom/returners.ts";
import { argspecOf, docText } from "../../../src/loader/docs.ts";
import { createRegistry } from "../../../src/loader/registry.ts";
import { ReturnerUnavailable } from "../../../src/loader/returner_types.ts";
import { executionModules } from "../../../src/plugins/modules/mod.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import { testOpts } from "../../support/exec_context.ts";

/** Options with files of users below `extension_modules`. */
function withFiles(t: TestContext, files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), "custom-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  t.after(async () => {
    await customHost.close();
    rmSync(root, { recursive: true });
  });
  return { root, opts: testOpts({ extension_modules: root }) };
}

const hello = `
import { greet } from "./_words.ts";
type Name = { name: string };
export default {
  doc: "Greets.",
  functions: {
    world: {
      doc: "Greets somebody.",
      args: { name: { type: "string", default: "world", doc: "Whom." } },
      example: "salt '*' hello.world",
      run: (ctx: { id: string }, { name }: Name): string => greet(ctx.id, name),
    },
    sum: {
      doc: "Adds.",
      args: { numbers: { type: "any", variadic: true, doc: "" } },
      run: (_ctx: unknown, { numbers }: { numbers: number[] }) =>
        numbers.reduce((sum: number, one: number) => sum + one, 0),
    },
    ask: {
      args: {},
      async run(ctx) {
        ctx.context.retcode = 7;
        return { echo: await ctx.salt("test.echo", ["x"]), os: ctx.grains.os, at: undefined };
      },
    },
    fail: { args: {}, run: (ctx) => ctx.fail("no luck") },
    spin: { args: {}, run: () => { while (true); } },
  },
  aliases: { hi: "world" },
};
`;

const words = `export const greet = (id: string, name: string) => id + " greets " + name;\n`;

async function registryOf(opts: ReturnType<typeof testOpts>) {
  const context = { opts, grains: { os: "Debian" } };
  return await createRegistry(executionModules, context, await customModules(context));
}

test("a module of a user is loaded, described and called", async (t) => {
  const { opts } = withFiles(t, { "modules/hello.ts": hello, "modules/_words.ts": words });
  const registry = await registryOf(opts);
  const ctx = createContext({ opts, grains: { os: "Debian" }, registry });
  assert.equal(await ctx.salt("hello.world"), "tester greets world");
  assert.equal(await ctx.salt("hello.hi", ["you"]), "tester greets you");
  assert.equal(await ctx.salt("hello.sum", [1, 2, 3.5]), 6.5);
  assert.deepEqual(await ctx.salt("hello.ask"), { echo: "x", os: "Debian" });
  assert.equal(ctx.context.retcode, 7);
  await assert.rejects(ctx.salt("hello.fail"), {
    name: "CommandExecutionError",
    message: "no luck",
  });
  const { fn } = registry.lookup("hello.world")!;
  assert.match(docText(fn), /Greets somebody[^]*Whom[^]*CLI Example/);
  assert.deepEqual(argspecOf(fn), {
    args: ["name"],
    defaults: ["world"],
    varargs: null,
    kwargs: null,
  });
});

test("a function of a user that never stops computing ends with its job", async (t) => {
  const { opts } = withFiles(t, { "modules/hello.ts": hello, "modules/_words.ts": words });
  const job = new AbortController();
  const registry = await registryOf(opts);
  const ctx = createContext({ opts, grains: {}, registry, signal: job.signal });
  const spinning = ctx.salt("hello.spin");
  assert.equal(
    await createContext({ opts, grains: {}, registry }).salt("hello.hi"),
    "tester greets world",
  );
  job.abort(new Error("killed"));
  await assert.rejects(spinning, /killed/);
});

test("modules that are broken are told of with file and line, and hold nothing up", async (t) => {
  const { root, opts } = withFiles(t, {
    "modules/good.ts": "export default { functions: { one: { run: () => 1 } } };",
    "modules/syntax.ts": "export default {\n  doc: 'x',\n  functions: { = }\n};",
    "modules/throws.js": "const a = 1;\nthrow new Error('at load');\nexport default {};",
    "modules/nothing.ts": "export const a: number = 1;",
    "modules/args.ts":
      "export default { functions: { f: { args: { a: { type: 'text' } }, run: () => 1 } } };",
    "modules/no.ts": "export default { virtual: () => 'no such hardware', functions: {} };",
    "modules/test.ts": "syntax error here",
  });
  const registry = await registryOf(opts);
  assert.ok(registry.lookup("good.one"));
  assert.ok(registry.lookup("test.ping"), "the built-in one stays");
  assert.match(registry.unavailable("syntax")!, new RegExp(`^${root}/modules/syntax.ts, line 3: `));
  assert.match(registry.unavailable("throws")!, /throws\.js, line 2: at load/);
  assert.match(registry.unavailable("nothing")!, /nothing\.ts has no default export/);
  assert.match(registry.unavailable("args")!, /argument "a" of "f" has the type "text"/);
  assert.equal(registry.unavailable("no"), "no such hardware");
});

test("a file that hangs while it loads is given up", async (t) => {
  const { opts } = withFiles(t, { "modules/hangs.ts": "while (true);\nexport default {};" });
  const [file] = customFiles(opts, "modules");
  await assert.rejects(
    customHost.describe(file!, { opts, grains: {} }, 500),
    /hangs\.ts does not come to an end within 0.5 s/,
  );
});

test("a module of a user takes the place of the built-in one of its name", async (t) => {
  const { opts } = withFiles(t, {
    "modules/test.ts": "export default { functions: { ping: { run: () => 'mine' } } };",
    "modules/apt.ts":
      "export default { virtualname: 'pkg', functions: { version: { run: () => '1' } } };",
  });
  const registry = await registryOf(opts);
  const ctx = createContext({ opts, grains: {}, registry });
  assert.equal(await ctx.salt("test.ping"), "mine");
  assert.equal(registry.lookup("test.echo"), undefined);
  assert.equal(await ctx.salt("pkg.version"), "1");
  assert.equal(registry.lookup("pkg.install"), undefined);
});

test("a file that changes is loaded anew, helpers of it too", async (t) => {
  const { root, opts } = withFiles(t, { "modules/hello.ts": hello, "modules/_words.ts": words });
  const call = async () =>
    await createContext({ opts, grains: {}, registry: await registryOf(opts) }).salt("hello.world");
  assert.equal(await call(), "tester greets world");
  writeFileSync(join(root, "modules/_words.ts"), words.replace("greets", "hails"));
  assert.equal(await call(), "tester hails world");
});

test("grains of users are put together; a broken file is left out", async (t) => {
  const { opts } = withFiles(t, {
    "grains/a.ts": "export default () => ({ rack: 'r1', unit: 4 });",
    "grains/b.js":
      "export default { grains: ({ grains }) => ({ both: grains.rack + grains.os }) };",
    "grains/c.ts": "export default () => { throw new Error('no sensor'); };",
    "grains/d.ts": "export default () => 'text';",
  });
  const grains = await customGrains(opts, { os: "Debian" });
  assert.deepEqual(grains, { rack: "r1", unit: 4, both: "r1Debian" });
});

test("a returner of a user has the functions that it exports", async (t) => {
  const { root, opts } = withFiles(t, {
    "returners/mine.ts": `
      import { appendFileSync, readFileSync } from "node:fs";
      export default {
        doc: "To a file.",
        async returner(ctx, ret) {
          appendFileSync(await ctx.option("mine.path"), ret.id + "\\n");
        },
        get_minions: async (ctx) =>
          readFileSync(await ctx.option("mine.path"), "utf8").trim().split("\\n"),
        get_load: (ctx) => ctx.unavailable("away"),
      };`,
  });
  const returner = await customReturner(opts, "mine");
  const option = (name: string) => name === "mine.path" ? join(root, "out") : undefined;
  const made = returner!.open({ opts: opts as unknown as DataMap, option } as never);
  await made.returner!([{ id: "a" }, { id: "b" }], { again: false });
  assert.deepEqual(await made.get_minions!(), ["a", "b"]);
  await assert.rejects(made.get_load!("1"), ReturnerUnavailable);
  assert.equal(made.event_return, undefined);
  assert.equal(await customReturner(opts, "other"), undefined);
});

test("lineOf() finds the line in what both runtimes say", () => {
  const path = "/tmp/a b/x.ts";
  assert.equal(lineOf(path, "/tmp/a b/x.ts:3\n\ncode"), 3);
  assert.equal(lineOf(path, "at file:///tmp/a%20b/x.ts?v=1:12:4"), 12);
  assert.equal(lineOf(path, "nothing"), undefined);
});
