import assert from "node:assert/strict";
import { test } from "node:test";
import { returnerOptions } from "../../../src/loader/returner_options.ts";
import type { DataMap } from "../../../src/types/mod.ts";

const opts: DataMap = {
  redis: { host: "map" },
  "redis.port": 1,
  "redis.db": "",
  "alternative.redis.host": "other",
  "alternative.redis": { port: 2 },
};
const wanted = ["host", "port", "db", "password"];
const read = (ret: DataMap | null) =>
  returnerOptions((name) => opts[name], "redis", wanted, { db: "0" }, ret);

test("returnerOptions() reads a map, names with dots, and defaults", () => {
  assert.deepEqual(read(null), { host: "map", port: 1, db: "0" });
});

test("returnerOptions() prefers the configuration that the job names, and what it gives itself", () => {
  const ret = { ret_config: "alternative", ret_kwargs: { db: "5" } };
  assert.deepEqual(read(ret), { host: "other", port: 2, db: "5" });
});
