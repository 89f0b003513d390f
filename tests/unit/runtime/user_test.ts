import assert from "node:assert/strict";
import { test } from "node:test";
import { findPasswdEntry } from "../../../src/runtime/user.ts";

const passwd = `root:x:0:0:root:/root:/bin/bash
# a comment
salt2:x:200:201::/srv/salt2:/bin/sh

salt:x:100:101:Salt,,,:/opt/saltstack/salt:/usr/sbin/nologin
broken:x
`;

test("findPasswdEntry() - finds exactly the user asked for", () => {
  assert.deepEqual(findPasswdEntry(passwd, "salt"), {
    name: "salt",
    uid: 100,
    gid: 101,
    home: "/opt/saltstack/salt",
    shell: "/usr/sbin/nologin",
  });
  assert.equal(findPasswdEntry(passwd, "sal"), undefined);
  assert.equal(findPasswdEntry(passwd, "broken"), undefined);
});
