import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseShadow } from "../../../../src/plugins/modules/linux_shadow.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const text = "root:$6$x$y:19000:0:99999:7:::\nann:!abc:19001:1:90:7:5:20000:\nnew:*:::::::\n";

function system(folder: string): string {
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/shadow"), text);
  return folder;
}

test("parseShadow has -1 where a number is missing", () => {
  const entries = parseShadow(text);
  assert.deepEqual(entries.get("ann"), {
    name: "ann",
    passwd: "!abc",
    lstchg: 19001,
    min: 1,
    max: 90,
    warn: 7,
    inact: 5,
    expire: 20000,
  });
  assert.equal(entries.get("new")!["lstchg"], -1);
  assert.deepEqual([...entries.keys()], ["root", "ann", "new"]);
});

test("shadow.set_password hands the hash over where nobody can see it", async () => {
  const chpasswd =
    'IFS=: read -r name hash; sed -i "s#^$name:[^:]*#$name:$hash#" $FOLDER/etc/shadow';
  await withPrograms({ chpasswd }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("shadow.set_password", ["ann", "$6$s$h"], { root }), true);
    assert.deepEqual(calls(), [["chpasswd", "-e", "-R", root]]);
    const bad = () => ctx.salt("shadow.set_password", ["ann", "a\nroot:b"], { root });
    await assert.rejects(bad, /one line/);
    assert.equal(calls().length, 1);
  });
});

test("shadow.set_password says False when nothing came of it", async () => {
  await withPrograms({ chpasswd: "exit 1" }, async ({ ctx, folder }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("shadow.set_password", ["ann", "x"], { root }), false);
  });
});

test("shadow.set_maxdays and its like look at the file after chage", async () => {
  const chage = 'sed -i "s#:90:7#:$4:7#" $FOLDER/etc/shadow';
  await withPrograms({ chage }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("shadow.set_maxdays", ["ann", 90], { root }), true);
    assert.equal(await ctx.salt("shadow.set_maxdays", ["ann", -1], { root }), true);
    assert.equal(await ctx.salt("shadow.set_warndays", ["ann", 3], { root }), false);
    assert.equal(await ctx.salt("shadow.set_expire", ["ann", "2030-01-01"], { root }), true);
    assert.equal(await ctx.salt("shadow.set_mindays", ["nobody-here", 3], { root }), false);
    assert.deepEqual(calls(), [
      ["chage", "-R", root, "-M", "-1", "ann"],
      ["chage", "-R", root, "-W", "3", "ann"],
      ["chage", "-R", root, "-E", "2030-01-01", "ann"],
    ]);
  });
});

test("shadow.lock_password does nothing to a locked one", async () => {
  const passwd = 'case "$3" in -l) sed -i "s#^root:#root:!#" $FOLDER/etc/shadow;; ' +
    '-u) sed -i "s#^ann:!#ann:#" $FOLDER/etc/shadow;; esac';
  await withPrograms({ passwd }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("shadow.lock_password", ["ann"], { root }), true);
    assert.equal(calls().length, 0);
    assert.equal(await ctx.salt("shadow.lock_password", ["root"], { root }), true);
    assert.equal(await ctx.salt("shadow.unlock_password", ["ann"], { root }), true);
    assert.deepEqual(calls(), [["passwd", "-R", root, "-l", "root"], [
      "passwd",
      "-R",
      root,
      "-u",
      "ann",
    ]]);
  });
});
