import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { processStat } from "../../../../src/host/mod.ts";
import { localServices } from "../../../../src/loader/mod.ts";
import { fetchTo } from "../../../../src/plugins/modules/cp/fetch.ts";
import { isPart, Part } from "../../../../src/plugins/modules/cp/place.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

const MIB = 1 << 20;

/** A master that serves one large file in chunks of 1 MiB, and fails behind `most` bytes. */
async function withLarge(t: TestContext, isVersioned: boolean) {
  const root = mkdtempSync(join(tmpdir(), "saltx-part-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const state = { content: randomBytes(12 * MIB + 5), version: "one", most: Infinity };
  const asked: number[] = [];
  const request = (load: DataMap): Promise<Data> => {
    if (load["cmd"] === "_file_hash") {
      const hsum = createHash("sha256").update(state.content).digest("hex");
      return Promise.resolve({ hsum, hash_type: "sha256" });
    }
    const loc = Number(load["loc"]);
    asked.push(loc);
    if (loc >= state.most) return Promise.reject(new Error("The master went away"));
    const { version, content } = state;
    const chunk = { data: new Uint8Array(content.subarray(loc, loc + MIB)), dest: "large" };
    return Promise.resolve(isVersioned ? { ...chunk, size: content.length, version } : chunk);
  };
  const ctx = await testContext({
    opts: { file_client: "remote", cachedir: join(root, "cache") },
    minion: { ...localServices, request },
  });
  const dest = join(root, "large");
  const fetch = () => fetchTo(ctx, { path: "large", saltenv: "base" }, dest, { makedirs: true });
  const parts = () => readdirSync(root).filter(isPart);
  /** Leaves 10 MiB behind. */
  const breakOff = async () => {
    state.most = 10 * MIB;
    await assert.rejects(fetch(), /went away/);
    state.most = Infinity;
    asked.length = 0;
    assert.equal(parts().length, 1);
    assert.ok(!existsSync(dest));
  };
  const isWhole = () => readFileSync(dest).equals(state.content) && parts().length === 0;
  return { root, state, asked, fetch, parts, breakOff, isWhole, dest };
}

for (const isVersioned of [true, false]) {
  const source = isVersioned ? "a source with versions" : "a source without versions";

  test(`fetchTo() goes on behind what an earlier attempt left, from ${source}`, async (t) => {
    const { fetch, breakOff, isWhole, asked } = await withLarge(t, isVersioned);
    await breakOff();
    await fetch();
    assert.ok(isWhole());
    assert.deepEqual(asked.filter((loc) => loc > 0 && loc < 10 * MIB), []);
  });

  test(`fetchTo() begins anew when what was left is not of this file, from ${source}`, async (t) => {
    const { fetch, breakOff, isWhole, parts, root } = await withLarge(t, isVersioned);
    await breakOff();
    writeFileSync(join(root, parts()[0]!), randomBytes(9 * MIB));
    await fetch();
    assert.ok(isWhole());
  });
}

test("fetchTo() takes nothing over of another version", async (t) => {
  const { fetch, breakOff, isWhole, state, asked } = await withLarge(t, true);
  await breakOff();
  state.version = "two";
  state.content = randomBytes(11 * MIB);
  await fetch();
  assert.ok(asked.includes(5 * MIB));
  assert.ok(isWhole());
});

test("fetchTo() takes over no link, no file that others could write, and none that is in use", async (t) => {
  const { fetch, breakOff, parts, root, state, dest } = await withLarge(t, true);
  await breakOff();
  const [name = ""] = parts();
  const path = join(root, name);
  const kept = readFileSync(path);
  const elsewhere = join(root, "elsewhere");
  writeFileSync(elsewhere, kept, { mode: 0o600 });

  rmSync(path);
  symlinkSync(elsewhere, path);
  await fetch();
  rmSync(path, { force: true });
  rmSync(dest);

  linkSync(elsewhere, path);
  await fetch();
  rmSync(path, { force: true });
  rmSync(dest);

  writeFileSync(path, kept);
  chmodSync(path, 0o666);
  await fetch();
  assert.deepEqual(parts(), []);
  rmSync(dest);

  const mine = name.replace(".0-0-", `.${process.pid}-${processStat(process.pid)?.started}-`);
  writeFileSync(join(root, mine), kept, { mode: 0o600 });
  await fetch();
  assert.deepEqual(parts(), [mine]);
  assert.ok(readFileSync(elsewhere).equals(kept));
  assert.ok(readFileSync(dest).equals(state.content));
});

test("what nobody goes on with is deleted after a day", async (t) => {
  const { fetch, breakOff, parts, root } = await withLarge(t, true);
  await breakOff();
  const [left = ""] = parts();
  const [old, recent] = ["0", "1"].map((digit) =>
    left.replace(/-[0-9a-f]{16}/, `-${digit.repeat(16)}`)
  );
  for (const name of [old, recent]) writeFileSync(join(root, name!), "");
  const yesterday = Date.now() / 1000 - 25 * 3600;
  utimesSync(join(root, old!), yesterday, yesterday);
  await fetch();
  assert.deepEqual(parts(), [recent]);
});

test("Part - little is not kept, and what is not whole never has the name of the file", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "saltx-part-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const part = await Part.open(join(root, "file"), "origin");
  await part.write(new Uint8Array(MIB));
  assert.deepEqual(readdirSync(root).filter((entry) => !isPart(entry)), []);
  await part.keep();
  assert.deepEqual(readdirSync(root), []);
});
