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

test(
  "prepareFolders() hands all to another user, and follows no link out",
  { skip: !isRoot() },
  () => {
    const { pki_dir } = folders();
    const outside = join(root, "outside");
    writeFileSync(outside, "");
    mkdirSync(pki_dir, { recursive: true });
    writeFileSync(join(pki_dir, "master.pem"), "");
    symlinkSync(outside, join(pki_dir, "link"));
    prepareFolders(folders(), { uid: 65534, gid: 65534 });
    equal(statSync(pki_dir).uid, 65534);
    equal(statSync(join(pki_dir, "master.pem")).uid, 65534);
    equal(statSync(outside).uid, 0);
  },
);

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
