import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withPrograms } from "../../../support/fake_programs.ts";

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "ann:x:1000:1000:Ann Lee,12,555,556,a,b:/home/ann:/bin/sh",
  "# a comment",
  "",
];
const group = ["root:x:0:", "ann:x:1000:", "staff:x:50:ann,root", "web:x:51:ann"];

/** `usermod` that changes a copy of passwd as the real one would. */
const usermod = 'case "$3" in -s) sed -i "s#/bin/sh#$4#" $FOLDER/etc/passwd;; ' +
  '-c) sed -i "/^ann/s#:Ann[^:]*:#:$4:#" $FOLDER/etc/passwd;; ' +
  '-l) sed -i "s#^ann:#$4:#" $FOLDER/etc/passwd;; esac';

function system(folder: string): string {
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/passwd"), passwd.join("\n"));
  writeFileSync(join(folder, "etc/group"), group.join("\n"));
  writeFileSync(join(folder, "etc/login.defs"), "USERGROUPS_ENAB yes\n");
  return folder;
}

test("user.info takes the comment field apart", async () => {
  await withPrograms({}, async ({ ctx, folder }) => {
    const root = system(folder);
    const info = await ctx.salt("user.info", ["ann"], { root });
    assert.deepEqual(info, {
      gid: 1000,
      groups: [],
      home: "/home/ann",
      name: "ann",
      passwd: "x",
      shell: "/bin/sh",
      uid: 1000,
      fullname: "Ann Lee",
      roomnumber: "12",
      workphone: "555",
      homephone: "556",
      other: "a,b",
    });
    assert.deepEqual(await ctx.salt("user.list_users", [], { root }), ["ann", "root"]);
  });
});

test("user.chshell changes only what differs, and says whether it came about", async () => {
  await withPrograms({ usermod }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("user.chshell", ["ann", "/bin/sh"], { root }), true);
    assert.deepEqual(calls().filter(([name]) => name === "usermod"), []);
    assert.equal(await ctx.salt("user.chshell", ["ann", "/bin/zsh"], { root }), true);
    assert.deepEqual(calls(), [["usermod", "-R", root, "-s", "/bin/zsh", "ann"]]);
    assert.equal(await ctx.salt("user.chuid", ["ann", 7], { root }), false);
  });
});

test("user.chfullname keeps the other parts of the comment field", async () => {
  await withPrograms({ usermod }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("user.chfullname", ["ann", "Ann Poe"], { root }), true);
    assert.deepEqual(calls(), [["usermod", "-R", root, "-c", "Ann Poe,12,555,556,a,b", "ann"]]);
    await assert.rejects(
      () => ctx.salt("user.chfullname", ["ann", "a:b"], { root }),
      /cannot be the fullname/,
    );
  });
});

test("user.rename finds the user under the new name", async () => {
  await withPrograms({ usermod }, async ({ ctx, folder }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("user.rename", ["ann", "anna"], { root }), true);
    await assert.rejects(
      () => ctx.salt("user.rename", ["anna", "root"], { root }),
      /User 'root' already exists/,
    );
  });
});

test("user.add asks useradd for what is wanted", async () => {
  await withPrograms({ useradd: "", usermod: "" }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    const made = await ctx.salt("user.add", ["bob", 1200, "staff"], {
      groups: ["web"],
      home: "/srv/bob",
      shell: "/bin/sh",
      unique: false,
      system: true,
      createhome: false,
      root,
    });
    assert.equal(made, true);
    const [useradd, groups] = calls();
    assert.deepEqual(
      useradd!.join(" "),
      [
        "useradd -s /bin/sh -u 1200 -g staff -M -d /srv/bob -o -r -R",
        root,
        "bob",
      ].join(" "),
    );
    assert.deepEqual(groups, ["usermod", "-R", root, "-G", "web", "bob"]);
  });
});

test("user.add uses the group of the user's name that is there already", async () => {
  await withPrograms({ useradd: "", usermod: "" }, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    await ctx.salt("user.add", ["web"], { groups: "web,staff", root });
    assert.deepEqual(calls()[0], ["useradd", "-g", "51", "-m", "-R", root, "web"]);
  });
});

test("user.add says False and leaves useradd's code when it fails", async () => {
  await withPrograms({ useradd: "echo taken >&2; exit 9" }, async ({ ctx }) => {
    assert.equal(await ctx.salt("user.add", ["bob"]), false);
    assert.equal(ctx.context.retcode, 9);
  });
});

test("user functions take no name for an option", async () => {
  await withPrograms({ useradd: "", userdel: "" }, async ({ ctx, calls }) => {
    for (const fun of ["user.add", "user.delete", "group.add", "group.delete"]) {
      await assert.rejects(() => ctx.salt(fun, ["-R/"]), /"-R\/" cannot be the name/);
    }
    assert.deepEqual(calls(), []);
  });
});

test("user.delete takes a missing mailbox on Debian for success", async () => {
  const userdel = "echo 'userdel: bob mail spool (/var/mail/bob) not found' >&2; exit 12";
  await withPrograms({ userdel }, async ({ ctx, calls }) => {
    assert.equal(await ctx.salt("user.delete", ["bob", true, true]), true);
    assert.deepEqual(calls(), [["userdel", "-r", "-f", "bob"]]);
    assert.equal(ctx.context.retcode, 0);
  });
});

test("group.add, chgid, adduser, deluser and members call the right programs", async () => {
  const programs = { groupadd: "", groupmod: "", gpasswd: "" };
  await withPrograms(programs, async ({ ctx, folder, calls }) => {
    const root = system(folder);
    assert.equal(await ctx.salt("group.add", ["g", 77, true], { root, non_unique: true }), true);
    assert.equal(await ctx.salt("group.chgid", ["staff", 50], { root }), true);
    assert.equal(await ctx.salt("group.chgid", ["staff", 60], { root }), false);
    assert.equal(await ctx.salt("group.adduser", ["staff", "bob"], { root }), true);
    assert.equal(await ctx.salt("group.deluser", ["staff", "bob"], { root }), true);
    assert.equal(await ctx.salt("group.deluser", ["staff", "ann"], { root }), true);
    assert.equal(await ctx.salt("group.members", ["staff", "ann,bob"], { root }), true);
    assert.deepEqual(calls(), [
      ["groupadd", "-g", "77", "-o", "-r", "-R", root, "g"],
      ["groupmod", "-R", root, "-g", "60", "staff"],
      ["gpasswd", "--add", "bob", "staff", "--root", root],
      ["gpasswd", "--del", "ann", "staff", "--root", root],
      ["gpasswd", "--members", "ann,bob", "staff", "--root", root],
    ]);
  });
});

test("group.info and getent read the groups below a root", async () => {
  await withPrograms({}, async ({ ctx, folder }) => {
    const root = system(folder);
    const staff = { name: "staff", passwd: "x", gid: 50, members: ["ann", "root"] };
    assert.deepEqual(await ctx.salt("group.info", ["staff"], { root }), staff);
    assert.deepEqual(await ctx.salt("group.info", ["none"], { root }), {});
    const all = await ctx.salt("group.getent", [], { root });
    assert.equal((all as unknown[]).length, 4);
  });
});
