import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Caller } from "../../../src/channel/gate.ts";
import { fireMinionEvents } from "../../../src/master/commands/minion_events.ts";
import { takeSyndicReturns } from "../../../src/master/commands/syndic_returns.ts";
import { knownSyndics, maySyndicate, noteSyndic } from "../../../src/master/syndics.ts";
import type { WorkerParts } from "../../../src/master/worker_parts.ts";
import type { DataMap, MinionId } from "../../../src/types/mod.ts";

const JID = "20261121080000000001";

/** A worker of a master of masters that notes what it is told. */
function worker(t: TestContext, opts: DataMap = {}) {
  const root = mkdtempSync(join(tmpdir(), "saltx-syndics-"));
  t.after(() => rmSync(root, { recursive: true }));
  const syndic_dir = join(root, "syndics");
  const fired: [string, DataMap][] = [];
  const stored: DataMap[] = [];
  const loads: unknown[] = [];
  const minions: unknown[] = [];
  const parts = {
    opts: { order_masters: true, syndic_ids: ["syn*"], syndic_dir, ...opts },
    keys: { acceptedKey: (id: string) => ["syn", "direct", "web"].includes(id) ? "pem" : null },
    jobs: {
      saveLoad: (...args: unknown[]) => loads.push(args),
      addMinions: (...args: unknown[]) => minions.push(args),
    },
    returns: {
      save: (ret: DataMap) => {
        stored.push(ret);
        return Promise.resolve("stored");
      },
    },
    fire: (tag: string, data: DataMap) => fired.push([tag, data]),
  } as unknown as WorkerParts;
  const tags = () => fired.map(([tag]) => tag);
  return { parts, fired, tags, stored, loads, minions, syndic_dir };
}

function caller(id: string | null): Caller {
  return { id: id as MinionId, proven: true, version: 3 } as Caller;
}

test("syndics are noted by empty files", (t) => {
  const { syndic_dir } = worker(t);
  assert.deepEqual(knownSyndics(syndic_dir), []);
  noteSyndic(syndic_dir, "syn");
  noteSyndic(syndic_dir, "syn");
  assert.deepEqual(knownSyndics(syndic_dir), ["syn"]);
});

test("maySyndicate() goes by order_masters, syndic_ids and what an id may be", () => {
  const opts = { order_masters: true, syndic_ids: ["syn*", "x"] };
  assert.deepEqual(["syn", "syn2", "x", "web", "syn/../x"].map((id) => maySyndicate(id, opts)), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.equal(maySyndicate("syn", { ...opts, order_masters: false }), false);
});

test("takeSyndicReturns() stores each return as its minion's, and the job if it comes along", async (t) => {
  const { parts, stored, tags, loads, syndic_dir } = worker(t);
  const job = {
    id: "syn",
    jid: JID,
    fun: "test.arg",
    load: { fun: "test.arg", arg: [1], tgt: "*", tgt_type: "glob", minions: ["low-1", 5] },
    return: {
      "low-1": { return: 1, retcode: 0, success: true, fun_args: [1] },
      syn: { return: 2 },
    },
  };
  assert.equal(await takeSyndicReturns(parts, { load: [job] }, caller("syn")), null);
  assert.deepEqual(stored, [
    { fun: "test.arg", return: 1, retcode: 0, success: true, fun_args: [1], jid: JID, id: "low-1" },
    { fun: "test.arg", return: 2, jid: JID, id: "syn" },
  ]);
  assert.deepEqual(tags(), [`salt/job/${JID}/ret/low-1`, `salt/job/${JID}/ret/syn`]);
  assert.deepEqual((loads[0] as unknown[])[1], ["low-1"]);
  assert.deepEqual(knownSyndics(syndic_dir), ["syn"]);
});

test("takeSyndicReturns() takes nothing from minions, and nothing for minions of this master", async (t) => {
  const { parts, stored } = worker(t);
  const returns = { "low-1": { return: 1 } };
  for (const id of ["web", "synthetic", null]) {
    assert.equal(
      await takeSyndicReturns(parts, { load: [{ jid: JID, return: returns }] }, caller(id)),
      false,
    );
  }
  const lies = { direct: { return: 1 }, "../x": { return: 1 }, a: 5, b: {} };
  const broken = [{ jid: "x", return: returns }, { jid: JID, return: 5 }, null, 7];
  await takeSyndicReturns(
    parts,
    { load: [{ jid: JID, return: lies }, ...broken] as never },
    caller("syn"),
  );
  assert.deepEqual(stored, []);
});

test("a syndic's events are fired under its name, and the minions it tells of are expected", (t) => {
  const { parts, tags, minions } = worker(t);
  const events = [
    { tag: JID, data: { minions: ["low-1", "../x"] } },
    { tag: "salt/key", data: { act: "delete" } },
    { tag: "my/event", data: { a: 1 } },
  ];
  fireMinionEvents(parts, { events, pretag: "syndic/syn" }, caller("syn"));
  assert.deepEqual(tags(), [
    `syndic/syn/${JID}`,
    "syndic/syn/salt/key",
    "my/event",
    "syndic/syn/my/event",
  ]);
  assert.deepEqual(minions, [[JID, ["low-1"]]]);
});

test("who is no syndic fires nothing under a syndic's name", (t) => {
  const { parts, tags } = worker(t);
  const events = [{ tag: JID, data: { minions: ["low-1"] } }];
  fireMinionEvents(parts, { events, pretag: "syndic/web" }, caller("web"));
  fireMinionEvents(parts, { events, pretag: "syndic/syn" }, caller("web"));
  assert.deepEqual(tags(), []);
});

test("a syndic that starts is noted", (t) => {
  const { parts, syndic_dir, tags } = worker(t);
  fireMinionEvents(parts, { tag: "salt/syndic/syn/start", data: "x" }, caller("syn"));
  fireMinionEvents(parts, { tag: "salt/syndic/web/start", data: "x" }, caller("web"));
  assert.deepEqual(knownSyndics(syndic_dir), ["syn"]);
  assert.deepEqual(tags(), ["salt/syndic/syn/start", "salt/syndic/web/start"]);
});
