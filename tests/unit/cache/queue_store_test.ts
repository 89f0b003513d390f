import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openQueueStore, type QueueStoreOptions } from "../../../src/cache/mod.ts";
import type { DataMap, PublishLoad } from "../../../src/types/mod.ts";

const FIRST = "20260102030405000001";
const SECOND = "20260102030405000002";

function load(jid: string, more: DataMap = {}): PublishLoad {
  const base = {
    fun: "test.ping",
    arg: [],
    tgt: "*",
    tgt_type: "glob",
    jid,
    ret: "",
    user: "root",
  };
  return { ...base, ...more } as unknown as PublishLoad;
}

function store(t: TestContext, options: Partial<QueueStoreOptions> = {}) {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-queue-"));
  const opened = openQueueStore({ cachedir, ...options });
  t.after(() => {
    opened.close();
    rmSync(cachedir, { recursive: true });
  });
  return { store: opened, cachedir };
}

const minions = (...ids: string[]) => ids.map((id) => ({ id, topic: `topic of ${id}` }));

test("QueueStore gives the jobs of a minion in order, each until it is sent", (t) => {
  const { store: queue } = store(t, { now: () => 1000_000 });
  assert.deepEqual(queue.add(load(FIRST), minions("a", "b"), 2000), ["a", "b"]);
  assert.deepEqual(queue.add(load(SECOND), minions("a"), 2000), ["a"]);
  assert.equal(queue.next("a")?.jid, FIRST);
  assert.equal(queue.markSent(FIRST, "a"), true);
  assert.equal(queue.next("a")?.jid, SECOND);
  assert.deepEqual(queue.ids({ sent: true }), ["a"]);
  queue.resend("a");
  assert.equal(queue.next("a")?.jid, FIRST);
  assert.equal(queue.next("a")?.load.fun, "test.ping");
  assert.deepEqual(queue.idsOfTopic("topic of b"), ["b"]);
  assert.deepEqual(queue.idsOfTopic("other"), []);
});

test("QueueStore keeps one entry for each job and minion, and drops the load with the last", (t) => {
  const { store: queue } = store(t);
  const later = Date.now() / 1000 + 60;
  queue.add(load(FIRST), minions("a", "b"), later);
  queue.add(load(FIRST), minions("a"), later);
  assert.equal(queue.list().length, 2);
  assert.equal(queue.remove({ jid: FIRST, id: "a" }).length, 1);
  assert.deepEqual(queue.remove({ jid: FIRST, id: "a" }), []);
  assert.deepEqual(queue.jids(), [FIRST]);
  assert.deepEqual(queue.remove({ jid: FIRST }).map(({ id }) => id), ["b"]);
  assert.deepEqual(queue.jids(), []);
  assert.equal(queue.markSent(FIRST, "a"), false);
});

test("QueueStore.removeExpired() takes what is over; next() never gives it", (t) => {
  let now = 1000;
  const { store: queue } = store(t, { now: () => now * 1000 });
  queue.add(load(FIRST), minions("a"), 1010);
  queue.add(load(SECOND), minions("a"), 2000);
  assert.deepEqual(queue.removeExpired(), []);
  now = 1010;
  assert.equal(queue.next("a")?.jid, SECOND);
  assert.deepEqual(queue.removeExpired().map(({ jid }) => jid), [FIRST]);
});

test("QueueStore is bounded in entries, for one minion, and in the size of a load", (t) => {
  const { store: queue } = store(t, { maxEntries: 3, maxPerMinion: 2, maxLoadBytes: 1000 });
  const later = Date.now() / 1000 + 60;
  const jid = (n: number) => `2026010203040500000${n}`;
  assert.deepEqual(queue.add(load(jid(1)), minions("a"), later), ["a"]);
  assert.deepEqual(queue.add(load(jid(2)), minions("a"), later), ["a"]);
  assert.deepEqual(queue.add(load(jid(3)), minions("a", "b", "c"), later), ["b"]);
  assert.deepEqual(queue.add(load(jid(4), { arg: ["x".repeat(2000)] }), minions("z"), later), []);
  assert.equal(queue.list().length, 3);
});

test("QueueStore holds no credentials, survives its process, and outlives a damaged file", (t) => {
  const { store: queue, cachedir } = store(t);
  const later = Date.now() / 1000 + 60;
  queue.add(load(FIRST, { key: "secret", kwargs: { token: "secret" } }), minions("a"), later);
  queue.close();
  assert.doesNotMatch(JSON.stringify(queue.list()), /secret/);
  queue.close();
  writeFileSync(
    join(cachedir, "queue.db"),
    "this is no database at all, but long enough to be read",
  );
  assert.deepEqual(queue.list(), []);
  assert.deepEqual(queue.add(load(SECOND), minions("a"), later), ["a"]);
});
