import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setJobVariable } from "../../../../src/loader/environment.ts";
import { debconfmod, parseSelections } from "../../../../src/plugins/modules/debconfmod.ts";
import { testContext } from "../../../support/exec_context.ts";

const captured = `# Default locale for the system environment:
# Choices: None, C.UTF-8, en_US.UTF-8
locales	locales/default_environment_locale	select	en_US.UTF-8
# Locales to be generated:
locales	locales/locales_to_be_generated	multiselect	en_US.UTF-8 UTF-8
tzdata	tzdata/Zones/Etc	select	UTC
dash	dash/sh	boolean	
`;

test("parseSelections() groups answers by package, empty ones too if wanted", () => {
  assert.deepEqual(parseSelections(captured), {
    locales: [
      ["locales/default_environment_locale", "select", "en_US.UTF-8"],
      ["locales/locales_to_be_generated", "multiselect", "en_US.UTF-8 UTF-8"],
    ],
    tzdata: [["tzdata/Zones/Etc", "select", "UTC"]],
    dash: [["dash/sh", "boolean", ""]],
  });
  assert.equal("dash" in parseSelections(captured, false), false);
});

test("debconf.set hands the answer over as it is, and refuses several lines", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-debconf-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "debconf-set-selections");
  writeFileSync(program, `#!/bin/sh\nexec cat > ${folder}/given\n`);
  chmodSync(program, 0o755);
  const ctx = await testContext();
  setJobVariable(ctx, "PATH", `${folder}:${process.env["PATH"]}`);
  const { run } = debconfmod.functions["set"]!;
  const words = { package: "p", question: "p/q", type: "string", value: "$(id)", extra: ["a b"] };
  assert.equal(await run(ctx, words), true);
  assert.equal(readFileSync(join(folder, "given"), "utf8"), "p p/q string $(id) a b\n");
  await assert.rejects(
    async () => await run(ctx, { ...words, value: "x\nother y z w" }),
    /line end/,
  );
});
