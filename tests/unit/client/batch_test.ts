import assert from "node:assert/strict";
import { test } from "node:test";
import { batchNumber, type BatchRules, runBatches } from "../../../src/client/mod.ts";
import { ScriptedFleet } from "../../support/scripted_fleet.ts";

/** What a run does, as short lines: `start a b`, `a 0`, `down c`, `skip d`. */
async function runLines(
  master: ScriptedFleet,
  rules: Partial<BatchRules>,
  signal?: AbortSignal,
): Promise<string[]> {
  const client = await master.client();
  const request = { target: { tgt: "*", tgt_type: "glob" }, fun: "x.y" } as const;
  const lines: string[] = [];
  const watch = async () => {
    const all = { size: "2", wait: 0, failhard: false, ...rules };
    for await (const event of runBatches(client, request, all, signal)) {
      if (event.kind === "started") lines.push(`start ${event.ids.join(" ")}`);
      else if (event.kind === "down") lines.push(`down ${event.id}`);
      else if (event.kind === "skipped") lines.push(`skip ${event.ids.join(" ")}`);
      else lines.push(`${event.result.id} ${event.result.retcode}`);
    }
  };
  await master.clock.run(watch());
  return lines;
}

/** When each job but pings and questions was published, and for whom. */
function jobs(master: ScriptedFleet): [number, unknown][] {
  return master.publications.filter(({ load }) => load["fun"] === "x.y")
    .map(({ at, load }) => [at, load["tgt"]]);
}

/** Pings come back at once; the job takes its time. */
function fleet(minions: ConstructorParameters<typeof ScriptedFleet>[0]): ScriptedFleet {
  const quick = Object.fromEntries(
    Object.entries(minions).map(([id, minion]) => [id, { pingAfter: 0, ...minion }]),
  );
  return new ScriptedFleet(quick);
}

test("batchNumber() takes numbers and percentages, and at least one minion", () => {
  const cases: [string, number, number][] = [
    ["3", 10, 3],
    ["10%", 100, 10],
    ["%10", 100, 10],
    ["25%", 10, 2],
    ["1%", 10, 1],
    ["150%", 10, 15],
    ["50%", 0, 1],
  ];
  for (const [size, minions, number] of cases) assert.equal(batchNumber(size, minions), number);
});

test("batchNumber() refuses what is no size", () => {
  for (const size of ["", "0", "-1", "x", "10%%", "1.5", "0%"]) {
    assert.throws(() => batchNumber(size, 10), /^SaltInvocationError: Invalid batch data sent: /);
  }
});

test("runBatches() has no more than size minions at work, and fills each place that becomes free", async () => {
  using master = fleet({
    a: { after: 100 },
    b: { after: 900 },
    c: { after: 100 },
    d: { after: 100 },
  });
  const lines = await runLines(master, { size: "2" });
  assert.deepEqual(lines, ["start a b", "a 0", "start c", "c 0", "start d", "d 0", "b 0"]);
  assert.deepEqual(jobs(master), [[0, ["a", "b"]], [110, ["c"]], [220, ["d"]]]);
});

test("runBatches() fills places that become free together with one job", async () => {
  using master = fleet({ a: { after: 50 }, b: { after: 50 }, c: {}, d: {} });
  await runLines(master, { size: "2" });
  assert.deepEqual(jobs(master).map(([, ids]) => ids), [["a", "b"], ["c", "d"]]);
});

test("runBatches() waits before a place is given away", async () => {
  using master = fleet({ a: { after: 100 }, b: {} });
  await runLines(master, { size: "1", wait: 3 });
  assert.deepEqual(jobs(master), [[0, ["a"]], [3110, ["b"]]]);
});

test("runBatches() starts without minions that do not answer, and names them", async () => {
  using master = fleet({ a: {}, dead: { after: Infinity, pingAfter: Infinity, silent: true } });
  const lines = await runLines(master, { size: "50%" });
  assert.deepEqual(lines, ["start a", "a 0", "down dead"]);
  assert.deepEqual(jobs(master), [[5000, ["a"]]]);
});

test("runBatches() takes in a minion that answers late", async () => {
  using master = fleet({ a: { after: 4000 }, late: { pingAfter: 7000, worksUntil: 7000 } });
  assert.deepEqual(await runLines(master, {}), ["start a", "start late", "late 0", "a 0"]);
});

test("runBatches() goes on when a minion dies at work", async () => {
  using master = fleet({ a: { after: Infinity }, b: {}, c: {} });
  const lines = await runLines(master, { size: "1" });
  assert.deepEqual(lines, ["start a", "a 1", "start b", "b 0", "start c", "c 0"]);
});

test("runBatches() with failhard starts nothing more, and still tells what was at work", async () => {
  using master = fleet({ a: { retcode: 2, after: 10 }, b: { after: 500 }, c: {}, d: {} });
  const lines = await runLines(master, { size: "2", failhard: true });
  assert.deepEqual(lines, ["start a b", "a 2", "skip c d", "b 0"]);
});

test("runBatches() ends when it is aborted", async () => {
  using master = fleet({ a: { after: 60_000 }, b: {} });
  const stop = new AbortController();
  void master.clock.wait(100).then(() => stop.abort());
  const lines = await runLines(master, { size: "1" }, stop.signal);
  assert.deepEqual(lines, ["start a", "skip b"]);
});

test("runBatches() refuses a size that is none before it asks anyone", async () => {
  using master = fleet({ a: {} });
  await assert.rejects(runLines(master, { size: "many" }), /Invalid batch data/);
  assert.equal(master.publications.length, 0);
});
