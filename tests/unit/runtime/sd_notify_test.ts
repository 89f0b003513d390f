import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openLibc as denoLibc } from "../../../src/runtime/deno_libc.ts";
import { runtime } from "../../../src/runtime/mod.ts";
import { openLibc as nodeLibc } from "../../../src/runtime/node_libc.ts";
import { sdNotify, unixAddress } from "../../../src/runtime/sd_notify.ts";

const openLibc = runtime.name === "deno" ? denoLibc : nodeLibc;
const folder = mkdtempSync(join(tmpdir(), "saltx-notify-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const libc = openLibc({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u64", "i32"], result: "u64" },
  close: { parameters: ["i32"], result: "i32" },
});
const MSG_DONTWAIT = 0x40;

/** What systemd would hear at `path` while `act` runs. */
async function heardAt(path: string, act: () => Promise<unknown>): Promise<string> {
  const fd = Number(libc.socket(1, 2, 0));
  const address = unixAddress(path);
  assert.equal(libc.bind(fd, address, address.length), 0);
  try {
    await act();
    const buffer = new Uint8Array(256);
    const length = Number(libc.recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
    return new TextDecoder().decode(buffer.subarray(0, length));
  } finally {
    libc.close(fd);
  }
}

for (const path of [join(folder, "notify"), `@saltx-test-${process.pid}`]) {
  test(`sdNotify() - sends the state in one datagram to ${path[0] === "@" ? "an abstract socket" : "a path"}`, async () => {
    const heard = await heardAt(path, () => sdNotify("READY=1\nSTATUS=Up", openLibc, path));
    assert.equal(heard, "READY=1\nSTATUS=Up");
  });
}

test("sdNotify() - does nothing without systemd, and survives a socket that is gone", async () => {
  assert.equal(await sdNotify("READY=1", openLibc, ""), false);
  assert.equal(await sdNotify("READY=1", openLibc, join(folder, "gone")), false);
});

test("unixAddress() - refuses a path that does not fit", () => {
  assert.throws(() => unixAddress("/" + "x".repeat(107)), /108 bytes/);
  assert.throws(() => unixAddress(""), /0 bytes/);
});
