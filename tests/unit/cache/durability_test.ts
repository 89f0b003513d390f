import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openJobCache } from "../../../src/cache/mod.ts";
import type { PublishLoad } from "../../../src/types/mod.ts";

const JID = "20260102030405000001";
const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));

function temporaryCache() {
  const cachedir = mkdtempSync(join(tmpdir(), "jobs-"));
  const cache = openJobCache({ cachedir });
  return {
    cachedir,
    cache,
    [Symbol.dispose]: () => {
      cache.close();
      rmSync(cachedir, { recursive: true });
    },
  };
}

/** Runs a writer and gives its lines; kills it with -9 after so many of them. */
async function write(cachedir: string, count: number, killAfter = Infinity): Promise<string[]> {
  const run = "Deno" in globalThis ? ["run", "-A", WRITER] : [WRITER];
  const child = spawn(process.execPath, [...run, cachedir, JID, `${count}`]);
  let errors = "";
  child.stderr.on("data", (data) => errors += data);
  const closed = new Promise((resolve) => child.once("close", resolve));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === killAfter) child.kill("SIGKILL");
  }
  const code = await closed;
  assert.equal(code, killAfter === Infinity ? 0 : null, errors);
  return lines;
}

test("what a writer acknowledged before it was killed is there, and the store goes on", async () => {
  using it = temporaryCache();
  const acknowledged = new Set<string>();
  for (const killAfter of [1, 40, 90]) {
    for (const line of await write(it.cachedir, 100_000, killAfter)) {
      acknowledged.add(line.split(" ")[0]!);
    }
    const stored = new Set(it.cache.returns(JID).map((part) => part.id as string));
    for (const id of acknowledged) assert.ok(stored.has(id), id);
  }
  assert.ok(acknowledged.size >= 90);
  assert.equal(it.cache.saveLoad({ jid: "20260102030405000002" } as PublishLoad, []), true);
});

test("of several writers of the same return one stores it", async () => {
  using it = temporaryCache();
  it.cache.saveLoad({ jid: JID, fun: "test.ping" } as PublishLoad, []);
  const all = await Promise.all(Array.from({ length: 3 }, () => write(it.cachedir, 150)));
  const stored = all.flat().filter((line) => line.endsWith(" stored"));
  assert.equal(stored.length, 150);
  assert.equal(new Set(stored).size, 150);
  assert.equal(it.cache.returns(JID).length, 150);
});
