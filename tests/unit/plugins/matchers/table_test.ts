import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { matches, type MinionFacts } from "../../../../src/plugins/matchers/mod.ts";
import type { DataMap, TgtType } from "../../../../src/types/mod.ts";

interface Table {
  minions: Record<string, { grains: DataMap; pillar: DataMap }>;
  nodegroups: Record<string, unknown>;
  rows: [type: TgtType, tgt: string | string[], ids: string[], delimiter?: string][];
}

const file = new URL("../../../cases/match/table.json", import.meta.url);
const table = JSON.parse(readFileSync(file, "utf8")) as Table;
const minions: MinionFacts[] = Object.entries(table.minions).map(([id, data]) => ({ id, ...data }));

/** Where Salt passes over a word that it cannot read, saltx refuses the target. */
const stricter = new Set<string | string[]>(["S@nonsense or web*"]);

function meant(row: Table["rows"][number]): string[] {
  const [tgt_type, tgt, , delimiter] = row;
  const target = { tgt, tgt_type, ...(delimiter === undefined ? {} : { delimiter }) };
  try {
    return minions.filter((facts) => matches(target, facts, { nodegroups: table.nodegroups }))
      .map((facts) => facts.id);
  } catch {
    return [];
  }
}

for (const type of new Set(table.rows.map((row) => row[0]))) {
  test(`matches() means by ${type} targets whom Salt means`, () => {
    const wrong = table.rows.filter((row) => row[0] === type)
      .map((row) => ({ tgt: row[1], delimiter: row[3], salt: row[2], saltx: meant(row) }))
      .filter(({ tgt }) => !stricter.has(tgt))
      .filter(({ salt, saltx }) => salt.join() !== saltx.join());
    assert.deepEqual(wrong, []);
  });
}
