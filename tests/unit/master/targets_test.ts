import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type MinionDataCache, openMinionDataCache } from "../../../src/cache/mod.ts";
import type { KeyStore } from "../../../src/key/mod.ts";
import { coveredMinions, expectedMinions } from "../../../src/master/targets.ts";
import { compileTarget } from "../../../src/plugins/matchers/mod.ts";
import type { Data, DataMap, MinionId, Target } from "../../../src/types/mod.ts";

/** Numbers that look random and are the same in each run. (mulberry32) */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = ["os", "roles", "a", "a:b", "True", "1", "*", "", "ipv4", "__proto__", "x|y"];
const VALUES: Data[] = [
  ..."Debian,debian 12,web,db,,*".split(","),
  ...[true, false, null, 1, 2.5, [], {}, ["web", "db"], "é", "y".repeat(2000)],
  ...[{ b: "web", c: ["db"] }, { b: { c: "web" } }, [{ b: "web" }, { c: 1 }]],
  ["10.0.0.7", "127.0.0.1"],
];

const WORDS = [
  ...["os:Debian", "os:deb*", "roles:web", "a:b:web", "a:*:web", "*:web", "true:web", "yes:web"],
  ...["1:web", "0x1:web", ":web", "nothing:*", "a:b:*", "__proto__:web", "os:y*", "{a:web", "!x:y"],
];

function compounds(): Target[] {
  const texts = [
    "G@os:Debian and not P@roles:web|db",
    "I@a:b:web or ( E@m1.* and S@10.0.0.0/8 )",
    "G|@x|y|web or J@os:deb",
    "not G@*:web",
    "N@group or L@m1,m2",
  ];
  return texts.map((tgt) => ({ tgt, tgt_type: "compound" }));
}

function targets(): Target[] {
  const types = ["grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact"] as const;
  const data = WORDS.flatMap((tgt) =>
    types.filter((type) => !type.endsWith("pcre") || !tgt.includes(":*"))
      .map((tgt_type): Target => ({ tgt, tgt_type }))
  );
  return [
    ...data,
    { tgt: "x|y|web", tgt_type: "grain", delimiter: "|" },
    { tgt: "10.0.0.7", tgt_type: "ipcidr" },
    { tgt: "group", tgt_type: "nodegroup" },
    { tgt: ["G@os:Debian", "or", "I@roles:db"], tgt_type: "compound" },
    ...compounds(),
  ];
}

const nodegroups = { group: "G@a:b:web or I@os:Debian" };
const IDS = Array.from({ length: 450 }, (_, i) => `m${i}` as MinionId);
const keys = { ids: () => IDS } as unknown as KeyStore;

function facts(random: () => number): DataMap {
  const pick = <T>(some: readonly T[]) => some[Math.floor(random() * some.length)]!;
  const made: DataMap = {};
  for (let i = 0; i < 4; i++) {
    Object.defineProperty(made, pick(KEYS), {
      value: pick(VALUES),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return made;
}

/** Without the index: each minion's whole data is held against the target. */
function plainly(target: Target, minions: MinionDataCache): string[] {
  const meant = compileTarget(target, { nodegroups });
  return IDS.filter((id) => {
    const data = minions.data(id);
    return data === null || meant({ id, ...data });
  });
}

test("expectedMinions() - finds through the index whom the plain matcher finds, whatever changes", () => {
  const cachedir = mkdtempSync(join(tmpdir(), "targets-"));
  const [minions, other] = [openMinionDataCache({ cachedir }), openMinionDataCache({ cachedir })];
  try {
    const random = randomFrom(7);
    const all = targets();
    let found = 0;
    const check = () => {
      for (const target of all) {
        const sources = { keys, minions, nodegroups };
        const expected = plainly(target, minions);
        assert.deepEqual(expectedMinions(target, sources).minions, expected, `${target.tgt}`);
        found += expected.length;
      }
    };
    for (const id of IDS.slice(0, 400)) other.setGrains(id, facts(random));
    for (const id of IDS.slice(100, 400)) other.setPillar(id, facts(random));
    check();
    for (const [i, id] of IDS.slice(380, 430).entries()) {
      (i % 2 ? minions : other).setGrains(id, facts(random));
      if (i % 3 === 0) minions.setPillar(id, facts(random));
    }
    check();
    other.forget(IDS.slice(0, 50));
    minions.setGrains(IDS[440]!, facts(random));
    check();
    for (const id of IDS.slice(0, 50)) other.setPillar(id, facts(random));
    minions.forget(IDS.slice(300, 350));
    check();
    assert.ok(found > 1000, "the targets mean some");
  } finally {
    minions.close();
    other.close();
    rmSync(cachedir, { recursive: true });
  }
});

test("expectedMinions() - the index begins anew when the store was replaced", () => {
  const cachedir = mkdtempSync(join(tmpdir(), "targets-"));
  const minions = openMinionDataCache({ cachedir });
  const target: Target = { tgt: "os:Debian", tgt_type: "grain" };
  const debians = () =>
    expectedMinions(target, { keys, minions, nodegroups }).minions.filter((id) => id < "m2");
  try {
    for (const id of IDS) minions.setGrains(id, { os: "Arch" });
    assert.deepEqual(debians(), []);
    for (const name of ["", "-wal", "-shm"]) {
      rmSync(join(cachedir, `minion_data.db${name}`), { force: true });
    }
    for (const id of IDS) minions.setGrains(id, { os: id === "m1" ? "Debian" : "Arch" });
    assert.deepEqual(debians(), ["m1"]);
  } finally {
    minions.close();
    rmSync(cachedir, { recursive: true });
  }
});

test("coveredMinions() - takes a minion without data for one without grains and pillar", () => {
  const cachedir = mkdtempSync(join(tmpdir(), "targets-"));
  const minions = openMinionDataCache({ cachedir });
  try {
    minions.setGrains("m3" as MinionId, { os: "Debian" });
    const covered = coveredMinions("G@os:Debian or m4", { keys, minions, nodegroups });
    assert.deepEqual([...covered], ["m3", "m4"]);
  } finally {
    minions.close();
    rmSync(cachedir, { recursive: true });
  }
});
