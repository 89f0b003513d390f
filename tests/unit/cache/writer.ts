/**
 * One of several processes that write to a job cache: `writer.ts CACHEDIR JID COUNT`. Stores a return of
 * m0, m1 … and prints a line with the id and the outcome after each, as a master acknowledges it.
 */
import { writeSync } from "node:fs";
import { openJobCache } from "../../../src/cache/mod.ts";
import type { ReturnLoad } from "../../../src/types/mod.ts";

const [cachedir, jid, count] = process.argv.slice(2);
const cache = openJobCache({ cachedir: cachedir! });
for (let i = 0; i < Number(count); i++) {
  const ret = { id: `m${i}`, jid, fun: "test.ping", return: "x".repeat(200), retcode: 0 };
  const outcome = cache.saveReturn(ret as unknown as ReturnLoad);
  writeSync(1, `m${i} ${outcome}\n`);
}
