/** Who may command what: other users of the host, and those who log in. */
import assert from "node:assert/strict";
import { chmod, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { type Result, runCommand } from "../support/commands.ts";
import type { Master } from "../support/master.ts";
import { commandOf } from "../support/software.ts";
import { scenario } from "../support/scenario.ts";

/** Lets every user reach a folder, as an operator does who uses `publisher_acl`. */
async function openWay(path: string, below: string): Promise<void> {
  for (let folder = path; folder.startsWith(below); folder = dirname(folder)) {
    await chmod(folder, 0o755);
  }
}

async function asNobody(master: Master, ...args: string[]): Promise<Result> {
  const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
  return await runCommand(
    [...user, ...commandOf("saltx", "salt"), "-c", master.configDir, ...args],
    {
      env: { USER: "nobody", LOGNAME: "nobody" },
    },
  );
}

scenario("access", async (lab, step) => {
  const users = join(lab.root, "users");
  await writeFile(users, "ann:secret\n", { mode: 0o600 });
  const master = await (await lab.master("saltx", {
    auto_accept: true,
    publisher_acl: { nobody: ["test.ping", { "web*": ["test.echo"] }] },
    publisher_acl_blacklist: { modules: ["test.fib"] },
    external_auth: { file: { "^filename": users, ann: [{ "web*": ["test.*"] }] } },
  })).start();
  for (const id of ["web-1", "db-1"]) {
    await (await (await lab.minion("saltx", id, master)).start()).ready();
  }
  const ann = ["-a", "file", "--username=ann"];

  await step("a login runs what its rules allow, and nothing else", async () => {
    const good = await master.salt(...ann, "--password=secret", "web-1", "test.echo", "hi");
    assert.equal(good.stdout, "web-1:\n    hi\n", good.stderr);
    for (const words of [["db-1", "test.ping"], ["*", "test.ping"], ["web-1", "cmd.run", "id"]]) {
      const refused = await master.salt(...ann, "--password=secret", ...words);
      assert.notEqual(refused.code, 0, words.join(" "));
      assert.match(refused.stderr, /Authorization error/);
      assert.equal(refused.stdout, "");
    }
  });
  await step("a wrong password is refused without saying what was wrong", async () => {
    const { code, stderr } = await master.salt(...ann, "--password=x", "web-1", "test.ping");
    assert.notEqual(code, 0);
    assert.match(stderr, /Authentication error occurred/);
  });
  await step("the blacklist holds for root too", async () => {
    const { code, stderr } = await master.salt("*", "test.fib", "3");
    assert.notEqual(code, 0);
    assert.match(stderr, /Authorization error/);
  });
  await step("credentials reach no minion, no job store and no log", async () => {
    const jobs = await master.run("jobs.list_jobs", "--out=json");
    assert.equal(/secret/.test(jobs.stdout + master.daemon.log), false);
  });
  if (process.getuid?.() !== 0) {
    console.log("publisher_acl is tested by root alone: only root can become another user");
    return;
  }
  await step("a user of publisher_acl runs what is allowed, and sees the returns", async () => {
    await openWay(master.cacheDir, lab.root);
    await openWay(master.sockDir, lab.root);
    await openWay(master.configDir, lab.root);
    const key = await stat(join(master.cacheDir, ".nobody_key"));
    assert.deepEqual([key.mode & 0o777, key.uid], [0o600, 65534]);
    const ping = await asNobody(master, "web-1", "test.ping");
    assert.equal(ping.stdout, "web-1:\n    True\n", ping.stderr);
    const echo = await asNobody(master, "web-1", "test.echo", "hi");
    assert.equal(echo.stdout, "web-1:\n    hi\n", echo.stderr);
    for (const words of [["db-1", "test.echo", "hi"], ["web-1", "cmd.run", "id"]]) {
      const refused = await asNobody(master, ...words);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /Authorization error/);
    }
  });
});
