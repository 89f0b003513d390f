import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveTarget } from "../../../src/client/mod.ts";

const nodegroups = {
  web: "web* and G@os:Debian",
  listed: ["w1", "w2"],
  words: "w1 w2",
  expression: ["w[12]"],
  both: "N@web or N@listed",
  deep: ["N@both", "and", "not", "w2"],
  loop: "N@pool or x",
  pool: "N@loop",
};

function group(name: string): unknown {
  return resolveTarget({ tgt: name, tgt_type: "nodegroup" }, nodegroups).tgt;
}

test("resolveTarget() turns nodegroups into compound targets", () => {
  assert.equal(group("web"), "web* and G@os:Debian");
  assert.equal(group("listed"), "L@w1,w2");
  assert.equal(group("words"), "L@w1,w2");
  assert.equal(group("expression"), "E@w[12]");
  assert.equal(group("both"), "( ( web* and G@os:Debian ) or L@w1,w2 )");
  assert.equal(group("deep"), "( ( ( web* and G@os:Debian ) or L@w1,w2 ) and not w2 )");
});

test("resolveTarget() replaces N@ within compound targets and keeps the delimiter", () => {
  const target = { tgt: "G@a|b and N@listed", tgt_type: "compound", delimiter: "|" } as const;
  assert.deepEqual(resolveTarget(target, nodegroups), { ...target, tgt: "G@a|b and ( L@w1,w2 )" });
});

test("resolveTarget() leaves other targets alone", () => {
  const target = { tgt: "N@web", tgt_type: "glob" } as const;
  assert.deepEqual(resolveTarget(target, nodegroups), target);
});

test("resolveTarget() says which group is not there or contains itself", () => {
  assert.throws(() => group("nothere"), /node group "nothere"/);
  assert.throws(() => group("loop"), /loop → pool → loop/);
});
