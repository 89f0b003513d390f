import { deepEqual, equal } from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, test } from "node:test";
import { prepareFolders } from "../../../src/cli/daemon_folders.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "saltx-folders-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function folders() {
  const pki_dir = join(root, "etc/pki");
  return { pki_dir, cachedir: join(root, "cache"), sock_dir: join(root, "run") };
}

function modes(): number[] {
  const { pki_dir, cachedir, sock_dir } = folders();
  return [pki_dir, cachedir, sock_dir].map((path) => statSync(path).mode & 0o7777);
}

test("prepareFolders() makes what is missing, for its owner and group alone", () => {
  prepareFolders(folders(), undefined);
  deepEqual(modes(), [0o700, 0o750, 0o750]);
});

test("prepareFolders() leaves folders as they are, but closes an open pki folder", () => {
  const { pki_dir, cachedir, sock_dir } = folders();
  for (const path of [pki_dir, cachedir, sock_dir]) mkdirSync(path, { recursive: true });
  for (const path of [cachedir, sock_dir]) chmodSync(path, 0o755);
  chmodSync(pki_dir, 0o750);
  prepareFolders(folders(), undefined);
  deepEqual(modes(), [0o750, 0o755, 0o755]);
  chmodSync(pki_dir, 0o755);
  prepareFolders(folders(), undefined);
  deepEqual(modes(), [0o700, 0o755, 0o755]);
});

test("prepareFolders() hands all to its user, and follows no link out", () => {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Only root can give files away; others can at least keep them.
  const owner = self.uid === 0 ? { uid: 65534, gid: 65534 } : self;
  const { pki_dir } = folders();
  const outside = join(root, "outside");
  writeFileSync(outside, "");
  mkdirSync(pki_dir, { recursive: true });
  writeFileSync(join(pki_dir, "master.pem"), "");
  symlinkSync(outside, join(pki_dir, "link"));
  prepareFolders(folders(), owner);
  equal(statSync(pki_dir).uid, owner.uid);
  equal(statSync(join(pki_dir, "master.pem")).uid, owner.uid);
  equal(statSync(outside).uid, self.uid);
});
