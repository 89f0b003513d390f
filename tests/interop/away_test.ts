/** Real salt-minions that were away, and what they ask of the master for each other. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { saltVersions } from "../../scripts/venvs.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const id = "real";

scenario("a real minion under a saltx master", async (lab, step) => {
  const master = await (await lab.master("saltx", {
    gather_job_timeout: 1,
    file_recv: true,
    peer: { ".*": ["test.*"] },
    peer_run: { ".*": ["test.arg"] },
    worker_threads: 3,
  })).start();
  const minion = await (await lab.minion(saltVersions.lts, id, master)).start();
  await master.accept(id);
  await master.awaitPing(id);

  /** Runs a function on its host with the real salt-call. */
  const call = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await minion.call("--out=json", ...args);
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout)["local"];
  };
  await step("puts values into the mine and reads them", async () => {
    assert.equal(await call("mine.send", "test.echo", "hello"), true);
    assert.deepEqual(await call("mine.get", "*", "test.echo"), { [id]: "hello" });
    assert.equal(await call("mine.delete", "test.echo"), true);
    assert.deepEqual(await call("mine.get", "*", "test.echo"), {});
  });
  await step("publishes to others, and calls runners", async () => {
    assert.deepEqual(await call("publish.publish", id, "test.ping"), { [id]: true });
    assert.deepEqual(await call("publish.publish", id, "cmd.run", "id"), {});
    assert.match(JSON.stringify(await call("publish.runner", "test.arg", "['x']")), /"x"/);
  });
  await step("pushes files", async () => {
    const source = join(minion.configDir, "minion");
    assert.equal(await call("cp.push", source), true);
    const target = join(master.cacheDir, "minions", id, "files", source);
    assert.equal(await readFile(target, "utf8"), await readFile(source, "utf8"));
  });
  await step("gets the jobs that were queued while it was away: once, and in order", async () => {
    await minion.stop();
    await until("the master to know", async () => {
      const { stdout } = await master.run("manage.not_present", "--out=json");
      return (JSON.parse(stdout) as string[]).includes(id);
    });
    const jids = [];
    for (const word of ["one", "two"]) {
      jids.push(
        await master.publish("--queue", id, "cmd.run", `echo ${word} >> ${lab.root}/order`),
      );
    }
    await minion.start();
    for (const jid of jids) {
      await until(`job ${jid}`, async () => {
        const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
        return id in (JSON.parse(stdout) as DataMap);
      }, 60_000);
    }
    assert.deepEqual(JSON.parse((await master.run("queue.list", "--out=json")).stdout), {});
    assert.equal(await readFile(join(lab.root, "order"), "utf8"), "one\ntwo\n");
  });
});
