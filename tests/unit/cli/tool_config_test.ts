import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { salt } from "../../../src/cli/definitions/salt.ts";
import { parseArgs } from "../../../src/cli/parse_args.ts";
import { effectiveOption, loadToolConfig } from "../../../src/cli/tool_config.ts";
import { FakeIo } from "../../support/fake_io.ts";

async function load(config: string, ...words: string[]) {
  const dir = mkdtempSync(join(tmpdir(), "saltx-config-"));
  try {
    writeFileSync(join(dir, "master"), `root_dir: ${dir}\n${config}`);
    const io = new FakeIo();
    const parsed = await parseArgs(salt, ["-c", dir, ...words]);
    const call = { ...parsed, tool: salt, program: "salt", io };
    const opts = loadToolConfig(call);
    return { opts, effective: (dest: string) => effectiveOption(call, opts, dest) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("loadToolConfig() lets given options win over the file, and not their defaults", async () => {
  const file = "timeout: 33\nstate_output: terse\nstate_verbose: true\n";
  const plain = await load(file);
  assert.deepEqual([plain.opts.timeout, plain.opts.state_output], [33, "terse"]);
  const given = await load(file, "-t", "7", "--state-output", "mixed", "--state-verbose", "False");
  const { timeout, state_output, state_verbose } = given.opts;
  assert.deepEqual([timeout, state_output, state_verbose], [7, "mixed", false]);
});

test("loadToolConfig() does not take options that mean something else there", async () => {
  const { opts } = await load("", "--return", "redis", "-s", "--metadata", "{a: 1}", "-L");
  assert.equal(opts["return"], undefined);
  assert.equal(opts["static"], undefined);
  assert.equal(opts["metadata"], undefined);
});

test("loadToolConfig() says what --state-verbose wants", async () => {
  await assert.rejects(load("", "--state-verbose", "maybe"), /True or False, not 'maybe'/);
});

test("effectiveOption() takes the command line, then the file, then the default", async () => {
  assert.equal((await load("batch_safe_limit: 9\n")).effective("batch_safe_limit"), 9);
  const given = await load("batch_safe_limit: 9\n", "--batch-safe-limit", "4");
  assert.equal(given.effective("batch_safe_limit"), 4);
  assert.equal((await load("")).effective("batch_wait"), 0);
});
