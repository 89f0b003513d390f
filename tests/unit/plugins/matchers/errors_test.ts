import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltInvocationError } from "../../../../src/errors.ts";
import { compileTarget, matches } from "../../../../src/plugins/matchers/mod.ts";
import type { TgtType } from "../../../../src/types/mod.ts";

const facts = { id: "a", grains: { os: "Debian" }, pillar: { role: "web", secret: "x" } };

test("compileTarget() says what is wrong with a target", () => {
  const wrong: [TgtType, string, RegExp][] = [
    ["range", "%web", /range targets need a range server/],
    ["pcre", "web[", /Invalid regular expression "web\[": unterminated character set/],
    ["grain_pcre", "os:(", /Invalid regular expression/],
    ["grain", "os", /needs the form "key:value"/],
    ["ipcidr", "10.0.0.1/8", /without host bits/],
    ["compound", "a or", /ends where a pattern should be/],
    ["compound", "( a", /"\)" is missing/],
    ["compound", "a b", /"and" or "or" is missing before "b"/],
    ["compound", "a and or b", /"or" stands where a pattern should be/],
    ["compound", "N@none", /There is no node group "none"/],
    ["nodegroup", "loop", /Node group "loop" contains itself: loop → loop/],
    ["compound", "( ".repeat(400), /nested too deeply/],
    ["nosuch" as TgtType, "a", /target of type "nosuch"/],
  ];
  for (const [tgt_type, tgt, message] of wrong) {
    assert.throws(
      () => compileTarget({ tgt, tgt_type }, { nodegroups: { loop: "N@loop or x" } }),
      (error) => error instanceof SaltInvocationError && message.test(error.message),
      `${tgt_type} ${tgt}`,
    );
  }
});

test("compileTarget() bounds what node groups expand to", () => {
  const nodegroups: Record<string, string> = { g0: "a*" };
  for (let i = 1; i < 30; i++) nodegroups[`g${i}`] = `N@g${i - 1} or N@g${i - 1}`;
  assert.throws(
    () => matches({ tgt: "g29", tgt_type: "nodegroup" }, facts, { nodegroups }),
    /too many words/,
  );
});

test("pillarExact keeps globs and patterns out of the pillar, also in compound targets", () => {
  const ask = (tgt_type: TgtType, tgt: string) =>
    matches({ tgt, tgt_type }, facts, { pillarExact: true });
  assert.equal(ask("pillar", "secret:x"), true);
  assert.equal(ask("pillar", "secret:*"), false);
  assert.equal(ask("compound", "I@secret:* or J@secret:."), false);
  assert.equal(ask("compound", "I@secret:x and G@os:Deb*"), true);
});

test("matches() means nobody by data that is not known", () => {
  const ask = (tgt_type: TgtType, tgt: string) => matches({ tgt, tgt_type }, { id: "a" });
  assert.equal(ask("grain", "os:*"), false);
  assert.equal(ask("pillar", "role:*"), false);
  assert.equal(ask("ipcidr", "0.0.0.0/0"), false);
});
