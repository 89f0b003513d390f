import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readToken, tokenFile } from "../../../src/cli/login.ts";

test("tokenFile() is where Salt keeps it: configured, below XDG, or at home", () => {
  const home = mkdtempSync(join(tmpdir(), "saltx-home-"));
  try {
    const env = { HOME: home };
    assert.equal(tokenFile({}, env), join(home, "salt_token"));
    assert.equal(tokenFile({ token_file: "~/t" }, env), join(home, "t"));
    assert.equal(tokenFile({ token_file: "/x/t" }, env), "/x/t");
    mkdirSync(join(home, ".config", "salt"), { recursive: true });
    assert.equal(tokenFile({}, env), join(home, ".config", "salt", "salt_token"));
  } finally {
    rmSync(home, { recursive: true });
  }
});

test("readToken() leaves a token alone that is older than the master keeps it", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-token-"));
  const file = join(dir, "token");
  try {
    assert.equal(readToken(file, 10), null);
    writeFileSync(file, "tok\n");
    utimesSync(file, 1000, 1000);
    assert.equal(readToken(file, 10, 1_009_000), "tok");
    assert.equal(readToken(file, 10, 1_010_000), null);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
