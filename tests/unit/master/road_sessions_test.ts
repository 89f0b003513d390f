import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SessionFile } from "../../../src/master/road_sessions.ts";

test("SessionFile - keeps sessions, and passes over what is none", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "sx-sessions-"));
  t.after(() => rm(dir, { recursive: true }));
  const file = new SessionFile(dir);
  assert.deepEqual(file.read(), []);
  const sessions = [
    { cid: new Uint8Array(8).fill(0xab), address: { host: "192.0.2.1", port: 4000 } },
    { cid: new Uint8Array(8).fill(1), address: { host: "2001:db8::1", port: 1 } },
  ];
  file.write(sessions);
  assert.deepEqual(new SessionFile(dir).read(), sessions);
  const path = join(dir, "raet_sessions.json");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const bad = [
    ["zz", "192.0.2.1", 1],
    ["ab".repeat(8), 7, 1],
    ["ab".repeat(8), "h", 70_000],
    5,
    [],
  ];
  await writeFile(path, JSON.stringify([...bad, ["ab".repeat(8), "192.0.2.1", 4000]]));
  assert.deepEqual(file.read(), sessions.slice(0, 1));
  for (const text of ["", "{}", "[1]", "nonsense"]) {
    await writeFile(path, text);
    assert.deepEqual(file.read(), []);
  }
});
