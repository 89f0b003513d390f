import assert from "node:assert/strict";
import { test } from "node:test";
import { findRole } from "../../../src/cli/definitions/mod.ts";
import { optionsOf } from "../../../src/cli/parse_args.ts";
import { readCases } from "../../support/cases.ts";

/** Options that the help of Salt 3006.30's programs names. */
const known = readCases<Record<string, string[]>>("cli_options.json");

/** Salt's own profiler; saltx has none. */
const LEFT_OUT = new Set(["--enable-profiling", "--profiling-path"]);

for (const [program, flags] of Object.entries(known)) {
  test(`${program} has every option that Salt's has`, async () => {
    const tool = await findRole(program)?.define();
    assert.ok(tool);
    const ours = new Set(optionsOf(tool).flatMap((option) => option.flags));
    assert.deepEqual(flags.filter((flag) => !ours.has(flag) && !LEFT_OUT.has(flag)), []);
  });
}
