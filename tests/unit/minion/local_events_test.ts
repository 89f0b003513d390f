import assert from "node:assert/strict";
import { test } from "node:test";
import { handleLocalEvent, type LocalActions } from "../../../src/minion/local_events.ts";
import type { DataMap } from "../../../src/types/mod.ts";

function actions(more: Partial<LocalActions> = {}) {
  const done: unknown[][] = [];
  const note = (name: string) => (...args: unknown[]) => {
    done.push([name, ...args]);
    return Promise.resolve();
  };
  const all = {
    refreshModules: note("modules"),
    refreshPillar: note("pillar"),
    refreshGrains: () => Promise.resolve(false),
    manage: note("manage"),
    request: note("request"),
    sendReturn: note("return"),
    fireLocal: note("local"),
    masterLost: note("lost"),
    masterBack: note("back"),
    setEnvironment: note("set"),
    environment: () => ["OLD", "PATH"],
    ...more,
  };
  const handle = async (tag: string, data: DataMap = {}) => {
    done.length = 0;
    await handleLocalEvent({ tag, data }, all);
    return done;
  };
  return handle;
}

test("module_refresh loads modules and tells of it when asked", async () => {
  const handle = actions();
  assert.deepEqual(await handle("module_refresh"), [["modules"]]);
  assert.deepEqual(await handle("module_refresh", { notify: true }), [
    ["modules"],
    ["local", "/salt/minion/minion_mod_refresh_complete", { complete: true }],
  ]);
});

test("pillar_refresh tells when it is over, also when no master answered", async () => {
  const handle = actions({ refreshPillar: () => Promise.reject(new Error("away")) });
  const done = ["local", "/salt/minion/minion_pillar_refresh_complete", { complete: true }];
  assert.deepEqual(await handle("pillar_refresh"), [["modules"], done]);
  assert.deepEqual(await actions()("pillar_refresh", { clean_cache: true }), [
    ["modules"],
    ["pillar", true],
    done,
  ]);
});

test("grains_refresh fetches the pillar when grains changed or it is forced", async () => {
  assert.deepEqual(await actions()("grains_refresh"), []);
  const pillar = ["pillar", false];
  const forced = await actions()("grains_refresh", { force_refresh: true });
  assert.deepEqual(forced[1], pillar);
  const changed = actions({ refreshGrains: () => Promise.resolve(true) });
  assert.deepEqual((await changed("grains_refresh"))[1], pillar);
});

test("fire_master passes on one event, or a list, and nothing without a tag", async () => {
  const handle = actions();
  assert.deepEqual(await handle("fire_master", { tag: "a/b", data: null }), [
    ["request", { cmd: "_minion_event", tag: "a/b", data: {}, pretag: null }],
  ]);
  const events = [{ tag: "a", data: {} }];
  assert.deepEqual(await handle("fire_master", { events, pretag: "p" }), [
    ["request", { cmd: "_minion_event", events, pretag: "p" }],
  ]);
  assert.deepEqual(await handle("fire_master", { data: {} }), []);
});

test("what beacons, schedule, mine and errors leave on the bus goes to the master", async () => {
  const handle = actions();
  const beacons = [{ tag: "salt/beacon/m/load/", data: {} }];
  assert.deepEqual(await handle("__beacons_return", { beacons }), [
    ["request", { cmd: "_minion_event", pretag: null, events: beacons }],
  ]);
  assert.deepEqual(await handle("__schedule_return", { jid: "1" }), [["return", { jid: "1" }]]);
  assert.deepEqual(await handle("_minion_mine", { cmd: "revoke_auth", data: {} }), [
    ["request", { cmd: "_mine", data: {} }],
  ]);
  assert.deepEqual(await handle("_salt_error", { message: "m" }), [
    ["request", { cmd: "_minion_event", pretag: null, tag: "_salt_error", data: { message: "m" } }],
  ]);
});

test("environ_setenv sets, empties or unsets variables as Salt's does", async () => {
  const handle = actions();
  assert.deepEqual(await handle("environ_setenv", { environ: { A: "1", B: false, C: 5 } }), [
    ["set", "A", "1"],
    ["set", "B", ""],
  ]);
  const data = { environ: { PATH: "/bin", B: false }, false_unsets: true, clear_all: true };
  assert.deepEqual(await handle("environ_setenv", data), [
    ["set", "OLD", null],
    ["set", "PATH", "/bin"],
    ["set", "B", null],
  ]);
});

test("an event that fails, or means nothing, harms nobody", async () => {
  const handle = actions({ request: () => Promise.reject(new Error("away")) });
  assert.deepEqual(await handle("fire_master", { tag: "a" }), []);
  assert.deepEqual(await handle("some/other/tag"), []);
});

test("handleLocalEvent() hears that a master is gone, or back", async () => {
  const handle = actions();
  assert.deepEqual(await handle("__master_disconnected", { master: "m1" }), [["lost", "m1"]]);
  assert.deepEqual(await handle("__master_failback", { master: "m1" }), [["back", "m1"]]);
});

test("what changes schedule and beacons is handed on", async () => {
  const handle = actions();
  const request = { func: "list" };
  assert.deepEqual(await handle("manage_schedule", request), [["manage", "schedule", request]]);
  assert.deepEqual(await handle("manage_beacons", request), [["manage", "beacons", request]]);
});
