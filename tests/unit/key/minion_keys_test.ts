import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cleanKey } from "../../../src/crypt/mod.ts";
import { SaltException } from "../../../src/errors.ts";
import { loadMinionKeys, masterKeyFiles } from "../../../src/key/minion_keys.ts";

function inFolder(run: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "saltx-minion-keys-"));
    try {
      await run(join(folder, "pki"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test(
  "loadMinionKeys() makes one pair, also when called twice at once, and finds it again",
  inFolder(async (folder) => {
    const [a, b] = await Promise.all([loadMinionKeys(folder, 2048), loadMinionKeys(folder, 2048)]);
    assert.deepEqual(a, b);
    assert.deepEqual(await loadMinionKeys(folder, 2048), a);
    assert.equal(modeOf(folder), 0o700);
    assert.equal(modeOf(join(folder, "minion.pem")), 0o400);
    assert.equal(modeOf(join(folder, "minion.pub")), 0o644);
    assert.equal(a.publicKey, cleanKey(readFileSync(join(folder, "minion.pub"), "utf8")));
    assert.match(a.privateKey, /^-----BEGIN RSA PRIVATE KEY-----/);
  }),
);

test(
  "loadMinionKeys() says which file is damaged",
  inFolder(async (folder) => {
    await loadMinionKeys(folder, 2048);
    const path = join(folder, "minion.pem");
    chmodSync(path, 0o600);
    writeFileSync(path, "rubbish");
    await assert.rejects(loadMinionKeys(folder, 2048), (error) => {
      assert.ok(error instanceof SaltException && error.message.includes(path));
      return true;
    });
  }),
);

test(
  "masterKeyFiles() reads anew what is kept",
  inFolder(async (folder) => {
    await loadMinionKeys(folder, 2048);
    const files = masterKeyFiles(folder, "master_sign");
    assert.deepEqual([files.read(), files.readVerifying()], [null, null]);
    files.keep("KEY");
    assert.equal(files.read(), "KEY");
    assert.equal(modeOf(files.keyPath), 0o644);
    rmSync(files.keyPath);
    assert.equal(files.read(), null);
    writeFileSync(files.verifyingKeyPath, "SIGN");
    assert.equal(files.readVerifying(), "SIGN");
  }),
);
