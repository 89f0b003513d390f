import assert from "node:assert/strict";
import { test } from "node:test";
import { listMasters } from "../../../src/minion/masters.ts";

const BASE = {
  master_port: 4506,
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
    { name: "salt", host: "salt", port: 4506, masterKeyName: "minion_master.pub" },
    { name: "m2:5506", host: "m2", port: 5506, masterKeyName: "minion_master_m2_5506.pub" },
    { name: "[::1]:7506", host: "::1", port: 7506, masterKeyName: "minion_master____1__7506.pub" },
    { name: "fe80::1", host: "fe80::1", port: 4506, masterKeyName: "minion_master_fe80__1.pub" },
  ]);
});

test("listMasters() uses a master once that is listed twice, and says so", () => {
  const { masters, warnings } = list(["salt", "salt:4506", "salt:4507"]);
  assert.deepEqual(masters.map(({ name }) => name), ["salt", "salt:4507"]);
  assert.match(warnings[0]!, /salt:4506 is listed twice/);
});

test("listMasters() refuses an empty list and kinds of connection that are not known", () => {
  assert.throws(() => list([]), /"master" is an empty list/);
  assert.throws(() => list(""), /master/);
  assert.throws(() => list("salt", { master_type: "failover" }), /"failover".*"master_type"/);
});

test("listMasters() has none with master_type disable", () => {
  assert.deepEqual(list("salt", { master_type: "disable" }).masters, []);
});
