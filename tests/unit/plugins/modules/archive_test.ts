import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  guessFormat,
  parseRarList,
  parseTarList,
} from "../../../../src/plugins/modules/archive/list.ts";
import { testContext } from "../../../support/exec_context.ts";

/** Written by Python's zipfile: folder, packed file, link, plain file. */
const plain =
  "UEsDBBQAAAAAAIMYIlgAAAAAAAAAAAAAAAACAAAAYS9QSwMEFAAAAAgAgxgiWICI+eUKAAAAEQAAAAcAAABhL2IudHh0y0j" +
  "NyclXyECQAFBLAwQUAAAAAACDGCJYao1LhgUAAAAFAAAAAwAAAGEvbGIudHh0UEsDBBQAAAAAAIMYIljPYiAZBQAAAAUAAAAFAAA" +
  "AYy50eHRwbGFpblBLAQIUAxQAAAAAAIMYIlgAAAAAAAAAAAAAAAACAAAAAAAAAAAAAADtQQAAAABhL1BLAQIUAxQAAAAIAIMYIli" +
  "AiPnlCgAAABEAAAAHAAAAAAAAAAAAAACggSAAAABhL2IudHh0UEsBAhQDFAAAAAAAgxgiWGqNS4YFAAAABQAAAAMAAAAAAAAAAAA" +
  "AAP+hTwAAAGEvbFBLAQIUAxQAAAAAAIMYIljPYiAZBQAAAAUAAAAFAAAAAAAAAAAAAACAAXUAAABjLnR4dFBLBQYAAAAABAAEAMk" +
  "AAACdAAAAAAA=";

/** Entries `../evil`, `/abs`, a link `out` to `/tmp` and `out/f`. */
const hostile =
  "UEsDBBQAAAAIAIMYIliDFtyMAwAAAAEAAAAHAAAALi4vZXZpbKsAAFBLAwQUAAAACACDGCJYFSbb+wMAAAABAAAABAAAAC9hYnO" +
  "rBABQSwMEFAAAAAgAgxgiWC7EuwoGAAAABAAAAAMAAABvdXTTL8ktAABQSwMEFAAAAAgAgxgiWK930mIDAAAAAQAAAAUAAABvdXQ" +
  "vZqsCAFBLAQIUAxQAAAAIAIMYIliDFtyMAwAAAAEAAAAHAAAAAAAAAAAAAACkgQAAAAAuLi9ldmlsUEsBAhQDFAAAAAgAgxgiWBU" +
  "m2/sDAAAAAQAAAAQAAAAAAAAAAAAAAKSBKAAAAC9hYnNQSwECFAMUAAAACACDGCJYLsS7CgYAAAAEAAAAAwAAAAAAAAAAAAAA/6F" +
  "NAAAAb3V0UEsBAhQDFAAAAAgAgxgiWK930mIDAAAAAQAAAAUAAAAAAAAAAAAAAKSBdAAAAG91dC9mUEsFBgAAAAAEAAQAywAAAJo" +
  "AAAAAAA==";

/** Each a link `d` to `../elsewhere`; then `d/sub/f`, and `d/` with a mode of its own. */
const throughLink =
  "UEsDBBQAAAAAAIMYIlgec80vDAAAAAwAAAABAAAAZC4uL2Vsc2V3aGVyZVBLAwQUAAAAAACDGCJYgxbcjAEAAAABAAAABw" +
  "AAAGQvc3ViL2Z4UEsBAhQDFAAAAAAAgxgiWB5zzS8MAAAADAAAAAEAAAAAAAAAAAAAAP+hAAAAAGRQSwECFAMUAAAAAACD" +
  "GCJYgxbcjAEAAAABAAAABwAAAAAAAAAAAAAApIErAAAAZC9zdWIvZlBLBQYAAAAAAgACAGQAAABRAAAAAAA=";
const ontoLink =
  "UEsDBBQAAAAAAIMYIlgec80vDAAAAAwAAAABAAAAZC4uL2Vsc2V3aGVyZVBLAwQUAAAAAACDGCJYAAAAAAAAAAAAAAAAAg" +
  "AAAGQvUEsBAhQDFAAAAAAAgxgiWB5zzS8MAAAADAAAAAEAAAAAAAAAAAAAAP+hAAAAAGRQSwECFAMUAAAAAACDGCJYAAAA" +
  "AAAAAAAAAAAAAgAAAAAAAAAAAAAAwEErAAAAZC9QSwUGAAAAAAIAAgBfAAAASwAAAAAA";

/** Written by `zip -P pass`. */
const locked =
  "UEsDBBQACQAIAF14el16phwnHAAAABcAAAAFABwAcy50eHRVVAkAAyJKCGsiSghrdXgLAAEEAAAAAAQAAAAAjO+lg+advfYcCLn" +
  "RngPD2imOwd1YcgiGY1XX6FBLBwh6phwnHAAAABcAAABQSwECHgMUAAkACABdeHpdeqYcJxwAAAAXAAAABQAYAAAAAAABAAAApIE" +
  "AAAAAcy50eHRVVAUAAyJKCGt1eAsAAQQAAAAABAAAAABQSwUGAAAAAAEAAQBLAAAAawAAAAAA";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "saltx-archive-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function put(folder: string, base64: string): string {
  const path = join(folder, "a.zip");
  writeFileSync(path, Buffer.from(base64, "base64"));
  return path;
}

test("archive.unzip writes files, folders and links with their modes", async () => {
  await withFolder(async (folder) => {
    const ctx = await testContext();
    const out = join(folder, "out");
    const names = await ctx.salt("archive.unzip", [put(folder, plain), out]);
    assert.deepEqual(names, ["a/", "a/b.txt", "a/l", "c.txt"]);
    assert.equal(readFileSync(join(out, "a/b.txt"), "utf8"), "hello hello hello");
    assert.equal(statSync(join(out, "a/b.txt")).mode & 0o7777, 0o640);
    assert.equal(statSync(join(out, "c.txt")).mode & 0o7777, 0o600);
    assert.equal(readlinkSync(join(out, "a/l")), "b.txt");
  });
});

test("archive.unzip leaves its folder neither by names nor by links", async () => {
  await withFolder(async (folder) => {
    const ctx = await testContext();
    const out = join(folder, "out");
    const calling = ctx.salt("archive.unzip", [put(folder, hostile), out]);
    await assert.rejects(calling, /"[^"]*\/out\/f" would be outside of/);
    assert.equal(readFileSync(join(out, "evil"), "utf8"), "x");
    assert.equal(readFileSync(join(out, "abs"), "utf8"), "y");
    assert.ok(!existsSync(join(folder, "evil")));
    assert.ok(!existsSync("/tmp/f"));
  });
});

test("archive.unzip makes no folder beyond a link, and gives none there a mode", async () => {
  for (const archive of [throughLink, ontoLink]) {
    await withFolder(async (folder) => {
      const ctx = await testContext();
      const elsewhere = join(folder, "elsewhere");
      mkdirSync(elsewhere, { mode: 0o751 });
      const calling = ctx.salt("archive.unzip", [put(folder, archive), join(folder, "out")]);
      await assert.rejects(calling, /would be outside of/);
      assert.deepEqual(readdirSync(elsewhere), []);
      assert.equal(statSync(elsewhere).mode & 0o777, 0o751);
    });
  }
});

test("archive.unzip opens what is encrypted with its password alone", async () => {
  await withFolder(async (folder) => {
    const ctx = await testContext();
    const path = put(folder, locked);
    assert.equal(await ctx.salt("archive.is_encrypted", [path]), true);
    const unzip = (password: string | null) =>
      ctx.salt("archive.unzip", [path, folder], { password });
    await assert.rejects(unzip(null), /File 's.txt' is encrypted, password required/);
    await assert.rejects(unzip("wrong"), /Bad password|Bad CRC-32|invalid/);
    await unzip("pass");
    assert.equal(readFileSync(join(folder, "s.txt"), "utf8"), "secret text secret text");
  });
});

test("archive.unzip finds broken content", async () => {
  await withFolder(async (folder) => {
    const ctx = await testContext();
    const bytes = Buffer.from(plain, "base64");
    bytes[bytes.indexOf("plain")] = 0x50;
    const path = put(folder, bytes.toString("base64"));
    const calling = ctx.salt("archive.unzip", [path, join(folder, "out")]);
    await assert.rejects(calling, /Bad CRC-32 for file 'c.txt'/);
  });
});

test("archive.zip makes what archive.unzip reads", async () => {
  await withFolder(async (folder) => {
    const ctx = await testContext();
    const text = "line\n".repeat(100_000);
    writeFileSync(join(folder, "long"), text);
    const zip = join(folder, "b.zip");
    assert.deepEqual(await ctx.salt("archive.zip", [zip, "long"], { cwd: folder }), ["long"]);
    assert.ok(statSync(zip).size < 10_000);
    await ctx.salt("archive.unzip", [zip, join(folder, "out")]);
    assert.equal(readFileSync(join(folder, "out/long"), "utf8"), text);
  });
});

test("parseTarList() reads kinds, links and escaped names", () => {
  const text = `drwxr-xr-x 0/0               0 2026-11-26 14:59:00 tree/
-rw-r--r-- 0/0               1 2024-01-01 12:00:00 tree/a b.txt
-rw-r--r-- 0/0               1 2024-01-01 12:00:00 tree/n\\nl \\303\\251\\\\
lrwxrwxrwx 0/0               0 2026-11-26 14:59:00.123 link -> words
hrw-r--r-- 0/0               0 2024-01-01 12:00:00 hard link to tree/a b.txt
`;
  assert.deepEqual(parseTarList(text), {
    dirs: ["tree/"],
    files: ["tree/a b.txt", "tree/n\nl é\\", "hard"],
    links: ["link"],
  });
});

test("parseRarList() tells folders from files", () => {
  const text =
    "        Name: dir/file\n        Type: File\n\n        Name: dir\n        Type: Directory\n";
  assert.deepEqual(parseRarList(text), { dirs: ["dir/"], files: ["dir/file"], links: [] });
});

test("guessFormat() goes by the name", () => {
  assert.equal(guessFormat("a.TAR.gz"), "tar");
  assert.equal(guessFormat("a.txz"), "tar");
  assert.equal(guessFormat("a.zip"), "zip");
  assert.equal(guessFormat("a.gz"), null);
});
