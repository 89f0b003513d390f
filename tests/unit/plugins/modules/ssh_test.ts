import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  expandPath,
  fingerprint,
  keyKind,
  keyLine,
  parseAuthorizedKeys,
} from "../../../../src/plugins/modules/ssh/files.ts";
import { matchedLines, parseHostKeys } from "../../../../src/plugins/modules/ssh/known_hosts.ts";
import { testContext } from "../../../support/exec_context.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIF0aSx0iBVgO8kZhKm7ggW2dDyw1mDYQcI5a2vYwkM1f";

test("keyKind() knows short names and refuses others", () => {
  assert.equal(keyKind("d"), "ssh-dss");
  assert.equal(keyKind("ecdsa"), "ecdsa-sha2-nistp256");
  assert.equal(keyKind("sk-ssh-ed25519@openssh.com"), "sk-ssh-ed25519@openssh.com");
  assert.throws(() => keyKind("x"), /Incorrect encryption key type 'x'/);
});

test("fingerprint() is null for what is no base64", () => {
  assert.equal(fingerprint("AAAA", "md5"), "69:3e:9a:f8:4d:3d:fc:c7:1e:64:0e:00:5b:dc:5e:2e");
  assert.equal(fingerprint("b!d=", null), null);
  assert.equal(fingerprint("AAA", null), null);
  assert.throws(() => fingerprint("AAAA", "nosuch"), /nosuch is not supported/);
});

test("keyLine() keeps a key on one line", () => {
  assert.equal(keyLine("AAAA", "ssh-rsa", "c", ["a", "b"]), "a,b ssh-rsa AAAA c\n");
  assert.throws(() => keyLine("AAAA", "ssh-rsa", "c\nssh-rsa BBBB", []), /A key is one line/);
});

test("parseAuthorizedKeys() reads options, comments of several words, and skips the rest", () => {
  const text =
    `# ssh-rsa AAAA not this\n\nno-pty,from="a b" ssh-ed25519 ${key} ann at home\nnonsense\n`;
  assert.deepEqual([...parseAuthorizedKeys(text, "md5")], [[key, {
    enc: "ssh-ed25519",
    comment: "ann at home",
    options: ["no-pty", 'from="a b"'],
    fingerprint: fingerprint(key, "md5"),
  }]]);
});

test("expandPath() knows %u, %h and %%", () => {
  assert.equal(expandPath("%h/%u%%", "ann", "/home/ann"), "/home/ann/ann%");
  assert.throws(() => expandPath("a%", "ann", "/"), /Last character can't be escape/);
  assert.throws(() => expandPath("%z", "ann", "/"), /unknown token character "%z"/);
});

test("parseHostKeys() and matchedLines() read what ssh-keygen -F prints", () => {
  const text =
    `# Host h1 found: line 2 \nh1 ssh-ed25519 ${key}\n# Host h1 found: line 5 \nh1 ssh-rsa AAAA\n`;
  assert.deepEqual(parseHostKeys(text, "md5").map(({ enc }) => enc), ["ssh-ed25519", "ssh-rsa"]);
  assert.deepEqual(matchedLines(text, null), [2, 5]);
  assert.deepEqual(matchedLines(text, "ssh-rsa"), [5]);
});

test("ssh.set_auth_key makes folder and file for the user alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-ssh-"));
  try {
    const ctx = await testContext();
    const config = join(folder, "new/keys");
    const { username } = userInfo();
    assert.equal(
      await ctx.salt("ssh.set_auth_key", [username, key], { enc: "ed25519", config }),
      "new",
    );
    assert.equal(statSync(join(folder, "new")).mode & 0o777, 0o700);
    assert.equal(statSync(config).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("ssh.key_is_encrypted looks into the format of OpenSSH", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-ssh-"));
  try {
    const ctx = await testContext();
    const path = join(folder, "key");
    const write = (cipher: string) => {
      const length = Buffer.from([0, 0, 0, cipher.length]);
      const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), length, Buffer.from(cipher)]);
      const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} OPENSSH PRIVATE KEY-----`);
      writeFileSync(path, `${begin}\n${body.toString("base64")}\n${end}\n`);
    };
    write("none");
    assert.equal(await ctx.salt("ssh.key_is_encrypted", [path]), false);
    write("aes256-ctr");
    assert.equal(await ctx.salt("ssh.key_is_encrypted", [path]), true);
    symlinkSync("nowhere", join(folder, "dangling"));
    await assert.rejects(
      ctx.salt("ssh.key_is_encrypted", [join(folder, "dangling")]),
      /Cannot read/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
