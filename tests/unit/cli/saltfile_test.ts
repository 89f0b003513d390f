import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { salt } from "../../../src/cli/definitions/salt.ts";
import { parseArgs } from "../../../src/cli/parse_args.ts";
import { withSaltfile } from "../../../src/cli/saltfile.ts";

async function read(text: string | null, words: string[], extra: Record<string, string> = {}) {
  const home = mkdtempSync(join(tmpdir(), "saltx-saltfile-"));
  try {
    mkdirSync(join(home, ".salt"));
    if (text !== null) writeFileSync(join(home, ".salt", "Saltfile"), text);
    const env = { HOME: home, ...extra };
    return await withSaltfile(await parseArgs(salt, words, { env }), salt, env);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const TEXT = "salt:\n  timeout: 60\n  output: json\n  verbose: yes\nsalt-key:\n  output: yaml\n";

test("withSaltfile() takes the tool's options, which count as given", async () => {
  const { values, explicit } = await read(TEXT, ["*", "test.ping"]);
  assert.deepEqual([values["timeout"], values["output"], values["verbose"]], [60, "json", true]);
  assert.ok(explicit.has("timeout"));
});

test("withSaltfile() lets options of the command line win", async () => {
  const { values } = await read(TEXT, ["-t", "3"]);
  assert.deepEqual([values["timeout"], values["output"]], [3, "json"]);
});

test("withSaltfile() changes nothing where there is no file or nothing for the tool", async () => {
  for (const text of [null, "", "salt-key: {output: yaml}\n", "- a list\n"]) {
    assert.equal((await read(text, [])).explicit.size, 0);
  }
});

test("withSaltfile() names a file that does not exist or is no YAML", async () => {
  await assert.rejects(read(null, ["--saltfile", "/nonexistent/Saltfile"]), {
    name: "UsageError",
    message: "'/nonexistent/Saltfile' file does not exist.",
  });
  await assert.rejects(read("salt: [", []), /Saltfile", line/);
});
