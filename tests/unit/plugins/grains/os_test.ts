import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { distributionGrains, releaseInfo } from "../../../../src/plugins/grains/os.ts";

interface System {
  name: string;
  files: Record<string, string>;
  grains: Record<string, unknown>;
}

const file = new URL("../../../cases/grains/os/table.json", import.meta.url);

for (const { name, files, grains } of JSON.parse(readFileSync(file, "utf8")) as System[]) {
  test(`distributionGrains() names ${name} as Salt does`, () => {
    const found = distributionGrains((path) => files[path] ?? null);
    const info = releaseInfo(found["os"]!, found["osfullname"]!, found["osrelease"]!);
    assert.deepEqual({ ...found, ...info }, grains);
  });
}
