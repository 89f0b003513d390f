import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { loadMasterConfig } from "../../../src/config/mod.ts";
import { PkiKeyStore } from "../../../src/key/mod.ts";
import type { RunnerContext, RunnerResult } from "../../../src/loader/runner_types.ts";
import { masters } from "../../../src/plugins/runners/masters.ts";
import type { DataMap, MinionId } from "../../../src/types/mod.ts";
import { testKey } from "../../support/vectors.ts";

/** A master's configuration below a folder, and runners on it. */
function master(t: TestContext, lines: string[], answer?: Partial<RunnerResult>) {
  const root = mkdtempSync(join(tmpdir(), "saltx-masters-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "etc"));
  const configDir = join(root, "etc");
  writeFileSync(join(configDir, "master"), [`root_dir: ${root}`, "id: m", ...lines].join("\n"));
  const opts = loadMasterConfig({ configDir, warn: () => {} });
  const keys = new PkiKeyStore(opts);
  keys.prepare();
  const ctx = {
    opts,
    keys,
    client: { cmd: () => Promise.resolve(answer ? [{ id: "n", end: "returned", ...answer }] : []) },
  } as unknown as RunnerContext;
  const run = async (fun: string, args: DataMap = {}) =>
    await masters.functions[fun]!.run(ctx, {
      other: "",
      minion: "",
      program: "saltx",
      ...args,
    }) as DataMap;
  return { root, configDir, keys, run };
}

const KEYS = ["test-minion", "test-minion-other"].map((name) => testKey(name).publicKey) as [
  string,
  string,
];

test("masters.diff finds nothing between a master and what it says of itself", async (t) => {
  const one = master(t, ["timeout: 7", "external_auth: {pam: {ann: [test.ping]}}"]);
  one.keys.insert("web" as MinionId, KEYS[0]);
  const file = join(one.root, "m.json");
  writeFileSync(file, JSON.stringify(await one.run("describe")));
  const found = { same: true, here: "m", there: "m", master_keys: "the same" };
  assert.deepEqual(await one.run("diff", { other: file }), found);
  assert.deepEqual(await one.run("diff", { other: one.configDir }), found);
});

test("masters.diff names keys, options and access rules that differ, and no secrets", async (t) => {
  const inner = (word: string) => `redis: {cache: [{host: db, password: ${word}}]}`;
  const clusterOf = (word: string) => `cluster: redis://:${word}@db`;
  const one = master(t, [
    ...["timeout: 7", "sharedsecret: abc", "publisher_acl: {ann: [test.ping]}"],
    ...[inner("abc"), clusterOf("abc")],
  ]);
  const two = master(t, [
    ...["timeout: 8", "sharedsecret: xyz", "publish_port: 9999", inner("xyz"), clusterOf("xyz")],
  ]);
  one.keys.insert("web" as MinionId, KEYS[0]);
  two.keys.insert("web" as MinionId, KEYS[1]);
  one.keys.insert("only" as MinionId, KEYS[0]);
  const found = await one.run("diff", { other: two.configDir });
  assert.equal(found["same"], false);
  const keys = found["keys"] as Record<string, { here: string; there: string }>;
  assert.deepEqual(Object.keys(keys), ["only", "web"]);
  assert.match(keys["only"]!.here, /^accepted ([0-9a-f]{2}:){31}/);
  assert.equal(keys["only"]!.there, null);
  assert.notEqual(keys["web"]!.here, keys["web"]!.there);
  const options = found["options"] as DataMap;
  assert.deepEqual(Object.keys(options), ["cluster", "redis", "sharedsecret", "timeout"]);
  assert.deepEqual(options["timeout"], { here: 7, there: 8 });
  assert.doesNotMatch(JSON.stringify(found), /abc|xyz/);
  assert.deepEqual(found["access"], {
    publisher_acl: { here: { ann: ["test.ping"] }, there: {} },
  });
});

test("masters.diff asks a minion on the other host", async (t) => {
  const two = master(t, ["timeout: 8"]);
  const said = JSON.stringify(await two.run("describe"));
  const one = master(t, [], { ret: said });
  const found = await one.run("diff", { minion: "n" });
  assert.deepEqual(found["options"], { timeout: { here: 5, there: 8 } });
  const silent = master(t, []);
  await assert.rejects(silent.run("diff", { minion: "n" }), /no minion n/);
  const broken = master(t, [], { ret: "sh: saltx: not found", end: "failed" });
  await assert.rejects(broken.run("diff", { minion: "n" }), /did not describe.*not found/);
});

test("masters.diff says what it cannot read", async (t) => {
  const one = master(t, []);
  const file = join(one.root, "x.json");
  await assert.rejects(one.run("diff"), /needs a file, a folder, or minion/);
  await assert.rejects(one.run("diff", { other: file }), /no file or folder/);
  for (const text of ["{", "5", "{}", '{"keys": 1}']) {
    writeFileSync(file, text);
    await assert.rejects(
      one.run("diff", { other: file }),
      /Cannot read|is not what masters\.describe/,
    );
  }
});
