import assert from "node:assert/strict";
import { test } from "node:test";
import { ReturnBundle } from "../../../../src/minion/syndic/bundle.ts";
import type { DataMap, PublishLoad } from "../../../../src/types/mod.ts";

const JID = "20261121080000000001";
const LOAD = { jid: JID, fun: "test.ping", arg: [1], tgt: "*", tgt_type: "glob", ret: "" };

function bundle(told = 2) {
  const asked: string[] = [];
  const find = (jid: string) => {
    asked.push(jid);
    return LOAD as unknown as PublishLoad;
  };
  return { bundle: new ReturnBundle("syn", find, told), asked };
}

function ret(id: string, more: DataMap = {}): DataMap {
  return { id, jid: JID, fun: "test.ping", return: true, retcode: 0, success: true, ...more };
}

test("ReturnBundle puts the returns of a job into one load, with the job when it is not known", () => {
  const { bundle: it } = bundle();
  it.add(JID, ret("a", { master_id: "top", cmd: "_return", _stamp: "x" }), false);
  it.add(JID, ret("b", { return: 5, fun_args: [1] }), false);
  assert.deepEqual(it.take(), [{
    id: "syn",
    jid: JID,
    fun: "test.ping",
    arg: [1],
    tgt: "*",
    tgt_type: "glob",
    load: LOAD,
    master_id: "top",
    return: {
      a: { return: true, retcode: 0, success: true },
      b: { return: 5, retcode: 0, success: true, fun_args: [1] },
    },
  }]);
  assert.equal(it.isEmpty, true);
  assert.deepEqual(it.take(), []);
});

test("ReturnBundle looks a job up once, and not when the master above gave it", () => {
  const { bundle: it, asked } = bundle();
  it.add(JID, ret("a"), true);
  it.add("2", ret("a"), false);
  it.take();
  it.add("2", ret("b"), false);
  assert.deepEqual(it.take()[0]?.["load"], {});
  assert.deepEqual(asked, ["2"]);
  for (const jid of ["3", "4", "2"]) it.add(jid, ret("c"), false);
  assert.deepEqual(asked, ["2", "3", "4", "2"]);
});

test("ReturnBundle begins another load when one is large", () => {
  const { bundle: it } = bundle();
  for (let i = 0; i < 1001; i += 1) it.add(JID, ret(`m${i}`), true);
  const sizes = it.take().map((load) => Object.keys(load["return"] as DataMap).length);
  assert.deepEqual(sizes, [1000, 1]);
});
