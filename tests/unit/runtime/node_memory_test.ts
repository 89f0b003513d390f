import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runtime } from "../../../src/runtime/mod.ts";
import { fileMappings } from "../../../src/runtime/node_memory.ts";

const mapping = (head: string, anonymous: number) =>
  `${head}
Size:                100 kB
Rss:                  50 kB
Private_Dirty:         0 kB
Anonymous:${String(anonymous).padStart(11)} kB
VmFlags: rd mr mw me
`;

test("fileMappings() - finds unchanged pages of files, and nothing that would be lost", () => {
  const smaps = [
    mapping("00400000-00500000 r--p 00000000 fe:00 17         /usr/bin/saltx", 0),
    mapping("00500000-00900000 r-xp 00100000 fe:00 17         /usr/bin/saltx", 0),
    mapping("00900000-00a00000 r--p 00500000 fe:00 17         /usr/bin/saltx", 200),
    mapping("00a00000-00b00000 rw-p 00600000 fe:00 17         /usr/bin/saltx", 0),
    mapping("00b00000-00c00000 r-xp 00000000 00:00 0 ", 0),
    mapping("00c00000-00d00000 r--s 00000000 fe:00 18         /var/cache/shared", 0),
    mapping("7ffd1000-7ffd2000 r-xp 00000000 00:00 0          [vdso]", 0),
    mapping("7fff0000-7fff8000 r-xp 00000000 00:01 9          /memfd:saltx-zeromq (deleted)", 0),
  ].join("");
  assert.deepEqual(fileMappings(smaps), [
    { start: 0x400000n, length: 0x100000n },
    { start: 0x500000n, length: 0x400000n },
    { start: 0x7fff0000n, length: 0x8000n },
  ]);
});

test("fileMappings() - understands this kernel's own text", () => {
  const path = "/proc/self/smaps";
  const found = existsSync(path) ? fileMappings(readFileSync(path, "latin1")) : [{ length: 1n }];
  assert.ok(found.length > 0);
  assert.ok(found.every(({ length }) => length > 0n));
});

test("releaseMemory() - leaves a program that goes on working", async () => {
  const before = runtime.aesCbcEncrypt(new Uint8Array(24), new Uint8Array(16), [new Uint8Array(5)]);
  for (let i = 0; i < 3; i++) runtime.releaseMemory();
  const again = runtime.aesCbcEncrypt(new Uint8Array(24), new Uint8Array(16), [new Uint8Array(5)]);
  assert.deepEqual(again, before);
  const socket = await runtime.openSocket("rep", { linger: 0 });
  await socket.bind("tcp://127.0.0.1:0");
  socket.close();
});

test("careForMemory() - can be ended", () => {
  const stop = runtime.careForMemory();
  assert.equal(stop(), undefined);
});
