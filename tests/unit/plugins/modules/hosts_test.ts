import assert from "node:assert/strict";
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ExecContext } from "../../../../src/loader/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

const before = [
  "# the machine itself",
  "127.0.0.1\tlocalhost  here # loop",
  "",
  "10.0.0.1 web1",
  "10.0.0.1 web1.example.com",
  "::1 localhost ip6-localhost",
  "",
].join("\n");

/** Runs with a hosts file of its own. */
async function withHosts(use: (ctx: ExecContext, path: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "saltx-hosts-"));
  const path = join(folder, "hosts");
  try {
    writeFileSync(path, before, { mode: 0o640 });
    await use(await testContext({ opts: { "hosts.file": path } }), path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("hosts.list_hosts joins the lines of an address, and counts comments", async () => {
  await withHosts(async (ctx) => {
    assert.deepEqual(await ctx.salt("hosts.list_hosts"), {
      "comment-0": ["# the machine itself"],
      "127.0.0.1": { aliases: ["localhost", "here"], comment: "loop" },
      "10.0.0.1": { aliases: ["web1", "web1.example.com"] },
      "::1": { aliases: ["localhost", "ip6-localhost"] },
    });
    assert.equal(await ctx.salt("hosts.get_ip", ["web1.example.com"]), "10.0.0.1");
    assert.equal(await ctx.salt("hosts.has_pair", ["comment-0", "x"]), false);
  });
});

test("hosts.add_host adds to the last line of an address and leaves the others as they are", async () => {
  await withHosts(async (ctx, path) => {
    assert.equal(await ctx.salt("hosts.add_host", ["10.0.0.1", "www"]), true);
    assert.equal(await ctx.salt("hosts.add_host", ["10.0.0.2", "db"]), true);
    assert.equal(await ctx.salt("hosts.add_host", ["127.0.0.1", "here"]), true);
    const expected = before.replace(
      "10.0.0.1 web1.example.com",
      "10.0.0.1\t\tweb1.example.com www",
    );
    assert.equal(readFileSync(path, "utf8"), `${expected}10.0.0.2\t\tdb\n`);
    assert.equal(statSync(path).mode & 0o777, 0o640);
  });
});

test("hosts.set_host makes one line of an address; without a name none", async () => {
  await withHosts(async (ctx, path) => {
    assert.equal(await ctx.salt("hosts.set_host", ["10.0.0.1", "a b", "two"]), true);
    assert.deepEqual(await ctx.salt("hosts.get_alias", ["10.0.0.1"]), ["a", "b"]);
    assert.match(readFileSync(path, "utf8"), /^10\.0\.0\.1\t\ta b\t\t# two$/m);
    assert.equal(await ctx.salt("hosts.set_host", ["10.0.0.1", " "]), true);
    assert.deepEqual(await ctx.salt("hosts.get_alias", ["10.0.0.1"]), []);
    assert.match(readFileSync(path, "utf8"), /^# the machine itself$/m);
  });
});

test("hosts.rm_host takes out a name, and the line with its last name", async () => {
  await withHosts(async (ctx, path) => {
    assert.equal(await ctx.salt("hosts.rm_host", ["127.0.0.1", "here"]), true);
    assert.equal(await ctx.salt("hosts.rm_host", ["10.0.0.1", "web1"]), true);
    assert.equal(await ctx.salt("hosts.rm_host", ["10.0.0.1", "unknown"]), true);
    const text = readFileSync(path, "utf8");
    assert.match(text, /^127\.0\.0\.1\t\tlocalhost\t\t# loop$/m);
    assert.doesNotMatch(text, /web1$/m);
    assert.match(text, /^10\.0\.0\.1 web1\.example\.com$/m);
  });
});

test("hosts.set_comment tells an unknown address", async () => {
  await withHosts(async (ctx, path) => {
    assert.equal(await ctx.salt("hosts.set_comment", ["9.9.9.9", "x"]), false);
    assert.equal(await ctx.salt("hosts.set_comment", ["::1", "six"]), true);
    assert.match(readFileSync(path, "utf8"), /^::1\t\tlocalhost ip6-localhost\t\t# six$/m);
    await assert.rejects(() => ctx.salt("hosts.set_comment", ["::1", "a\nb"]), /one line/);
  });
});

test("hosts functions follow a link and refuse what would be a line of its own", async () => {
  await withHosts(async (ctx, path) => {
    const link = `${path}.link`;
    symlinkSync(path, link);
    const linked = await testContext({ opts: { "hosts.file": link } });
    await linked.salt("hosts.add_host", ["10.0.0.9", "nine"]);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(await ctx.salt("hosts.get_ip", ["nine"]), "10.0.0.9");
    for (const name of ["a\n6.6.6.6 evil", "a#b", ""]) {
      await assert.rejects(
        () => ctx.salt("hosts.add_host", ["10.0.0.1", name]),
        /cannot be a name/,
      );
    }
  });
});
