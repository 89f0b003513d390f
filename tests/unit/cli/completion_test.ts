import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { callTool } from "../../../src/cli/call_tool.ts";
import { completions } from "../../../src/cli/completion.ts";
import { SHELLS } from "../../../src/cli/definitions/completion.ts";
import { findRole, ROLES } from "../../../src/cli/definitions/mod.ts";
import { optionsOf } from "../../../src/cli/parse_args.ts";
import { FakeIo } from "../../support/fake_io.ts";

/** What bash offers for the words of a command line, the last of which is being typed. */
async function complete(...words: string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `${await completions("bash")}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
_saltx; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.split("\n").filter((word) => word !== "").sort();
}

test("completions of bash offer roles, options and their choices", async () => {
  assert.deepEqual(await complete("saltx", "m"), ["master", "minion"]);
  assert.deepEqual(await complete("saltx", "key", "--accept"), ["--accept", "--accept-all"]);
  assert.deepEqual(await complete("saltx", "salt-key", "--accept"), ["--accept", "--accept-all"]);
  assert.deepEqual(await complete("/usr/bin/salt-key", "--finger-"), ["--finger-all"]);
  assert.deepEqual(await complete("salt", "-l", "g"), ["garbage"]);
  assert.deepEqual(await complete("salt", "--log-level", "=", "qu"), ["quiet"]);
  assert.deepEqual(await complete("saltx", "completion", "f"), ["fish"]);
});

for (const shell of SHELLS) {
  test(`completions of ${shell} know every role and option`, async () => {
    const script = await completions(shell);
    for (const role of ROLES) {
      assert.ok(script.includes(role.role));
      for (const { flags } of optionsOf(await role.define())) {
        for (const flag of flags) {
          const name = shell === "fish"
            ? flag.replace(/^--/, "-l ").replace(/^-(?=\w$)/, "-s ")
            : flag;
          assert.ok(script.includes(name), `${role.role} ${flag}`);
        }
      }
    }
  });
}

test("saltx completion wants a shell that it knows", async () => {
  const role = findRole("completion");
  assert.ok(role);
  const io = new FakeIo();
  const code = await callTool(role, {
    program: "saltx completion",
    argv: ["bsah"],
    io,
    versionLine: "",
  });
  assert.equal(code, 64);
  assert.match(io.stderr, /Did you mean bash\?/);
});
