import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chunk } from "../../../../src/plugins/modules/cp/source.ts";
import { transfer } from "../../../../src/plugins/modules/cp/transfer.ts";

/** A source of a text that serves some bytes at a time and notes what it was asked for. */
function sourceOf(text: string, step: number, about: { sized?: boolean; version?: string } = {}) {
  const bytes = new TextEncoder().encode(text);
  const asked: number[] = [];
  let [now, most] = [0, 0];
  const read = async (offset: number): Promise<Chunk | undefined> => {
    asked.push(offset);
    most = Math.max(most, ++now);
    await Promise.resolve();
    now -= 1;
    return {
      bytes: bytes.slice(offset, offset + step),
      total: about.sized ? bytes.length : null,
      version: about.version ?? null,
    };
  };
  return { asked, read, most: () => most };
}

async function run(source: { read(offset: number): Promise<Chunk | undefined> }) {
  const parts: Uint8Array[] = [];
  const first = await source.read(0);
  const whole = await transfer(first!, source.read, (bytes) => {
    parts.push(bytes);
    return Promise.resolve();
  });
  return { whole, text: new TextDecoder().decode(Buffer.concat(parts)) };
}

const text = Array.from({ length: 100 }, (_, i) => `${i},`).join("");

test("transfer() brings a file of known length with several chunks at a time and none too many", async () => {
  const source = sourceOf(text, 10, { sized: true });
  assert.deepEqual(await run(source), { whole: true, text });
  assert.equal(source.asked.length, text.length / 10);
  assert.ok(source.most() > 1);
});

test("transfer() asks for no more of a file that came whole with the first chunk", async () => {
  const source = sourceOf("short", 10, { sized: true });
  assert.deepEqual(await run(source), { whole: true, text: "short" });
  assert.deepEqual(source.asked, [0]);
});

test("transfer() brings a file of unknown length, and one request past the end is enough", async () => {
  for (const content of ["", "short", text.slice(0, 20), text]) {
    const source = sourceOf(content, 10);
    assert.deepEqual(await run(source), { whole: true, text: content });
  }
  const source = sourceOf("short", 10);
  await run(source);
  assert.deepEqual(source.asked, [0, 5]);
});

test("transfer() goes on where a chunk ended that was shorter than others", async () => {
  const source = sourceOf(text, 10);
  const read = async (offset: number) => {
    const chunk = await source.read(offset);
    return offset === 50 ? { ...chunk!, bytes: chunk!.bytes.slice(0, 7) } : chunk;
  };
  assert.deepEqual(await run({ read }), { whole: true, text });
});

test("transfer() tells when another version came half way", async () => {
  const source = sourceOf(text, 10, { sized: true, version: "a" });
  const read = async (offset: number) => {
    const chunk = await source.read(offset);
    return offset === 100 ? { ...chunk!, version: "b" } : chunk;
  };
  assert.equal((await run({ read })).whole, false);
});

test("transfer() tells when a file of known length ends too soon", async () => {
  const source = sourceOf(text, 10, { sized: true });
  const read = async (offset: number) => {
    const chunk = await source.read(offset);
    return offset >= 100 ? { ...chunk!, bytes: new Uint8Array() } : chunk;
  };
  assert.equal((await run({ read })).whole, false);
});

test("transfer() rejects when a chunk cannot be had, and leaves no rejection unseen", async () => {
  const source = sourceOf(text, 10, { sized: true });
  const read = async (offset: number) => {
    if (offset >= 30) throw new Error("no answer");
    return await source.read(offset);
  };
  await assert.rejects(run({ read }), /no answer/);
  const gone = async (offset: number) => offset === 0 ? await source.read(0) : undefined;
  await assert.rejects(run({ read: gone }), /went while/);
});
