import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FileSums } from "../../../../src/master/commands/file_sums.ts";
import { type FoundFile, RootsFileServer } from "../../../../src/plugins/fileserver/mod.ts";

const MIB = 1 << 20;

function lab(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "saltx-sums-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const found = (name: string, content: Uint8Array, version: string): FoundFile => {
    const path = join(root, name);
    writeFileSync(path, content);
    return { path, rel: name, stat: [], size: content.length, version, settled: true };
  };
  return { root, found };
}

/** Turns of the event loop that others have until a promise is settled. */
async function turnsUntil(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const end = () => over = true;
  work.then(end, end);
  for (; !over; turns++) await new Promise((resolve) => setImmediate(resolve));
  return turns;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("FileSums.of() works a sum out once for each version and kind", (t) => {
  const { root, found } = lab(t);
  const sums = new FileSums(root);
  const [one, two] = [new Uint8Array(10).fill(1), new Uint8Array(10).fill(2)];
  assert.equal(sums.of(found("a", one, "1"), "sha256"), sha256(one));
  // The same version stands for the same content.
  assert.equal(sums.of(found("a", two, "1"), "sha256"), sha256(one));
  assert.equal(sums.of(found("a", two, "2"), "sha256"), sha256(two));
  assert.equal(String(sums.of(found("a", two, "2"), "md5")).length, 32);
  assert.deepEqual(readdirSync(root), ["a"]);
});

test("FileSums keeps the sums of large files for others and the next start", async (t) => {
  const { root, found } = lab(t);
  const large = new Uint8Array(9 * MIB).fill(7);
  assert.equal(await new FileSums(root).of(found("a", large, "1"), "sha256"), sha256(large));
  const later = found("a", new Uint8Array(9 * MIB), "1");
  assert.equal(new FileSums(root).of(later, "sha256"), sha256(large));
  const [kept] = readdirSync(join(root, "file_sums"));
  writeFileSync(join(root, "file_sums", kept!), "no sum");
  assert.equal(await new FileSums(root).of(later, "sha256"), sha256(new Uint8Array(9 * MIB)));
});

test("FileSums.of() gives way to others between the pieces of a large file", async (t) => {
  const { root, found } = lab(t);
  const large = new Uint8Array(9 * MIB + 5);
  // No two of its pieces are the same.
  for (let at = 0; at < large.length; at += MIB) large.fill(at / MIB, at, at + MIB);
  const sum = new FileSums(root).of(found("a", large, "1"), "sha256");
  assert.ok(sum instanceof Promise);
  const turns = await turnsUntil(sum);
  assert.ok(turns >= 9, `there were ${turns} turns`);
  assert.equal(await sum, sha256(large));
});

test("FileSums.of() reads a large file once for all who ask meanwhile", async (t) => {
  const { root, found } = lab(t);
  const large = new Uint8Array(9 * MIB).fill(5);
  let readings = 0;
  const isStill = () => ++readings > 0;
  const file = { ...found("a", large, "1"), isStill };
  const sums = new FileSums(root);
  const asked = Array.from({ length: 10 }, () => sums.of({ ...file }, "sha256"));
  const other = sums.of(file, "md5");
  assert.deepEqual(new Set(await Promise.all(asked)), new Set([sha256(large)]));
  assert.equal((await other).length, 32);
  // One for each kind.
  assert.equal(readings, 2);
});

test("FileSums.of() reads four large files at once, and the fifth as one of them ends", async (t) => {
  const { root, found } = lab(t);
  const sums = new FileSums(root);
  const ended: string[] = [];
  const ask = async (name: string, mib: number) => {
    const file = found(name, new Uint8Array(), "1");
    truncateSync(file.path, mib * MIB);
    await sums.of({ ...file, size: mib * MIB }, "sha256");
    ended.push(name);
  };
  await Promise.all([...["a", "b", "c", "d"].map((name) => ask(name, 40)), ask("short", 8)]);
  assert.notEqual(ended[0], "short");
});

test("FileSums.of() keeps no sum of a file that changed while it was read", async (t) => {
  const { root, found } = lab(t);
  const sums = new FileSums(root);
  for (const size of [10, 9 * MIB]) {
    const [one, two] = [new Uint8Array(size).fill(1), new Uint8Array(size).fill(2)];
    const changed = { ...found("a", one, `${size}`), isStill: () => false };
    assert.equal(await sums.of(changed, "sha256"), sha256(one));
    assert.equal(await sums.of(found("a", two, `${size}`), "sha256"), sha256(two));
  }
});

test("FileSums.of() sees that a file of a root changes while it is read", async (t) => {
  const { root } = lab(t);
  const base = join(root, "srv");
  mkdirSync(base);
  const path = join(base, "a");
  writeFileSync(path, new Uint8Array(9 * MIB));
  const server = new RootsFileServer({ file_roots: { base: [base] } });
  const sums = new FileSums(root);
  const during = sums.of(server.find("a", "base")!, "sha256");
  truncateSync(path, 9 * MIB + 1);
  await during;
  assert.equal(existsSync(join(root, "file_sums")), false);
  const after = await sums.of(server.find("a", "base")!, "sha256");
  assert.equal(after, sha256(new Uint8Array(9 * MIB + 1)));
  assert.equal(readdirSync(join(root, "file_sums")).length, 1);
});

test("FileSums.of() tells all who ask why a large file has no sum, and tries again later", async (t) => {
  const { root, found } = lab(t);
  const large = new Uint8Array(9 * MIB).fill(4);
  const file = found("a", large, "1");
  rmSync(file.path);
  const sums = new FileSums(root);
  const ask = (type: string) => Promise.resolve(sums.of(file, type));
  const asked = await Promise.allSettled(Array.from({ length: 3 }, () => ask("sha256")));
  for (const outcome of asked) {
    assert.equal(outcome.status === "rejected" && outcome.reason.code, "ENOENT");
  }
  await assert.rejects(ask("no hash"));
  writeFileSync(file.path, large);
  assert.equal(await ask("sha256"), sha256(large));
});
