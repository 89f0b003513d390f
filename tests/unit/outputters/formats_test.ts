import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOutput } from "../../../src/plugins/outputters/mod.ts";
import { readCases, revive } from "../../support/cases.ts";
import { isMap } from "../../../src/plugins/outputters/types.ts";

interface Case {
  name: string;
  out: string;
  data: string;
  opts?: unknown;
  call?: { _retcode?: number; nested_indent?: number };
  expected?: string | null;
  raises?: string;
  ours?: string;
}

interface Table {
  data: Record<string, unknown>;
  cases: Case[];
}

/** What salt.config gives when nothing is configured, as far as outputters look at it. */
const DEFAULTS = { color: false, state_output: "full", state_verbose: true };

for (const file of ["plain", "options", "table", "highstate"]) {
  const { data, cases } = readCases<Table>(`outputters/${file}.json`);
  for (const { name, out, data: key, opts, call, expected, raises } of cases) {
    const promise = raises ? "shows data that Salt cannot" : "prints what Salt prints";
    test(`formatOutput() ${promise}: ${name}`, () => {
      const options = revive(opts ?? {});
      const text = formatOutput(
        revive(data[key]),
        out,
        { ...DEFAULTS, state_output_profile: true, ...(isMap(options) ? options : {}) },
        {
          ...(call?._retcode === undefined ? {} : { retcode: call._retcode }),
          ...(call?.nested_indent === undefined ? {} : { nestedIndent: call.nested_indent }),
        },
      );
      if (raises) assert.notEqual(text, "");
      else assert.equal(text, expected ?? "");
    });
  }
}
