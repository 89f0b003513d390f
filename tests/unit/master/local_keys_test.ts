import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeLocalKeys } from "../../../src/master/local_keys.ts";

const me = userInfo().username;

test("writeLocalKeys() makes keys for those whom publisher_acl names, and removes old ones", async () => {
  if (process.getuid?.() !== 0) return assert.notEqual(me, "root");
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-keys-"));
  try {
    writeFileSync(join(cachedir, ".gone_key"), "old");
    const users = async (patterns: string[], verify: boolean) => {
      const keys = await writeLocalKeys(cachedir, { master: me, patterns, verify });
      assert.deepEqual(
        readdirSync(cachedir).sort(),
        Object.keys(keys).map((user) => `.${user}_key`).sort(),
      );
      return Object.keys(keys).sort();
    };
    assert.deepEqual(await users([], true), [me]);
    assert.deepEqual(await users(["nobody", "no-such-user", "../x"], true), ["nobody", me].sort());
    assert.deepEqual(await users(["nob.*"], true), ["nobody", me].sort());
    // Without client_acl_verify nobody lists the users: a pattern names none.
    assert.deepEqual(await users(["nob.*", "daemon"], false), ["daemon", me].sort());
    const stat = statSync(join(cachedir, ".daemon_key"));
    assert.equal(stat.mode & 0o777, 0o600);
    assert.notEqual(stat.uid, process.getuid?.());
  } finally {
    rmSync(cachedir, { recursive: true });
  }
});
