/** The main job, end to end: a master and minions of saltx, keys, functions, jobs, exit codes. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import type { Lab } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import type { Minion } from "../support/minion.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { overTransports, type Step } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const IDS = ["db-1", "web-1", "web-2"];

/** `db-1` looks at its grains before each job. */
async function estate(lab: Lab): Promise<{ master: Master; minions: Minion[] }> {
  const master = await (await lab.master("saltx")).start();
  const minions = await Promise.all(IDS.map(async (id) => {
    const config = id === "db-1" ? { grains_refresh_pre_exec: true } : {};
    return await (await lab.minion("saltx", id, master, config)).start();
  }));
  for (const { id } of minions) await master.awaitKey(id, "minions_pre");
  await master.key("-y", "-A");
  for (const minion of minions) await minion.ready();
  return { master, minions };
}

overTransports("an accepted key lets its minion in at once", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const config = { acceptance_wait_time: 600 };
  const minion = await (await lab.minion("saltx", "web-1", master, config)).start();
  await master.awaitKey("web-1", "minions_pre");
  await step("the first command finds it there", async () => {
    await master.key("-y", "-a", "web-1");
    assert.deepEqual(await master.ask("*", "test.ping"), { "web-1": true });
  });
  await minion.stop();
});

overTransports("keys of new minions", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const minion = await (await lab.minion("saltx", "web-1", master)).start();
  await step("a new key is pending and its minion waits", async () => {
    await master.awaitKey("web-1", "minions_pre");
    const { stdout, code } = await master.key("-L");
    assert.equal(
      stdout,
      "Accepted Keys:\nDenied Keys:\nUnaccepted Keys:\nweb-1\nRejected Keys:\n",
    );
    assert.equal(code, 0);
  });
  await step("both ends show the same fingerprint", async () => {
    const seen = await master.key("-f", "web-1");
    const own = await minion.call("--local", "key.finger", "--out=txt");
    const finger = /([0-9a-f]{2}:){31}[0-9a-f]{2}/;
    assert.ok(finger.exec(seen.stdout)?.[0]);
    if (own.code === 0) assert.equal(finger.exec(own.stdout)?.[0], finger.exec(seen.stdout)?.[0]);
  });
  await step("secret keys are readable by their owner alone", async () => {
    for (const path of [join(master.pkiDir, "master.pem"), join(minion.pkiDir, "minion.pem")]) {
      assert.equal((await stat(path)).mode & 0o077, 0, path);
    }
  });
  await step(
    "rejected, then deleted, then accepted: it works without a restart of the master",
    async () => {
      await master.key("-y", "-r", "web-1");
      await master.awaitKey("web-1", "minions_rejected");
      await master.key("-y", "-d", "web-1");
      await minion.stop("SIGKILL");
      await minion.start();
      await master.accept("web-1");
      await minion.ready();
      assert.deepEqual(await master.ask("*", "test.ping"), { "web-1": true });
    },
  );
  await step("a deleted key shuts its minion out", async () => {
    const peer = await RawPeer.accepted(master, "raw-1");
    const event = { cmd: "_minion_event", tag: "acme/x", data: {} };
    assert.equal(await peer.request(event), null);
    await master.key("-y", "-d", "*-1");
    assert.equal(await peer.sendPlain(peer.seal(event)), "bad load");
    assert.deepEqual(await peer.signIn(), { ret: true });
    const { stdout, stderr, code } = await master.salt("-t", "1", "*", "test.ping");
    assert.match(stdout + stderr, /No minions matched the target/);
    assert.equal(code, 2);
  });
});

overTransports("functions on minions", async (lab, step) => {
  const { master, minions } = await estate(lab);
  const all = (value: unknown) => Object.fromEntries(IDS.map((id) => [id, value]));
  await step("test.ping reaches all", async () => {
    assert.deepEqual(await master.ask("*", "test.ping"), all(true));
  });
  await step("nested output is Salt's", async () => {
    const { stdout, code } = await master.salt("db-1", "test.ping");
    assert.equal(stdout, "db-1:\n    True\n");
    assert.equal(code, 0);
  });
  await targetSteps(master, step);
  await outputSteps(master, step);
  await step("cmd.run runs with environment, folder and standard input", async () => {
    const args = ["echo $A; pwd; cat", "env={A: b}", "cwd=/", "stdin=in"];
    assert.deepEqual(await master.ask("db-1", "cmd.run", ...args), { "db-1": "b\n/\nin" });
  });
  await step("a command that outlasts its timeout ends with all it started", async () => {
    const { "db-1": found } = await master.ask(
      "db-1",
      "cmd.run_all",
      "sleep 271 & sleep 271",
      "timeout=1",
    );
    assert.notEqual((found as DataMap)["retcode"], 0);
    const { "db-1": left } = await master.ask(
      "db-1",
      "cmd.run",
      "pgrep -f '[s]leep 271' || echo none",
    );
    assert.equal(left, "none");
  });
  await step("grains.items is the same as what the minion says locally", async () => {
    const { "db-1": grains } = await master.ask("db-1", "grains.items");
    assert.equal((grains as DataMap)["id"], "db-1");
    assert.equal((grains as DataMap)["kernel"], "Linux");
  });
  await step("a job sees the grains of now where grains_refresh_pre_exec is set", async () => {
    for (const { configDir } of minions) await writeFile(join(configDir, "grains"), "rack: 7\n");
    assert.deepEqual(await master.ask("*", "grains.get", "rack"), { ...all(""), "db-1": 7 });
  });
  await step("several functions in one job", async () => {
    const { "db-1": both } = await master.ask("db-1", "test.ping,test.echo", ",x");
    assert.deepEqual(both, { "test.ping": true, "test.echo": "x" });
  });
  await step("exit codes: 0, and non-zero when a function fails or is missing", async () => {
    assert.equal((await master.salt("*", "cmd.run", "exit 0")).code, 0);
    for (
      const args of [["cmd.run", "exit 3"], ["no.such"], ["test.exception"], ["test.sleep", "x"]]
    ) {
      assert.notEqual((await master.salt("*", ...args)).code, 0, args.join(" "));
    }
  });
});

async function targetSteps(master: Master, step: Step): Promise<void> {
  const targets: [string[], string[]][] = [
    [["web-*"], ["web-1", "web-2"]],
    [["web-[2-9]"], ["web-2"]],
    [["-L", "db-1,web-2,gone"], ["db-1", "web-2"]],
    [["-E", "(db|web)-1"], ["db-1", "web-1"]],
    [["-C", "web-* and not L@web-1 or E@db-.*"], ["db-1", "web-2"]],
  ];
  for (const [target, expected] of targets) {
    await step(`target ${target.join(" ")}`, async () => {
      const found = await master.ask(...target as [string], "-t", "2", "test.ping");
      const answered = Object.keys(found).filter((id) => found[id] === true).sort();
      assert.deepEqual(answered, expected);
    });
  }
}

async function outputSteps(master: Master, step: Step): Promise<void> {
  const outputs: [string, string][] = [
    ["json", '{\n    "db-1": true\n}\n'],
    ["yaml", "db-1: true\n"],
    ["txt", "db-1: True\n"],
    ["raw", "{'db-1': True}\n"],
    ["newline_values_only", "True\n"],
    ["quiet", ""],
  ];
  for (const [name, text] of outputs) {
    await step(`--out=${name}`, async () => {
      assert.equal((await master.salt(`--out=${name}`, "db-1", "test.ping")).stdout, text);
    });
  }
  await step("--out-file writes there and nowhere else", async () => {
    const path = join(master.cacheDir, "out.txt");
    const { stdout } = await master.salt("--out=txt", `--out-file=${path}`, "db-1", "test.ping");
    assert.equal(stdout, "");
    assert.equal(await readFile(path, "utf8"), "db-1: True\n");
  });
}

overTransports("jobs", async (lab, step) => {
  const { master } = await estate(lab);
  await step("--async names a job whose returns can be looked up later", async () => {
    const jid = await master.publish("*", "test.echo", "later");
    await until("all returns in the job cache", async () => {
      const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
      const found = JSON.parse(stdout) as DataMap;
      return IDS.every((id) => found[id] === "later");
    });
    assert.match((await master.run("jobs.list_jobs", "--out=json")).stdout, new RegExp(jid));
  });
  await step("a busy minion answers find_job, running and other jobs", async () => {
    const jid = await master.publish("db-1", "test.sleep", "20");
    await until("the job to run", async () => {
      const { "db-1": found } = await master.ask("db-1", "saltutil.find_job", jid);
      return (found as DataMap)["fun"] === "test.sleep";
    });
    assert.deepEqual(await master.ask("db-1", "test.ping"), { "db-1": true });
    const { "db-1": running } = await master.ask("db-1", "saltutil.running");
    assert.ok((running as DataMap[]).some((job) => job["jid"] === jid));
    const active = await master.run("jobs.active", "--out=json");
    assert.ok(jid in JSON.parse(active.stdout), active.stdout);
    await master.ask("db-1", "saltutil.kill_job", jid);
    assert.deepEqual(await master.ask("db-1", "saltutil.find_job", jid), { "db-1": {} });
  });
  await step("the CLI waits past its timeout while a minion works", async () => {
    const { stdout, code } = await master.salt("-t", "1", "db-1", "test.sleep", "4");
    assert.equal(stdout, "db-1:\n    True\n");
    assert.equal(code, 0);
  });
  await step("twenty jobs at once all return", async () => {
    const jobs = Array.from({ length: 20 }, (_, i) => master.ask("*", "test.echo", `n${i}`));
    for (const [i, found] of (await Promise.all(jobs)).entries()) {
      assert.deepEqual(found, Object.fromEntries(IDS.map((id) => [id, `n${i}`])));
    }
  });
  await step("manage.up, down and status tell who is there", async () => {
    const status = JSON.parse((await master.run("manage.status", "--out=json")).stdout);
    assert.deepEqual(status.up.sort(), IDS);
    assert.deepEqual(status.down, []);
  });
});
