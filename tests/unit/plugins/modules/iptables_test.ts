import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bindArguments } from "../../../../src/loader/bind.ts";
import { setJobVariable } from "../../../../src/loader/environment.ts";
import { iptablesModule } from "../../../../src/plugins/modules/iptables/mod.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { readCases, revive } from "../../../support/cases.ts";
import { testContext } from "../../../support/exec_context.ts";

interface Case {
  call: [fun: string, args?: Data[], kwargs?: DataMap];
  return: Data;
}

const { cases } = readCases<{ cases: Case[] }>("iptables.json");

/** Calls a function, also where the host has no iptables. */
async function callWith(
  ctx: Awaited<ReturnType<typeof testContext>>,
  [fun, args = [], kwargs = {}]: Case["call"],
) {
  const descriptor = iptablesModule.functions[fun.split(".")[1]!]!;
  return await descriptor.run(ctx, bindArguments(fun, descriptor, args, kwargs));
}

test(`iptables returns what Salt does for ${cases.length} calls`, async (t) => {
  const ctx = await testContext();
  for (const one of cases) {
    await t.test(JSON.stringify(one.call), async () => {
      const value = await callWith(ctx, one.call);
      assert.deepEqual(JSON.parse(JSON.stringify(value)), revive(one.return));
    });
  }
});

test("iptables hands rules over word by word, and refuses chains that look like options", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-iptables-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "iptables");
  writeFileSync(
    program,
    `#!/bin/sh\nfor word; do printf '[%s]' "$word"; done >> ${folder}/calls\n` +
      `echo >> ${folder}/calls\ncase "$*" in *' -C '*) exit 1;; esac\n`,
  );
  chmodSync(program, 0o755);
  const ctx = await testContext();
  setJobVariable(ctx, "PATH", `${folder}:${process.env["PATH"]}`);
  const rule = '-m comment --comment "$(id); x" -j ACCEPT';
  assert.equal(await callWith(ctx, ["iptables.append", ["filter", "INPUT", rule]]), true);
  assert.equal(
    readFileSync(join(folder, "calls"), "utf8"),
    ["C", "A"].map((option) =>
      `[--wait][-t][filter][-${option}][INPUT][-m][comment][--comment][$(id); x][-j][ACCEPT]\n`
    ).join(""),
  );
  await assert.rejects(
    callWith(ctx, ["iptables.new_chain", ["filter", "-F"]]),
    /cannot be a chain/,
  );
  assert.equal(await callWith(ctx, ["iptables.new_chain", ["filter", "X"]]), true);
});
