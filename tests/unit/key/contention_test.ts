import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PkiKeyStore } from "../../../src/key/mod.ts";
import { temporaryStore } from "./keys.ts";

const CONTENDER = fileURLToPath(new URL("./contender.ts", import.meta.url));
const COUNT = 40;

/** Runs a contender for each role, all at the same moment, and gives what they printed. */
async function contend<T>(pki: string, roles: string[]): Promise<T[]> {
  const run = "Deno" in globalThis ? ["run", "-A", CONTENDER] : [CONTENDER];
  const children = roles.map((role) => spawn(process.execPath, [...run, pki, role, `${COUNT}`]));
  await Promise.all(children.map((child) => new Promise((r) => child.stdout.once("data", r))));
  const outputs = children.map(outputOf);
  for (const child of children) child.stdin.write("go\n");
  // None may still be at work when the folder goes.
  const ended = await Promise.all(outputs);
  for (const { code, errors } of ended) assert.equal(code, 0, errors);
  return ended.map(({ text }) => JSON.parse(text));
}

async function outputOf(child: ChildProcessWithoutNullStreams) {
  let text = "";
  let errors = "";
  child.stdout.on("data", (data) => text += data);
  child.stderr.on("data", (data) => errors += data);
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { text, errors, code };
}

test("of several keys offered for a new id at once one is pending, the others are denied", async () => {
  using it = temporaryStore();
  const offers = await contend<{ key: string; acts: Record<string, string> }>(
    it.pki,
    Array(4).fill("offer"),
  );
  for (let i = 0; i < COUNT; i++) {
    const id = `m${i}`;
    const winners = offers.filter((offer) => offer.acts[id] === "pend");
    assert.equal(winners.length, 1, id);
    assert.equal(it.store.read("pending", id), winners[0]!.key);
    assert.equal(offers.filter((offer) => offer.acts[id] === "denied").length, 3);
  }
  const hidden = readdirSync(join(it.pki, "minions_pre")).filter((name) => name.startsWith("."));
  assert.deepEqual(hidden, []);
});

test("operators who decide at once lose no key, and each key follows one of them", async () => {
  using it = temporaryStore();
  await contend(it.pki, ["offer"]);
  const decisions = await contend<{ done: string[] }>(it.pki, ["accept", "reject", "accept"]);
  const { accepted, rejected, pending } = it.store.list();
  assert.deepEqual(pending, []);
  assert.equal(accepted.length + rejected.length, COUNT);
  const [first, second, third] = decisions.map((decision) => decision.done);
  assert.deepEqual([...first!, ...third!].sort(), accepted.sort());
  assert.deepEqual(second!.sort(), rejected.sort());
});

test("minions that sign in while operators decide end accepted or rejected, never as somebody else", async () => {
  using it = temporaryStore();
  const results = await contend<{ key?: string; acts?: Record<string, string> }>(
    it.pki,
    ["offer", "offer", "accept", "reject"],
  );
  const keys = results.flatMap((result) => result.key ?? []);
  const store = new PkiKeyStore({ pki_dir: it.pki });
  const { accepted, rejected, pending } = store.list();
  assert.equal(new Set([...accepted, ...rejected, ...pending]).size, COUNT);
  for (const id of pending) assert.equal(accepted.includes(id) || rejected.includes(id), false);
  for (const id of accepted) assert.ok(keys.includes(store.acceptedKey(id)!));
});
