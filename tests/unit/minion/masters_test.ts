import assert from "node:assert/strict";
import { test } from "node:test";
import { listMasters, planConnections } from "../../../src/minion/masters.ts";

const BASE = {
  id: "m1",
  master_port: 4506,
  master_failback: false,
  master_finger: "",
  master_shuffle: false,
  random_master: false,
  master_type: "str",
  master_uri_format: "default",
} as const;

function list(master: string | string[], more: Partial<Parameters<typeof listMasters>[0]> = {}) {
  const warnings: string[] = [];
  const masters = listMasters({ ...BASE, master, ...more }, (text) => void warnings.push(text));
  return { masters, warnings };
}

test("listMasters() reads hosts, ports and addresses", () => {
  const { masters } = list(["salt", "m2:5506", "[::1]:7506", "fe80::1"]);
  assert.deepEqual(masters, [
    { name: "salt", host: "salt", port: 4506, masterKeyName: "minion_master.pub", finger: "" },
    {
      name: "m2:5506",
      host: "m2",
      port: 5506,
      masterKeyName: "minion_master_m2_5506.pub",
      finger: "",
    },
    {
      name: "[::1]:7506",
      host: "::1",
      port: 7506,
      masterKeyName: "minion_master____1__7506.pub",
      finger: "",
    },
    {
      name: "fe80::1",
      host: "fe80::1",
      port: 4506,
      masterKeyName: "minion_master_fe80__1.pub",
      finger: "",
    },
  ]);
});

test("listMasters() uses a master once that is listed twice, and says so", () => {
  const { masters, warnings } = list(["salt", "salt:4506", "salt:4507"]);
  assert.deepEqual(masters.map(({ name }) => name), ["salt", "salt:4507"]);
  assert.match(warnings[0]!, /salt:4506 is listed twice/);
});

test("listMasters() refuses an empty list", () => {
  assert.throws(() => list([]), /"master" is an empty list/);
  assert.throws(() => list(""), /master/);
});

test("listMasters() gives each master its fingerprint", () => {
  const fingers = (master_finger: string | string[]) =>
    list(["a", "b"], { master_finger }).masters.map(({ finger }) => finger);
  assert.deepEqual(fingers("aa:bb"), ["aa:bb", "aa:bb"]);
  assert.deepEqual(fingers(["aa", ""]), ["aa", ""]);
  assert.throws(() => fingers(["aa"]), /"master_finger" lists 1 fingerprints.*2 masters/);
});

test("listMasters() has none with master_type disable", () => {
  assert.deepEqual(list("salt", { master_type: "disable" }).masters, []);
});

function plan(master: string[], more: Partial<Parameters<typeof listMasters>[0]>) {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  // Of a list, the last is exchanged with the first.
  const connections = planConnections({ ...BASE, master, ...more }, warn, () => 0);
  return { names: connections.map((masters) => masters.map(({ name }) => name)), warnings };
}

test("planConnections() connects to all at once, or goes from one to the next", () => {
  assert.deepEqual(plan(["a", "b"], {}).names, [["a"], ["b"]]);
  assert.deepEqual(plan(["a", "b"], { master_type: "failover" }).names, [["a", "b"]]);
  assert.deepEqual(plan(["a", "b"], { master_type: "func" }).names, [["a", "b"]]);
  assert.deepEqual(plan(["a", "b"], { master_type: "disable" }).names, []);
});

test("planConnections() shuffles, but for the first when the minion is to come back to it", () => {
  const shuffled = { master_type: "failover", random_master: true } as const;
  assert.deepEqual(plan(["a", "b", "c", "d"], shuffled).names, [["b", "c", "d", "a"]]);
  const back = { ...shuffled, master_failback: true };
  assert.deepEqual(plan(["a", "b", "c", "d"], back).names, [["a", "c", "d", "b"]]);
  const { names, warnings } = plan(["a", "b"], { master_type: "failover", master_shuffle: true });
  assert.deepEqual(names, [["b", "a"]]);
  assert.match(warnings[0]!, /'master_shuffle' is deprecated/);
});

test("planConnections() spreads minions over the masters by their ids", () => {
  const of = (id: string) => plan(["a", "b", "c"], { master_type: "distributed", id }).names[0];
  // What Python's binascii.crc32 gives: 3226732335 % 3 and 1499289237 % 3.
  assert.deepEqual(of("m1"), ["a", "b", "c"]);
  assert.deepEqual(of("m2"), ["a", "b", "c"]);
  const firsts = Array.from({ length: 60 }, (_, i) => of(`web-${i}`)?.[0]);
  for (const name of ["a", "b", "c"]) {
    assert.ok(firsts.filter((first) => first === name).length > 8, name);
  }
  assert.match(plan(["a"], { master_type: "distributed" }).warnings[0]!, /more than 1 master/);
});
