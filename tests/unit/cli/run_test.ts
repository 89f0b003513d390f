import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { main } from "../../../src/main.ts";
import { FakeIo } from "../../support/fake_io.ts";

/** `salt-run` on a host where no master runs; the commands one after the other. */
async function saltRun(...commands: (readonly string[])[]) {
  const root = mkdtempSync(join(tmpdir(), "saltx-run-"));
  try {
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc", "master"), `root_dir: ${root}\nid: m\n`);
    mkdirSync(join(root, "var/cache/salt/master"), { recursive: true });
    let last = { code: -1, stdout: "", stderr: "" };
    for (const words of commands) {
      const io = new FakeIo({ env: { HOME: root } });
      const code = await main("/usr/bin/salt-run", ["-c", join(root, "etc"), ...words], io);
      last = { code, stdout: io.stdout, stderr: io.stderr };
    }
    return last;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("saltx run shows a result, by the outputter that is asked for", async () => {
  const nested = await saltRun(["test.arg", "1", "a=yes"]);
  assert.equal(nested.stdout, "args:\n    - 1\nkwargs:\n    ----------\n    a:\n        True\n");
  const json = await saltRun(["test.arg", "x", "--out=json", "--out-indent=-1"]);
  assert.equal(json.stdout, '{"args": ["x"], "kwargs": {}}\n');
  assert.equal((await saltRun(["test.arg", "--quiet"])).stdout, "");
});

test("saltx run keeps names of --no-parse as text", async () => {
  const { stdout } = await saltRun(["test.arg", "a=1", "b=1", "--no-parse=b", "--out=raw"]);
  assert.equal(stdout, "{'args': [], 'kwargs': {'a': 1, 'b': '1'}}\n");
});

test("saltx run keeps each run as a job", async () => {
  const jid = "20260102030405000001";
  const { stdout } = await saltRun(["test.arg", "5", "--jid", jid], ["jobs.lookup_jid", jid]);
  assert.match(stdout, /^m:\n {4}-+\n {4}fun:\n {8}runner.test.arg\n {4}fun_args:\n {8}- 5\n/);
});

test("saltx run -d shows docs", async () => {
  const { code, stdout } = await saltRun(["-d", "test.arg"]);
  assert.equal(code, 0);
  assert.match(stdout, /^test\.arg:\n\n {4}The arguments it was given/);
});

const EXIT_CODES: [name: string, words: string[], code: number, stderr: RegExp][] = [
  ["a result", ["test.arg"], 0, /^$/],
  ["a failure", ["error.error", "Oops"], 1, /^$/],
  ["wrong arguments", ["jobs.lookup_jid"], 1, /^$/],
  [
    "no such runner",
    ["jobs.lookup"],
    1,
    /'jobs.lookup' is not available. Did you mean 'jobs.lookup_jid'\?/,
  ],
  ["no docs", ["-d", "nope"], 1, /'nope' is not available/],
  ["no function", [], 64, /Requires a function/],
  ["no job id", ["test.arg", "--jid", "x"], 64, /'x' is not a valid JID/],
  ["no master", ["event.send", "x/y"], 1, /^$/],
  ["no master to ask", ["test.arg", "--async"], 2, /The salt master could not be contacted/],
  ["unknown option", ["--nope"], 64, /no such option/],
];

for (const [name, words, expected, wanted] of EXIT_CODES) {
  test(`saltx run exits ${expected}: ${name}`, async () => {
    const { code, stderr } = await saltRun(words);
    assert.equal(code, expected, stderr);
    assert.match(stderr, wanted);
  });
}
