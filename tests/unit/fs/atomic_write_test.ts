import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { SaltException } from "../../../src/errors.ts";
import { atomicWrite, atomicWriteSync, ensureDir, fileError } from "../../../src/fs/mod.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "saltx-fs-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

type Write = (path: string, data: Uint8Array | string, options?: { mode?: number }) => unknown;

for (const [name, write] of [["atomicWriteSync", atomicWriteSync], ["atomicWrite", atomicWrite]]) {
  const writeFile = write as Write;

  test(`${name}() replaces content and mode at once and leaves no litter`, async () => {
    const path = join(dir, "key.pem");
    writeFileSync(path, "old", { mode: 0o644 });
    await writeFile(path, "new", { mode: 0o600 });
    equal(readFileSync(path, "utf8"), "new");
    equal(modeOf(path), 0o600);
    await writeFile(path, new Uint8Array([0, 255]), { mode: 0o640 });
    deepEqual([...readFileSync(path)], [0, 255]);
    equal(modeOf(path), 0o640);
    deepEqual(readdirSync(dir), ["key.pem"]);
  });

  test(`${name}() gives the mode that was asked for under any umask`, async () => {
    const before = process.umask(0o077);
    try {
      await writeFile(join(dir, "a"), "x", { mode: 0o664 });
    } finally {
      process.umask(before);
    }
    equal(modeOf(join(dir, "a")), 0o664);
  });

  test(`${name}() replaces a link, not the file it leads to`, async () => {
    writeFileSync(join(dir, "target"), "untouched");
    symlinkSync("target", join(dir, "link"));
    await writeFile(join(dir, "link"), "new");
    equal(readFileSync(join(dir, "target"), "utf8"), "untouched");
    equal(readFileSync(join(dir, "link"), "utf8"), "new");
  });

  test(`${name}() names the file when it fails, and leaves no litter`, async () => {
    mkdirSync(join(dir, "taken"));
    const attempt = async () => await writeFile(join(dir, "taken"), "x");
    await rejects(attempt, (error) => {
      ok(error instanceof SaltException);
      equal(error.message, `Cannot write "${join(dir, "taken")}": a folder has that name`);
      return true;
    });
    deepEqual(readdirSync(dir), ["taken"]);
    await rejects(async () => await writeFile(join(dir, "no/file"), "x"), /folder does not exist/);
  });

  test(`${name}() called many times at once leaves one whole file`, async () => {
    const path = join(dir, "race");
    const texts = Array.from({ length: 20 }, (_, n) => String(n).repeat(5000));
    await Promise.all(texts.map(async (text) => await writeFile(path, text)));
    ok(texts.includes(readFileSync(path, "utf8")));
    deepEqual(readdirSync(dir), ["race"]);
  });
}

test("fileError() says what to do about a full disk", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
  });
  match(
    fileError("write", "/var/x", full).message,
    /^Cannot write "\/var\/x": no space left on the device; free some/,
  );
  equal(fileError("read", "/x", new Error("odd")).message, 'Cannot read "/x": odd');
});

test("ensureDir() makes folders and corrects the mode of the last one", () => {
  const before = process.umask(0o027);
  try {
    ensureDir(join(dir, "a/b/c"), 0o777);
  } finally {
    process.umask(before);
  }
  equal(modeOf(join(dir, "a/b/c")), 0o777);
  equal(modeOf(join(dir, "a/b")), 0o750, "folders above get the usual mode");
  ensureDir(join(dir, "a/b/c"), 0o700);
  equal(modeOf(join(dir, "a/b/c")), 0o700);
  ensureDir(join(dir, "a/b/c"));
  equal(modeOf(join(dir, "a/b/c")), 0o700);
});

test("ensureDir() names a file that is in the way", () => {
  writeFileSync(join(dir, "file"), "");
  const blocked = /Cannot create folder ".*": a (?:part of its path is a file|file is in the way)/;
  throws(() => ensureDir(join(dir, "file/below"), 0o700), blocked);
  throws(() => ensureDir(join(dir, "file")), blocked);
});
