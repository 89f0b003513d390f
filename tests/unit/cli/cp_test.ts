import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { callTool } from "../../../src/cli/call_tool.ts";
import { runCp } from "../../../src/cli/cp.ts";
import { findRole } from "../../../src/cli/definitions/mod.ts";
import type { MasterOpts } from "../../../src/config/mod.ts";
import type { Data } from "../../../src/types/mod.ts";
import { FakeIo } from "../../support/fake_io.ts";
import { ScriptedFleet } from "../../support/scripted_fleet.ts";

async function saltCp(master: ScriptedFleet, ...words: string[]) {
  const role = findRole("cp");
  assert.ok(role);
  const io = new FakeIo();
  const opts = { ...master.opts, salt_cp_chunk_size: 10 } as unknown as MasterOpts;
  const parts = { loadConfig: () => opts, openClient: () => master.client() };
  const running = callTool(
    role,
    { program: "salt-cp", argv: words, io, versionLine: "" },
    () => Promise.resolve((call) => runCp(call, parts)),
  );
  const code = await master.clock.run(running);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

/** Arguments of each call, in order. */
function calls(master: ScriptedFleet): Data[] {
  return master.publications.map(({ load }) => [load["fun"] ?? null, ...load["arg"] as Data[]]);
}

test("saltx cp sends small texts in one message", async () => {
  using master = new ScriptedFleet({ a: { ret: { "/etc/motd": true } } });
  const file = join(realpathSync(master.cachedir), "motd");
  writeFileSync(file, "Hällo\n");
  const { code, stdout } = await saltCp(master, "*", file, "/etc/motd");
  assert.equal(code, 0);
  assert.deepEqual(calls(master), [["cp.recv", { [file]: "Hällo\n" }, "/etc/motd"]]);
  assert.equal(stdout, "a:\n    ----------\n    /etc/motd:\n        True\n");
});

test("saltx cp -C sends a file in pieces, the first with its mode", async () => {
  using master = new ScriptedFleet({ a: {} });
  const file = join(master.cachedir, "f");
  writeFileSync(file, "0123456789abcdef");
  chmodSync(file, 0o640);
  await saltCp(master, "-C", "-n", "*", file, "/x/f");
  const text = (piece: string) => `\n${Buffer.from(piece).toString("base64")}`;
  assert.deepEqual(calls(master), [
    ["cp.recv_chunked", "/x/f", text("0123456789"), false, false, 0o640],
    ["cp.recv_chunked", "/x/f", text("abcdef"), true, false, 0o640],
  ]);
});

test("saltx cp -C compresses each piece by itself", async () => {
  using master = new ScriptedFleet({ a: {} });
  const file = join(master.cachedir, "f");
  writeFileSync(file, Uint8Array.from([0, 255, 1]));
  await saltCp(master, "-C", "*", file, "/x/f");
  const [[, , piece, , compressed]] = calls(master) as [[string, string, string, boolean, boolean]];
  assert.equal(compressed, true);
  assert.deepEqual([...gunzipSync(Buffer.from(piece, "base64"))], [0, 255, 1]);
});

test("saltx cp -C sends folders with all they hold, empty ones too", async () => {
  using master = new ScriptedFleet({ a: {} });
  const dir = join(master.cachedir, "d");
  mkdirSync(join(dir, "empty"), { recursive: true });
  mkdirSync(join(dir, "s"));
  writeFileSync(join(dir, "s", "one"), "");
  await saltCp(master, "-C", "-n", "*", dir, "/x");
  assert.deepEqual(
    calls(master).map((call) => (call as Data[]).slice(1, 3)),
    [["/x/d/empty", null], ["/x/d/s/one", ""]],
  );
});

test("saltx cp exits non-zero when a minion could not write, or did not answer", async () => {
  for (
    const minion of [
      { ret: { "/x": false } },
      { ret: "Destination unavailable" },
      { ret: {}, retcode: 1 },
      { after: Infinity, silent: true },
    ]
  ) {
    using master = new ScriptedFleet({ a: {}, b: minion });
    master.minions["a"] = { ret: { "/x": true } };
    const file = join(master.cachedir, "f");
    writeFileSync(file, "");
    assert.equal((await saltCp(master, "*", file, "/x")).code, 1, JSON.stringify(minion));
  }
});

test("saltx cp -C shows the first thing that went wrong with a file", async () => {
  using master = new ScriptedFleet({ a: { ret: "No space left" } });
  const file = join(master.cachedir, "f");
  writeFileSync(file, "x".repeat(25));
  const { code, stdout } = await saltCp(master, "-C", "*", file, "/x/f");
  assert.deepEqual([code, stdout], [1, "a:\n    ----------\n    /x/f:\n        No space left\n"]);
});

test("saltx cp says what is wrong with its arguments and sources", async () => {
  using master = new ScriptedFleet({ a: {} });
  const binary = join(master.cachedir, "b");
  writeFileSync(binary, Uint8Array.from([255]));
  const cases: [string[], number, RegExp][] = [
    [["*", "x"], 64, /Insufficient arguments/],
    [["*", "/nonexistent", "/x"], 42, /^\/nonexistent does not exist\n$/],
    [["*", master.cachedir, "/x"], 1, /is a directory, only files/],
    [["*", binary, "/x"], 1, /is not text/],
    [["no*", binary, "/x", "-C"], 2, /No return received/],
  ];
  for (const [words, code, message] of cases) {
    const outcome = await saltCp(master, ...words);
    assert.equal(outcome.code, code, words.join(" "));
    assert.match(outcome.stderr, message);
  }
});
