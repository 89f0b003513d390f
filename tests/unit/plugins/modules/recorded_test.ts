/**
 * Execution functions against what real Salt returned for the same calls: the files of
 * `tests/cases/modules`, one for each module.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { messageOf } from "../../../../src/errors.ts";
import { pyEqual } from "../../../../src/text/py_equal.ts";
import { pyRepr } from "../../../../src/text/py_repr.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { readCases, revive } from "../../../support/cases.ts";
import { testContext } from "../../../support/exec_context.ts";

interface Case {
  call: [string, Data[]?, DataMap?];
  return?: Data;
  /** Class and text of the exception. */
  error?: [string, string];
}

interface Table {
  opts?: Record<string, unknown>;
  grains?: DataMap;
  pillar?: DataMap;
  cases: Case[];
}

/** Exceptions whose text is Salt's own; that of others is Python's and differs here. */
const saltErrors = new Set(["CommandExecutionError", "SaltException", "SaltInvocationError"]);

async function check(table: Table, { call, ...wanted }: Case): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "saltx-modules-"));
  try {
    const ctx = await testContext({
      opts: { root_dir: root, pki_dir: join(root, "pki"), ...table.opts },
      grains: revive(table.grains ?? {}) as DataMap,
      pillar: revive(table.pillar ?? {}) as DataMap,
    });
    const [fun, args = [], kwargs = {}] = call;
    const calling = () => ctx.salt(fun, revive(args) as Data[], revive(kwargs) as DataMap);
    if (wanted.error) {
      const [name, text] = wanted.error;
      await assert.rejects(calling, (error) => !saltErrors.has(name) || messageOf(error) === text);
      return;
    }
    const value = await calling();
    if (!pyEqual(value, revive(wanted.return ?? null))) assert.deepEqual(value, wanted.return);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const files = readdirSync(new URL("../../../cases/modules", import.meta.url))
  .filter((name) => name.endsWith(".json"));

for (const file of files) {
  const table = readCases<Table>(`modules/${file}`);
  test(`${file.replace(".json", "")} returns what Salt does for ${table.cases.length} calls`, async (t) => {
    for (const one of table.cases) {
      await t.test(pyRepr(one.call as Data).slice(0, 100), () => check(table, one));
    }
  });
}
