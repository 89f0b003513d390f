import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EX } from "../../../src/errors.ts";
import { runtime } from "../../../src/runtime/mod.ts";
import { VERSION } from "../../../src/version.ts";

const run = promisify(execFile);
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
/** argv of a fixture under the runtime that runs this test. */
const command = (name: string): [string, string[]] => [
  process.execPath,
  runtime.name === "deno" ? ["run", "-A", fixture(name)] : [fixture(name)],
];

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** NIST SP 800-38A, F.2: one plaintext and IV, three keys; the last 16 bytes (padding) left aside. */
const CBC = {
  iv: "000102030405060708090a0b0c0d0e0f",
  plaintext: `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
    30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`,
  cases: [
    {
      name: "F.2.1 CBC-AES128",
      key: "2b7e151628aed2a6abf7158809cf4f3c",
      ciphertext: `7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
        73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7`,
    },
    {
      name: "F.2.3 CBC-AES192",
      key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
      ciphertext: `4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a
        571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd`,
    },
    {
      name: "F.2.5 CBC-AES256",
      key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      ciphertext: `f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
        39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b`,
    },
  ],
};

const joined = (parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

for (const { name, key, ciphertext } of CBC.cases) {
  test(`aesCbcEncrypt() and aesCbcDecrypt() - agree with NIST's ${name}`, () => {
    const plain = hex(CBC.plaintext);
    const parts = [plain.subarray(0, 5), plain.subarray(5, 40), plain.subarray(40)];
    const encrypted = joined(runtime.aesCbcEncrypt(hex(key), hex(CBC.iv), parts));
    assert.equal(encrypted.length, 80);
    assert.deepEqual(new Uint8Array(encrypted.subarray(0, 64)), hex(ciphertext));
    const decrypted = runtime.aesCbcDecrypt(hex(key), hex(CBC.iv), encrypted);
    assert.deepEqual(new Uint8Array(decrypted), hex(CBC.plaintext));
  });
}

test("aesCbcDecrypt() - throws on wrong padding and on a length that is no whole block", () => {
  const [key, iv] = [new Uint8Array(24), new Uint8Array(16)];
  const encrypted = joined(runtime.aesCbcEncrypt(key, iv, [new Uint8Array([1, 2, 3])]));
  assert.deepEqual([...runtime.aesCbcDecrypt(key, iv, encrypted)], [1, 2, 3]);
  // Turns the last byte of padding from 13 into 255.
  const wrongIv = iv.map((byte, index) => index === 15 ? 13 ^ 255 : byte);
  assert.throws(() => runtime.aesCbcDecrypt(key, wrongIv, encrypted));
  assert.throws(() => runtime.aesCbcDecrypt(key, iv, encrypted.subarray(0, 15)));
  assert.throws(() => runtime.aesCbcDecrypt(key, iv, new Uint8Array()));
  const longer = new Uint8Array([...encrypted, 0]);
  assert.throws(() => runtime.aesCbcDecrypt(key, iv, longer));
});

test("versions() - names the runtime, OpenSSL and libzmq", async () => {
  const versions = await runtime.versions();
  for (const name of [runtime.name === "deno" ? "Deno" : "Node.js", "OpenSSL", "libzmq"]) {
    assert.match(versions[name] ?? "", /^\d+\.\d+/, name);
  }
});

test("selfCommand() - starts this program", async () => {
  const [program, ...args] = runtime.selfCommand();
  const { stdout } = await run(program!, [...args, "--version"]);
  assert.ok(stdout.includes(VERSION), stdout);
});

test("drained() - what was sent before a program ends still arrives", async () => {
  const pull = await runtime.openSocket("pull", { linger: 0 });
  const endpoint = await pull.bind("tcp://127.0.0.1:0");
  const [program, args] = command("send_and_exit.ts");
  await run(program, [...args, endpoint]);
  for (let i = 0; i < 100; i++) {
    const [frame] = await pull.receive(20_000);
    assert.equal(new TextDecoder().decode(frame), `last words ${i}`);
  }
  pull.close();
});

test("becomeUser() - an unknown user is refused by name", () => {
  assert.throws(() => runtime.becomeUser("no-such-user-here"), {
    name: "SaltException",
    message: /"no-such-user-here"/,
    exitCode: EX.NOUSER,
  });
});

test("becomeUser() - root becomes the user with its groups and home; others are refused", () => {
  const [program, args] = command("become_user.ts");
  const env = { ...process.env, HOME: "/root", USER: "root" };
  const { stdout, stderr, status } = spawnSync(program, [...args, "daemon"], {
    encoding: "utf8",
    env,
  });
  if (process.getuid?.() !== 0) {
    assert.equal(status, EX.NOPERM, stderr);
    return;
  }
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.uid, report.wanted.uid);
  assert.equal(report.gid, report.wanted.gid);
  assert.equal(report.home, report.wanted.home);
  assert.equal(report.user, "daemon");
  assert.ok(!report.groups.includes("0"), `still in root's group: ${report.groups}`);
  assert.equal(report.canBecomeRoot, false);
});
