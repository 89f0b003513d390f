/** `saltx key` against what the real salt-key says and does: see tests/cases/key_cli_record.py. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { callTool } from "../../../src/cli/call_tool.ts";
import { findRole } from "../../../src/cli/definitions/mod.ts";
import { run } from "../../../src/cli/key.ts";
import { verifyPublicKey } from "../../../src/crypt/mod.ts";

interface Outcome {
  stdout: string;
  stderr: string;
  code: number;
  after: { files: string[]; rotate: boolean };
}

interface Case extends Outcome {
  name: string;
  pki: Record<string, string> | null;
  args: string[];
  stdin?: string;
  /** What is different here, and why. */
  ours?: Partial<Outcome> & { why: string };
}

const recorded: { keys: Record<string, string>; cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../cases/key_cli.json", import.meta.url), "utf8"),
);

const FOLDERS = ["minions", "minions_pre", "minions_rejected", "minions_denied"];

/** A configuration and a pki folder like those that the recorded answers come from. */
function layOut(pki: Record<string, string> | null) {
  const root = mkdtempSync(join(tmpdir(), "key_cli_"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const paths = { pki_dir: "pki", cachedir: "cache", sock_dir: "sock", key_logfile: "key.log" };
  const opts = Object.entries(paths).map(([key, path]) => `${key}: ${join(root, path)}\n`);
  write("etc/master", `root_dir: ${root}\n${opts.join("")}`);
  if (pki !== null) {
    mkdirSync(join(root, "cache"));
    for (const folder of FOLDERS) mkdirSync(join(root, "pki", folder), { recursive: true });
    for (const [path, key] of Object.entries(pki)) write(`pki/${path}`, recorded.keys[key]!);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

/** Calls the tool as `salt-key`. */
async function saltKey(root: string, args: string[], stdin = ""): Promise<Outcome> {
  const lines = stdin === "" ? [] : stdin.replace(/\n$/, "").split("\n");
  const written = { stdout: "", stderr: "" };
  const code = await callTool(findRole("key")!, {
    program: "salt-key",
    argv: ["-c", join(root, "etc"), ...args.map((arg) => arg.replaceAll("{root}", root))],
    versionLine: "",
    io: {
      out: (text) => void (written.stdout += text),
      err: (text) => void (written.stderr += text),
      readLine: (options = {}) => {
        written.stdout += options.prompt ?? "";
        return Promise.resolve(lines.shift() ?? null);
      },
      readLines: () => Promise.resolve(lines.splice(0)),
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      stdinIsTerminal: false,
      columns: 80,
      env: {},
    },
  }, () => Promise.resolve(run));
  const shown = (text: string) => text.replaceAll(root, "{root}");
  return { stdout: shown(written.stdout), stderr: shown(written.stderr), code, after: tree(root) };
}

function tree(root: string): Outcome["after"] {
  const pki = join(root, "pki");
  const files = existsSync(pki)
    ? readdirSync(pki, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(pki, join(entry.parentPath, entry.name)))
    : [];
  return { files: files.sort(), rotate: existsSync(join(root, "cache", ".dfn")) };
}

/** Both programs end an error with blank lines of their own. */
function trimmed(outcome: Outcome): Outcome {
  return { ...outcome, stderr: outcome.stderr.trim() };
}

for (const { name, pki, args, stdin, ours, ...salt } of recorded.cases) {
  test(`saltx key ${name}: ${args.join(" ")}`, async () => {
    using it = layOut(pki);
    const { why: _why, ...difference } = ours ?? { why: "" };
    const { stdout, stderr, code, after } = { ...salt, ...difference };
    const outcome = await saltKey(it.root, args, stdin);
    assert.deepEqual(trimmed(outcome), trimmed({ stdout, stderr, code, after }));
  });
}

test("saltx key --gen-keys makes a pair, and leaves the one that is there", async () => {
  using it = layOut({});
  const args = ["--gen-keys", "w1", "--gen-keys-dir", "{root}/gen"];
  const first = await saltKey(it.root, args);
  assert.match(first.stdout, /^return:\n {4}([0-9a-f]{2}:){31}[0-9a-f]{2}\n$/);
  const files = ["w1.pem", "w1.pub"].map((name) => join(it.root, "gen", name));
  assert.deepEqual(files.map((file) => statSync(file).mode & 0o777), [0o400, 0o644]);
  const texts = files.map((file) => readFileSync(file, "utf8"));
  assert.match(texts[0]!, /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.match(texts[1]!, /^-----BEGIN PUBLIC KEY-----/);
  const second = await saltKey(it.root, args);
  assert.equal(second.stdout, first.stdout);
  assert.deepEqual(files.map((file) => readFileSync(file, "utf8")), texts);
});

test("saltx key --gen-keys needs no configuration that can be read", async () => {
  using it = layOut(null);
  const folder = join(it.root, "new");
  rmSync(join(it.root, "etc"), { recursive: true });
  const made = await saltKey(it.root, ["--gen-keys=x", `--gen-keys-dir=${folder}`]);
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual(readdirSync(folder).sort(), ["x.pem", "x.pub"]);
});

test("saltx key --gen-keys refuses a name that leads elsewhere", async () => {
  using it = layOut({});
  const made = await saltKey(it.root, ["--gen-keys=../x", "--gen-keys-dir={root}/gen"]);
  assert.equal(made.code, 1);
  assert.match(made.stderr, /cannot be the name of a key pair/);
});

test("saltx key --gen-signature signs so that minions can verify it, and never twice", async () => {
  using it = layOut({ "master.pub": "master" });
  const made = await saltKey(it.root, ["--gen-signature", "--auto-create"]);
  assert.equal(made.stdout, "return:\n    True\n");
  const text = (name: string) => readFileSync(join(it.root, "pki", name), "utf8");
  const signature = text("master_pubkey_signature");
  assert.ok(verifyPublicKey(text("master_sign.pub"), text("master.pub").trim(), signature));
  const again = await saltKey(it.root, ["--gen-signature"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists: remove it/);
  assert.equal(text("master_pubkey_signature"), signature);
});

test("saltx key --out-file writes what is shown, not what is said", async () => {
  using it = layOut({ "minions_pre/w1": "a" });
  const file = join(it.root, "out");
  const { stdout } = await saltKey(it.root, ["-a", "w1", "-y", "--out-file={root}/out"]);
  assert.equal(
    stdout,
    "The following keys are going to be accepted:\nKey for minion w1 accepted.\n",
  );
  assert.equal(readFileSync(file, "utf8"), "Unaccepted Keys:\nw1\n");
  await saltKey(it.root, ["-L", "--out=json", "--out-file={root}/out", "--out-file-append"]);
  assert.match(readFileSync(file, "utf8"), /^Unaccepted Keys:\nw1\n\{\n/);
});

test("saltx key asks for a rotation with a file that only its owner can read", async () => {
  using it = layOut({ "minions/w1": "a" });
  await saltKey(it.root, ["-d", "w1", "-y"]);
  assert.equal(statSync(join(it.root, "cache", ".dfn")).mode & 0o7777, 0o400);
  const again = await saltKey(it.root, ["-D", "-y"]);
  assert.equal(again.code, 0);
});

test("saltx key refuses what --rotate-aes-key does not take", async () => {
  using it = layOut({ "minions/w1": "a" });
  const refused = await saltKey(it.root, ["-d", "w1", "-y", "--rotate-aes-key=maybe"]);
  assert.equal(refused.code, 64);
  assert.deepEqual(refused.after.files, ["minions/w1"]);
});

test("saltx key logs what it changed to key_logfile, and nothing for who only looks", async () => {
  using it = layOut({ "minions_pre/w1": "a" });
  const log = join(it.root, "key.log");
  await saltKey(it.root, ["-L"]);
  assert.equal(existsSync(log), false);
  await saltKey(it.root, ["-a", "w1", "-y", "--log-file-level=info"]);
  assert.match(readFileSync(log, "utf8"), /INFO.*The key of w1 \(pending\) was accepted/);
});

test("saltx key works where key_logfile cannot be written, and says so", async () => {
  using it = layOut({ "minions_pre/w1": "a" });
  mkdirSync(join(it.root, "key.log"));
  const accepted = await saltKey(it.root, ["-a", "w1", "-y"]);
  assert.equal(accepted.code, 0);
  assert.match(accepted.stderr, /key\.log/);
  assert.deepEqual(accepted.after.files, ["minions/w1"]);
});
