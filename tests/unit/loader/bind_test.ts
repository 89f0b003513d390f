import assert from "node:assert/strict";
import { test } from "node:test";
import { bindArguments, InvalidArguments, loadArguments } from "../../../src/loader/bind.ts";
import { fn } from "../../../src/loader/types.ts";
import { Float } from "../../../src/types/mod.ts";

const doc = "x";
const none = fn({ doc, args: {}, run: () => null });
const one = fn({ doc, args: { a: { type: "any", required: true, doc } }, run: () => null });
const some = fn({
  doc,
  args: {
    a: { type: "any", required: true, doc },
    b: { type: "string", doc },
    c: { type: "int", default: 3, doc },
  },
  run: () => null,
});
const three = fn({
  doc,
  args: {
    a: { type: "any", required: true, doc },
    b: { type: "any", required: true, doc },
    c: { type: "any", required: true, doc },
  },
  run: () => null,
});
const open = fn({
  doc,
  args: {
    a: { type: "any", doc },
    args: { type: "list", variadic: true, doc },
    kwargs: { type: "map", keywords: true, doc },
  },
  run: () => null,
});

test("bindArguments() gives positional, keyword and default values by name", () => {
  assert.deepEqual(bindArguments("m.f", some, [1, "x"]), { a: 1, b: "x", c: 3 });
  assert.deepEqual(bindArguments("m.f", some, [1], { c: 5 }), { a: 1, b: null, c: 5 });
  assert.deepEqual(bindArguments("m.f", open, [1, 2, 3], { x: 4 }), {
    a: 1,
    args: [2, 3],
    kwargs: { x: 4 },
  });
  assert.deepEqual(bindArguments("m.f", open, []), { a: null, args: [], kwargs: {} });
});

test("bindArguments() refuses in CPython's words", () => {
  const refusals: [() => unknown, string][] = [
    [
      () => bindArguments("test.ping", none, [1]),
      "ping() takes 0 positional arguments but 1 was given",
    ],
    [
      () => bindArguments("test.ping", none, [1, 2]),
      "ping() takes 0 positional arguments but 2 were given",
    ],
    [() => bindArguments("m.f", one, [1, 2]), "f() takes 1 positional argument but 2 were given"],
    [
      () => bindArguments("m.f", some, [1, 2, 3, 4]),
      "f() takes from 1 to 3 positional arguments but 4 were given",
    ],
    [() => bindArguments("m.f", one, []), "f() missing 1 required positional argument: 'a'"],
    [
      () => bindArguments("m.f", three, [1]),
      "f() missing 2 required positional arguments: 'b' and 'c'",
    ],
    [
      () => bindArguments("m.f", three, []),
      "f() missing 3 required positional arguments: 'a', 'b', and 'c'",
    ],
    [() => bindArguments("m.f", one, [1], { z: 1 }), "f() got an unexpected keyword argument 'z'"],
    [() => bindArguments("m.f", one, [1], { a: 1 }), "f() got multiple values for argument 'a'"],
  ];
  for (const [call, message] of refusals) {
    assert.throws(call, (error) => error instanceof InvalidArguments && error.message === message);
  }
});

test("bindArguments() is lenient about types where Python is", () => {
  const typed = fn({
    doc,
    args: {
      s: { type: "string", doc },
      i: { type: "int", doc },
      f: { type: "float", doc },
      b: { type: "bool", default: false, doc },
      l: { type: "list", doc },
      m: { type: "map", doc },
    },
    run: () => null,
  });
  const bound = bindArguments("m.f", typed, [5, "7", "1.5", "no", [1], { a: 1 }]);
  assert.deepEqual(bound, { s: "5", i: 7, f: 1.5, b: true, l: [1], m: { a: 1 } });
  assert.equal(bindArguments("m.f", typed, [new Float(1)])["s"], "1.0");
  assert.equal(bindArguments("m.f", typed, [true])["s"], "True");
  for (const kwargs of [{ i: "x" }, { l: "a" }, { m: [1] }, { s: [1] }]) {
    assert.throws(() => bindArguments("m.f", typed, [], kwargs), InvalidArguments);
  }
});

test("loadArguments() splits keyword arguments off, also out of text", () => {
  assert.deepEqual(loadArguments(some, ["x", "b=5", { __kwarg__: true, c: 1 }]), {
    args: ["x"],
    kwargs: { b: 5, c: 1 },
  });
  assert.deepEqual(loadArguments(some, ["ls a=b", "x==y"]).args, ["ls a=b", "x==y"]);
});

test("loadArguments() names keyword arguments that a function does not have", () => {
  assert.throws(
    () => loadArguments(none, ["a=1", { __kwarg__: true, b: [true] }]),
    /The following keyword arguments are not valid: a=1, b=\[True\]/,
  );
});

test("loadArguments() passes the publication to functions that take any keyword", () => {
  const given = loadArguments(open, [1], { jid: "20260101000000000000", fun: "m.f" });
  assert.deepEqual(given.kwargs, { __pub_jid: "20260101000000000000", __pub_fun: "m.f" });
  assert.deepEqual(loadArguments(some, [1], { jid: "x" }).kwargs, {});
});
