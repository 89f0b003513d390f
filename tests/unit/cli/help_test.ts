import assert from "node:assert/strict";
import { test } from "node:test";
import { ROLES } from "../../../src/cli/definitions/mod.ts";
import { optionDoc, optionSynopsis, toolHelp, wrap } from "../../../src/cli/help.ts";
import { optionsOf } from "../../../src/cli/parse_args.ts";

test("wrap() breaks at spaces, and leaves long words whole", () => {
  assert.deepEqual(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
  assert.deepEqual(wrap("unbreakable", 3), ["unbreakable"]);
  assert.deepEqual(wrap("", 3), []);
});

test("optionSynopsis() and optionDoc() name value and default", () => {
  const option = {
    flags: ["-t", "--timeout"],
    dest: "timeout",
    kind: "int",
    default: 5,
    doc: "How long.",
  } as const;
  assert.equal(optionSynopsis(option), "-t TIMEOUT, --timeout=TIMEOUT");
  assert.equal(optionDoc(option), "How long. Default: 5.");
});

for (const role of ROLES) {
  test(`toolHelp() of ${role.role} names every option within the width`, async () => {
    const tool = await role.define();
    const help = toolHelp(tool, "saltx", 78);
    for (const option of optionsOf(tool)) {
      for (const flag of option.flags) assert.ok(help.includes(flag), flag);
    }
    const { groups, examples } = tool;
    for (const group of groups) assert.ok(help.includes(`${group.title}:`));
    const long = help.split("\n").filter((line) => line.length > 78 && !/^ +-/.test(line));
    assert.deepEqual(long.filter((line) => !examples.some((one) => line.includes(one))), []);
  });
}
