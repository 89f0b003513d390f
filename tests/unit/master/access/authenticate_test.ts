import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MasterOpts } from "../../../../src/config/mod.ts";
import {
  type AccessParts,
  authenticate,
  checkBlacklist,
  makeToken,
} from "../../../../src/master/access/authenticate.ts";
import { LoginLimit } from "../../../../src/master/access/login_limit.ts";
import { TokenStore } from "../../../../src/master/access/tokens.ts";
import type { DataMap } from "../../../../src/types/mod.ts";

const refused = { name: "AuthenticationError", message: "Authentication error occurred." };

describe("authenticate()", () => {
  let dir: string;
  let now = 1_000_000;
  let parts: AccessParts;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), "saltx-access-"));
    writeFileSync(join(dir, "users"), "ann:secret\nbob:\n");
    parts = {
      opts: {
        user: "root",
        sudo_acl: false,
        publisher_acl: { "ann": ["test.ping"], "dev.*": ["test.*"] },
        publisher_acl_blacklist: { users: ["mallory"], modules: ["cmd.*"] },
        external_auth: {
          file: { "^filename": join(dir, "users"), ann: ["test.*"], "ops%": ["cmd.run"] },
          sharedsecret: { "*": [".*"] },
        },
        sharedsecret: "s3cret",
        token_expire: 60,
        token_expire_user_override: false,
        permissive_acl: false,
      } as unknown as MasterOpts,
      localKeys: { root: "ROOTKEY", ann: "ANNKEY" },
      tokens: new TokenStore(join(dir, "tokens"), "sha256", () => now),
      logins: new LoginLimit(),
    };
  });
  after(() => rmSync(dir, { recursive: true }));

  test("lets the master's user and its sudo users do everything with the local key", async () => {
    for (const user of ["root", "sudo_ann"]) {
      assert.deepEqual(await authenticate({ user, key: "ROOTKEY" }, parts), { user, rules: null });
    }
  });

  test("gives other users the rules of publisher_acl, with their own key", async () => {
    assert.deepEqual(await authenticate({ user: "ann", key: "ANNKEY" }, parts), {
      user: "ann",
      rules: ["test.ping"],
    });
  });

  const wrong: [string, DataMap][] = [
    ["no key", { user: "root" }],
    ["a wrong key", { user: "root", key: "ROOTKEy" }],
    ["a key that is a list", { user: "root", key: ["ROOTKEY"] }],
    ["another user's key", { user: "root", key: "ANNKEY" }],
    ["a user without a key", { user: "bob", key: "ROOTKEY" }],
    ["a name of Object's", { user: "constructor", key: "ROOTKEY" }],
    ["an unknown token", { token: "0".repeat(64) }],
    ["a token that is a path", { token: "../users" }],
    ["an unknown login system", { eauth: "ldap", username: "ann", password: "secret" }],
    ["a wrong password", { eauth: "file", username: "ann", password: "Secret" }],
    ["an empty password", { eauth: "file", username: "bob", password: "" }],
    ["a wrong secret", { eauth: "sharedsecret", username: "ann", password: "" }],
  ];
  for (const [name, load] of wrong) {
    test(`refuses ${name} without saying what was wrong`, async () => {
      await assert.rejects(authenticate({ ...load }, parts), refused);
    });
  }

  test("takes the credentials out of load and kwargs", async () => {
    const load: DataMap = {
      fun: "test.ping",
      kwargs: { eauth: "file", username: "ann", password: "secret", metadata: 1 },
    };
    assert.deepEqual(await authenticate(load, parts), { user: "ann", rules: ["test.*"] });
    assert.deepEqual(load, { fun: "test.ping", kwargs: { metadata: 1 } });
  });

  test("makes tokens that hold until they expire, readable by the master alone", async () => {
    const token = await makeToken({ eauth: "file", username: "ann", password: "secret" }, parts);
    const files = readdirSync(join(dir, "tokens"));
    assert.deepEqual(files, [token.token]);
    assert.equal(statSync(join(dir, "tokens", token.token)).mode & 0o777, 0o600);
    const operator = await authenticate({ token: token.token }, parts);
    assert.deepEqual(operator, { user: "ann", rules: ["test.*"] });
    now += 60_000;
    await assert.rejects(authenticate({ token: token.token }, parts), refused);
    assert.deepEqual(readdirSync(join(dir, "tokens")), [], "an expired token is removed");
  });

  test("refuses logins for a moment after many failures, then takes them again", async () => {
    let clock = 0;
    const limited = { ...parts, logins: new LoginLimit(() => clock) };
    const good = () => ({ eauth: "file", username: "ann", password: "secret" });
    for (let i = 0; i < 10; i++) {
      await assert.rejects(authenticate({ ...good(), password: "x" }, limited));
    }
    await assert.rejects(authenticate(good(), limited), refused);
    clock += 2000;
    assert.equal((await authenticate(good(), limited)).user, "ann");
  });

  test("checkBlacklist() refuses users and functions, root's too", () => {
    assert.throws(() => checkBlacklist(parts.opts, "mallory", ["test.ping"]), {
      name: "AuthorizationError",
    });
    assert.throws(() => checkBlacklist(parts.opts, "root", ["test.ping", "cmd.run"]));
    checkBlacklist(parts.opts, "root", ["test.ping"]);
  });
});
