import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OutboxFile } from "../../../src/cache/outbox.ts";
import { OutboxSender } from "../../../src/cache/outbox_sender.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import { until } from "../../support/until.ts";

class Away extends Error {}

function open(t: TestContext, limits = { entries: 1000, bytes: 1 << 20 }) {
  const root = mkdtempSync(join(tmpdir(), "outbox-"));
  const file = new OutboxFile(root, limits);
  t.after(() => {
    file.close();
    rmSync(root, { recursive: true });
  });
  return { root, file };
}

/** A sender to a server that answers with the errors given, then takes all. */
function sender(file: OutboxFile, errors: unknown[]) {
  const taken: [string, number[], boolean][] = [];
  const waits: number[] = [];
  const made = new OutboxSender({
    file,
    passes: (error) => error instanceof Away,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    send: (queue) => (items, { again }) => {
      const error = errors.shift();
      if (error) return Promise.reject(error);
      taken.push([queue, items.map((item) => item["n"] as number), again]);
      return Promise.resolve();
    },
  });
  return { made, taken, waits };
}

const item = (n: number): DataMap => ({ n });

async function drained(file: OutboxFile): Promise<void> {
  await until("all to be sent", () => file.waiting().size === 0);
}

test("OutboxSender sends what waits in order and together", async (t) => {
  const { file } = open(t);
  file.addAll("a", [item(1), item(2)]);
  file.add("a", item(3));
  file.add("b", item(4));
  const { made, taken } = sender(file, []);
  made.wake();
  await drained(file);
  assert.deepEqual(taken.sort(), [["a", [1, 2, 3], false], ["b", [4], false]]);
  await made.close();
});

test("OutboxSender keeps what a server that is away does not take, with growing pauses", async (t) => {
  const { file } = open(t);
  file.addAll("a", [item(1), item(2)]);
  const { made, taken, waits } = sender(file, Array.from({ length: 8 }, () => new Away("away")));
  made.wake();
  await drained(file);
  assert.deepEqual(taken, [["a", [1, 2], true]]);
  assert.deepEqual(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  await made.close();
});

test("OutboxSender gives up one item that is refused again and again, and no other", async (t) => {
  const { file } = open(t);
  file.addAll("a", [item(1), item(2), item(3)]);
  const { made, taken } = sender(file, Array.from({ length: 6 }, () => new Error("no")));
  made.wake();
  await drained(file);
  assert.deepEqual(taken, [["a", [2, 3], false]]);
  await made.close();
});

test("OutboxFile keeps items over the end of a process", (t) => {
  const { root, file } = open(t);
  file.add("a", item(1));
  file.close();
  const other = new OutboxFile(root, { entries: 10, bytes: 1000 });
  assert.deepEqual(other.next("a", 10, 1000).map(({ item }) => item), [item(1)]);
  other.close();
});

test("OutboxFile drops the oldest beyond its bounds, and takes nothing that is larger", (t) => {
  const { file } = open(t, { entries: 150, bytes: 10_000 });
  for (let n = 0; n < 151; n++) file.add("a", item(n));
  const left = file.next("a", 1000, 1 << 20).map(({ item }) => item["n"]);
  assert.equal(left.length, 51);
  assert.equal(left[0], 100);
  assert.equal(file.add("a", { text: "x".repeat(10_001) }), false);
  assert.equal(file.next("a", 1000, 20).length, 5, "as many as fit into the bytes");
});
