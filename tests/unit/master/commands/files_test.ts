import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Bulk } from "../../../../src/channel/bulk_reply.ts";
import type { Caller } from "../../../../src/channel/gate.ts";
import type { MasterOpts } from "../../../../src/config/mod.ts";
import { fileCommands } from "../../../../src/master/commands/files.ts";
import type { DataMap } from "../../../../src/types/mod.ts";

const MIB = 1 << 20;

/** A root with one file, and what a saltx minion gets of it. */
function served(t: TestContext, size: number) {
  const root = mkdtempSync(join(tmpdir(), "sx-files-"));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, "srv");
  mkdirSync(folder);
  const path = join(folder, "large");
  writeFileSync(path, new Uint8Array(size).fill(1));
  const opts = {
    cachedir: join(root, "cache"),
    file_roots: { base: [folder] },
    fileserver_backend: ["roots"],
    file_buffer_size: 262_144,
    hash_type: "sha256",
  } as unknown as MasterOpts;
  const commands = fileCommands(opts);
  /** What a command gives, as it gives it: at once or later, where it says that it may. */
  const run = (cmd: string, load: DataMap = {}) => {
    const command = commands[cmd]!;
    const reply = command.run({ path: "large", saltenv: "base", ...load }, {} as Caller);
    assert.ok(!(reply instanceof Promise) || command.aside);
    return reply;
  };
  const serve = async (load: DataMap) => {
    const reply = await run("_serve_file", { loc: 0, size: MIB, bulk: true, ...load });
    assert.ok(reply instanceof Bulk);
    return reply;
  };
  return { path, run, serve };
}

/** Reads a content through, with something done after half of it. */
function readThrough({ content }: Bulk, halfWay = () => {}): { bytes: number; about: DataMap } {
  const piece = new Uint8Array(content.length / 2);
  let bytes = content.read(piece);
  halfWay();
  bytes += content.read(piece);
  return { bytes, about: content.end() };
}

/** Until the times of the file say for sure whether it changes. */
async function versionOf(serve: () => Promise<Bulk>): Promise<unknown> {
  for (let tries = 0; tries < 600; tries++) {
    const { version } = readThrough(await serve()).about;
    if (version !== undefined) return version;
    await sleep(50);
  }
  return undefined;
}

test("_serve_file names the version of what was read, none when it changed meanwhile", async (t) => {
  const { path, serve } = served(t, 3 * MIB);
  const version = await versionOf(() => serve({}));
  assert.equal(typeof version, "string");
  const later = await serve({ loc: MIB });
  assert.deepEqual(readThrough(later), { bytes: MIB, about: { version } });
  const changed = readThrough(await serve({}), () => writeFileSync(path, new Uint8Array(3 * MIB)));
  assert.deepEqual(changed, { bytes: MIB, about: {} });
});

test("_serve_file gives another file of the name no version of the one before", async (t) => {
  const { path, serve } = served(t, 3 * MIB);
  await versionOf(() => serve({}));
  const bulk = await serve({});
  writeFileSync(`${path}.new`, new Uint8Array(3 * MIB).fill(2));
  renameSync(`${path}.new`, path);
  assert.deepEqual(readThrough(bulk).about, {});
});

test("_serve_file gives fewer bytes when the file was cut meanwhile", async (t) => {
  const { path, serve } = served(t, MIB);
  const read = readThrough(await serve({}), () => truncateSync(path, MIB / 2 + 5));
  assert.deepEqual(read, { bytes: MIB / 2 + 5, about: {} });
});

test("_file_hash and _file_hash_and_stat answer later for a large file, at once for others", async (t) => {
  const sumOf = (size: number) => ({
    hash_type: "sha256",
    hsum: createHash("sha256").update(new Uint8Array(size).fill(1)).digest("hex"),
  });
  const large = served(t, 9 * MIB);
  const [hash, both] = [large.run("_file_hash"), large.run("_file_hash_and_stat")];
  assert.ok(hash instanceof Promise && both instanceof Promise);
  assert.deepEqual(await hash, sumOf(9 * MIB));
  const [sum, stat] = await both as [unknown, number[]];
  assert.deepEqual([sum, stat[6]], [sumOf(9 * MIB), 9 * MIB]);
  // It is known by now.
  assert.deepEqual(large.run("_file_hash"), sumOf(9 * MIB));
  assert.deepEqual(served(t, 10).run("_file_hash"), sumOf(10));
});

test("_serve_file packs a large chunk aside, to the bytes that it packs at once otherwise", async (t) => {
  const { path, run } = served(t, 0);
  const content = Uint8Array.from({ length: MIB }, (_, i) => i * i >> 7);
  writeFileSync(path, content);
  const chunk = (loc: number, size: number) => run("_serve_file", { loc, size, gzip: 5 });
  const large = chunk(0, MIB / 2);
  assert.ok(large instanceof Promise);
  const { data, dest, size, gzip } = await large as DataMap;
  assert.deepEqual([dest, size, gzip], ["large", MIB, 5]);
  assert.deepEqual(data, new Uint8Array(gzipSync(content.subarray(0, MIB / 2), { level: 5 })));
  const small = chunk(1000, 1000) as DataMap;
  const packed = gzipSync(content.subarray(1000, 2000), { level: 5 });
  assert.deepEqual(small["data"], new Uint8Array(packed));
  assert.deepEqual((chunk(MIB, MIB) as DataMap)["data"], new Uint8Array());
});

test("_serve_file names no version of a chunk that was cut before its packing", async (t) => {
  const { path, run, serve } = served(t, MIB);
  await versionOf(() => serve({}));
  const chunk = () => run("_serve_file", { loc: 0, size: MIB, gzip: 1 });
  // The last of them waits for a slot.
  const chunks = Array.from({ length: 5 }, chunk);
  truncateSync(path, 0);
  const replies = await Promise.all(chunks) as DataMap[];
  assert.deepEqual(replies.map(({ gzip }) => gzip), [1, 1, 1, 1, undefined]);
  assert.deepEqual(replies.map(({ version }) => typeof version), [
    ...Array(4).fill("string"),
    "undefined",
  ]);
  assert.deepEqual(replies[4]!["data"], new Uint8Array());
});
