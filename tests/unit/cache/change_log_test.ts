import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  openSharedJobCache,
  openSharedMine,
  openSharedMinionData,
} from "../../../src/cache/mod.ts";
import type { Jid, MinionId, PublishLoad, ReturnLoad } from "../../../src/types/mod.ts";

const JID = "20260101000000000001" as Jid;

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "saltx-changes-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function load(): PublishLoad {
  return { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", jid: JID, ret: "" };
}

function ret(id: string): ReturnLoad {
  const load = { cmd: "_return", id, jid: JID, fun: "test.ping", fun_args: [], return: true };
  return { ...load, retcode: 0, success: true } as unknown as ReturnLoad;
}

test("a store notes nothing until it is asked to, and nothing after", (t) => {
  const cachedir = folder(t);
  const jobs = openSharedJobCache({ cachedir });
  jobs.changes.enable();
  jobs.changes.enable();
  jobs.saveLoad(load(), ["a"]);
  assert.equal(jobs.changes.next(10).length, 1);
  jobs.changes.disable();
  jobs.saveReturn(ret("a"));
  jobs.changes.enable();
  assert.deepEqual(jobs.changes.next(10), []);
  jobs.close();
});

test("a job cache notes jobs and parts, whoever writes them, until they are told", (t) => {
  const cachedir = folder(t);
  const jobs = openSharedJobCache({ cachedir });
  jobs.changes.enable();
  const other = openSharedJobCache({ cachedir });
  other.saveLoad(load(), ["a", "b"]);
  other.saveReturn(ret("a"));
  assert.equal(other.saveReturn(ret("a")), "duplicate");
  other.setEnd(JID, ["b"], "not connected");
  other.close();
  const notes = jobs.changes.next(10);
  assert.deepEqual(notes.map(({ table, second }) => `${table} ${second}`), [
    "jobs ",
    "parts a",
    "parts b",
  ]);
  jobs.changes.done(notes.slice(0, 2));
  assert.deepEqual(jobs.changes.next(10).map(({ second }) => second), ["b"]);
  jobs.close();
});

test("ChangeLog.quietly() notes nothing of its own work, and keeps what was noted", (t) => {
  const minions = openSharedMinionData({ cachedir: folder(t) });
  minions.changes.enable();
  minions.setGrains("a" as MinionId, { os: "Debian" });
  minions.changes.quietly(() => minions.put("b", { grains: {}, pillar: {}, updated: 5 }));
  assert.deepEqual(minions.changes.next(10).map(({ first }) => first), ["a"]);
  assert.equal(minions.times().get("b"), 5);
  assert.throws(() =>
    minions.changes.quietly(() => {
      minions.forget(["a"]);
      throw new Error("stop");
    })
  );
  assert.deepEqual(minions.ids(), ["a", "b"]);
  minions.close();
});

test("a mine notes what is set, replaced and removed, by function", (t) => {
  const mine = openSharedMine({ cachedir: folder(t) });
  mine.changes.enable();
  mine.set("a", { one: 1, two: 2 }, false);
  mine.remove("a", "one");
  const names = mine.changes.next(10).map(({ first, second }) => `${first} ${second}`);
  assert.deepEqual([...new Set(names)].sort(), ["a one", "a two"]);
  assert.deepEqual(mine.names(), [["a", "two"]]);
  mine.close();
});
