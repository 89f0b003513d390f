/** `saltx call` against what the real salt-call says and does: see tests/cases/call_cli_record.py. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../../src/cli/call.ts";
import { callTool } from "../../../src/cli/call_tool.ts";
import { findRole } from "../../../src/cli/definitions/mod.ts";

interface Outcome {
  stdout: string;
  stderr: string;
  code: number;
}

interface Case extends Outcome {
  name: string;
  args: string[];
  /** What is different here, and why. */
  ours?: Partial<Outcome> & { why: string };
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL("../../cases/call_cli.json", import.meta.url), "utf8"),
);

/** A configuration like the one that the recorded answers come from. */
function layOut() {
  const root = mkdtempSync(join(tmpdir(), "call_cli_"));
  mkdirSync(join(root, "etc"));
  mkdirSync(join(root, "pillar"));
  writeFileSync(
    join(root, "etc", "minion"),
    `root_dir: ${root}\nid: caller\nlog_level: critical\ncachedir: ${root}/cache\n` +
      `pki_dir: ${root}/pki\nlog_file: ${root}/log\n`,
  );
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

async function saltCall(root: string, args: string[]): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const code = await callTool(findRole("call")!, {
    program: "salt-call",
    argv: ["-c", join(root, "etc"), ...args.map((arg) => arg.replaceAll("{root}", root))],
    versionLine: "",
    io: {
      out: (text) => void (written.stdout += text),
      err: (text) => void (written.stderr += text),
      readLine: () => Promise.resolve(null),
      readLines: () => Promise.resolve([]),
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      stdinIsTerminal: false,
      columns: 80,
      env: {},
    },
  }, () => Promise.resolve(run));
  const shown = (text: string) =>
    text.replaceAll(root, "{root}").replaceAll(/\b\d{20}\b/g, "{jid}");
  return { stdout: shown(written.stdout), stderr: shown(written.stderr), code };
}

for (const { name, args, ours, stdout, stderr, code } of cases) {
  test(`salt-call ${name}: ${args.join(" ")}`, async () => {
    using place = layOut();
    const { why: _, ...different } = ours ?? { why: "" };
    assert.deepEqual(await saltCall(place.root, args), { stdout, stderr, code, ...different });
  });
}

test("salt-call without a function says what it needs", async () => {
  using place = layOut();
  const { code, stderr } = await saltCall(place.root, ["--local"]);
  assert.equal(code, 64);
  assert.match(stderr, /Requires function, --grains or --doc/);
});

test("salt-call -d shows the documentation of functions that begin so", async () => {
  using place = layOut();
  const { code, stdout } = await saltCall(place.root, ["--local", "-d", "test.pi"]);
  assert.equal(code, 0);
  assert.match(stdout, /^test\.ping:\n\n {4}Says that.*\n\n$/s);
});

test("salt-call -g shows the grains", async () => {
  using place = layOut();
  const { stdout } = await saltCall(place.root, ["--local", "-g", "--out=json"]);
  assert.equal(JSON.parse(stdout).local.id, "caller");
});

test("salt-call says when --file-root has no effect", async () => {
  using place = layOut();
  writeFileSync(join(place.root, "etc", "minion"), "master_type: disable\n");
  const { stderr } = await saltCall(place.root, [
    "--file-root={root}/files",
    "--id=x",
    "--cachedir={root}/cache",
    "test.ping",
  ]);
  assert.match(stderr, /--file-root is ignored because --local was not specified/);
});
