import assert from "node:assert/strict";
import { test } from "node:test";
import { LoaderError } from "../../../src/errors.ts";
import { argspecOf, docReport, docText, selectFunctions } from "../../../src/loader/docs.ts";
import { createRegistry, missingFunction } from "../../../src/loader/registry.ts";
import { type ExecutionModule, fn } from "../../../src/loader/types.ts";
import { executionModules } from "../../../src/plugins/modules/mod.ts";
import { testOpts } from "../../support/exec_context.ts";

const ping = fn({ doc: "Pings.", args: {}, example: "salt '*' a.ping", run: () => true });

function module(name: string, more: Partial<ExecutionModule> = {}): ExecutionModule {
  return { name, doc: "A module.", functions: { ping }, ...more };
}

function build(modules: ExecutionModule[], overrides: Record<string, unknown> = {}) {
  return createRegistry(modules, { opts: testOpts(overrides), grains: {} });
}

test("createRegistry() lists names sorted, aliases too", async () => {
  const registry = await build([
    module("b", { aliases: { also: "ping" } }),
    module("a"),
  ]);
  assert.deepEqual(registry.moduleNames(), ["a", "b"]);
  assert.deepEqual(registry.functionNames(), ["a.ping", "b.also", "b.ping"]);
  assert.equal(registry.lookup("b.also")?.fn, ping);
  assert.equal(registry.lookup("c.ping"), undefined);
});

test("createRegistry() refuses descriptors that are not whole", async () => {
  const broken: [ExecutionModule[], RegExp][] = [
    [[module("a"), module("a")], /"a": the name is taken/],
    [[module("x", { virtualname: "a" }), module("a")], /name "a" is taken by "x"/],
    [[module("a", { doc: " " })], /"a": it has no doc/],
    [[module("then")], /"then": the name is not allowed/],
    [[module("a", { functions: { "no-name": ping } })], /"no-name": the name is not allowed/],
    [[module("a", { functions: { f: { ...ping, doc: "" } } })], /"a.f": it has no doc/],
    [[module("a", { aliases: { ping: "ping" } })], /a function has the name/],
    [[module("a", { aliases: { x: "none" } })], /there is no function "none"/],
    [
      [module("a", {
        functions: {
          f: {
            ...ping,
            args: { a: { type: "any", doc: "" }, b: { type: "any", doc: "", required: true } },
          },
        },
      })],
      /"b" is required after optional "a"/,
    ],
  ];
  for (const [modules, message] of broken) {
    await assert.rejects(
      build(modules),
      (error) => error instanceof LoaderError && message.test(error.message),
    );
  }
});

test("createRegistry() leaves out what a machine or its options do not want, and knows why", async () => {
  const modules = [
    module("a"),
    module("b", { virtual: () => "no b here" }),
    module("c", { virtual: () => Promise.reject(new Error("broken")) }),
    module("d"),
  ];
  const registry = await build(modules, { disable_modules: ["d"] });
  assert.deepEqual(registry.moduleNames(), ["a"]);
  assert.equal(registry.unavailable("b"), "no b here");
  assert.equal(registry.unavailable("c"), "its check failed: broken");
  assert.equal(missingFunction(registry, "d.ping"), "'d.ping' is not available.");
  assert.equal(missingFunction(registry, "b.ping"), "'b' __virtual__ returned False: no b here");
  assert.equal(missingFunction(registry, "a.x"), "'a.x' is not available.");
});

test("createRegistry() takes disable_modules as names of files, and as those that are called", async () => {
  const files = [
    module("cmdmod", { virtualname: "cmd" }),
    module("aptpkg", { virtualname: "pkg" }),
  ];
  for (const name of ["cmdmod", "cmd"]) {
    assert.deepEqual((await build(files, { disable_modules: [name] })).moduleNames(), ["pkg"]);
  }
});

test("createRegistry() offers what whitelist_modules names, to functions all", async () => {
  const files = [
    module("a"),
    module("aptpkg", { virtualname: "pkg" }),
    module("b", { virtual: () => "no b here" }),
  ];
  const registry = await build(files, { whitelist_modules: ["pkg"] });
  assert.deepEqual(registry.moduleNames(), ["pkg"]);
  assert.deepEqual(registry.functionNames(), ["pkg.ping"]);
  assert.equal(registry.lookup("a.ping"), undefined);
  assert.equal(registry.within("a.ping")?.name, "a.ping");
  assert.equal(missingFunction(registry, "a.ping"), "'a.ping' is not available.");
  assert.equal(missingFunction(registry, "b.ping"), "'b.ping' is not available.");
  assert.deepEqual(registry.unavailableNames(), []);
});

test("createRegistry() lets the first of several files serve a virtual name, or the one of providers", async () => {
  const always = () => true as const;
  const files = [
    module("aptpkg", { virtualname: "pkg", virtual: always }),
    module("yumpkg", { virtualname: "pkg", virtual: always }),
  ];
  assert.equal((await build(files)).lookup("pkg.ping")?.module.name, "aptpkg");
  const other = await build(files, { providers: { pkg: "yumpkg" } });
  assert.equal(other.lookup("pkg.ping")?.module.name, "yumpkg");
});

test("createRegistry() puts functions of providers beside those that are there, whatever the machine", async () => {
  const echo = fn({ doc: "Echoes.", args: {}, run: () => "yum" });
  const files = [
    module("aptpkg", { virtualname: "pkg" }),
    module("yumpkg", { virtual: () => "no yum here", functions: { echo } }),
  ];
  const registry = await build(files, {
    providers: { pkg: "yumpkg", more: "yumpkg", other: "nosuch" },
    disable_modules: ["yumpkg"],
  });
  assert.deepEqual(registry.functionNames(), ["more.echo", "pkg.echo", "pkg.ping"]);
  assert.deepEqual(registry.moduleNames(), ["more", "pkg"]);
});

test("docText() has the shape of a docstring", () => {
  const echo = fn({
    doc: "Echoes.",
    args: { text: { type: "any", required: true, doc: "What." } },
    example: "salt '*' a.echo x\nsalt '*' a.echo y",
    run: () => null,
  });
  assert.equal(
    docText(echo),
    "\n    Echoes.\n\n    text\n        What.\n\n    CLI Examples:\n\n" +
      "        salt '*' a.echo x\n        salt '*' a.echo y\n    ",
  );
});

test("argspecOf() has the shape of sys.argspec", () => {
  const f = fn({
    doc: "F.",
    args: {
      a: { type: "any", required: true, doc: "" },
      b: { type: "any", default: 1, doc: "" },
      args: { type: "list", variadic: true, doc: "" },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    run: () => null,
  });
  assert.deepEqual(argspecOf(f), { args: ["a", "b"], defaults: [1], varargs: true, kwargs: true });
  assert.deepEqual(argspecOf(ping), { args: null, defaults: null, varargs: null, kwargs: null });
});

test("selectFunctions() takes modules, functions and globs", async () => {
  const registry = await build([module("sys"), module("sysctl")]);
  assert.deepEqual(selectFunctions(registry, "sys"), ["sys.ping"]);
  assert.deepEqual(selectFunctions(registry, "sys*"), ["sys.ping", "sysctl.ping"]);
  assert.deepEqual(selectFunctions(registry, "sysctl.ping"), ["sysctl.ping"]);
  assert.equal(Object.keys(docReport(registry)).length, 2);
});

test("every built-in function has an example", () => {
  const without = executionModules.flatMap((item) =>
    Object.entries(item.functions).filter(([, f]) => !f.example).map(([name]) =>
      `${item.name}.${name}`
    )
  );
  assert.deepEqual(without, []);
});
