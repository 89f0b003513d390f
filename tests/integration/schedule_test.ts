/** Schedule, mine and beacons of a minion that runs. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

scenario("a minion runs its schedule, keeps it, and fills the mine", async (lab, step) => {
  const pillar = join(lab.root, "pillar");
  await mkdir(pillar);
  await writeFile(join(pillar, "top.sls"), "base:\n  '*':\n    - jobs\n");
  await writeFile(join(pillar, "jobs.sls"), "role: web\n");
  const master = await lab.master("saltx", { pillar_roots: { base: [pillar] } });
  await master.start();
  const events = await lab.events(master);
  const minion = await lab.minion("saltx", "web1", master, {
    schedule: {
      configured: {
        function: "test.echo",
        args: ["from the configuration"],
        seconds: 1,
        metadata: { team: "a" },
      },
      quiet: { function: "test.echo", args: ["never told"], seconds: 1, return_job: false },
    },
    mine_functions: { "test.echo": ["mined"], alias: [{ mine_function: "grains.get" }, "id"] },
  });
  await minion.start();
  await master.accept("web1");
  await minion.ready();
  const ask = async (...args: string[]) => (await master.ask("web1", ...args))["web1"] as DataMap;
  const returned = (what: string) => events.line(new RegExp(`"return": ?"${what}"`));
  const conf = join(minion.configDir, "minion.d", "_schedule.conf");

  await step("a job of the configuration runs, and its return is a job of the master", async () => {
    await returned("from the configuration");
    const jobs = await until("the job", async () => {
      const { stdout } = await master.run(
        "jobs.list_jobs",
        "search_function=test.echo",
        "--out=json",
      );
      const found = JSON.parse(stdout) as Record<string, DataMap>;
      return Object.values(found).find((job) => job["Metadata"] !== undefined) ?? null;
    });
    assert.equal((jobs["Metadata"] as DataMap)["team"], "a");
    assert.equal(jobs["Target"], "web1");
  });

  await step("return_job: False keeps the return from the master", async () => {
    const status = await until("a run", async () => {
      const found = await ask("schedule.job_status", "quiet");
      return found["_last_run"] === undefined ? null : found;
    });
    assert.equal(status["_seconds"], 1);
    assert.doesNotMatch(events.log, /"return": ?"never told"/);
  });

  await step("the mine is filled at the start", async () => {
    const mined = () => master.run("cache.mine", "tgt=*", "--out=json");
    await until("the mine", async () => (await mined()).stdout.includes("mined"));
    const { web1 } = JSON.parse((await mined()).stdout);
    assert.deepEqual(web1, { "test.echo": "mined", alias: "web1" });
  });

  await step("schedule.add adds a job, runs it and keeps it", async () => {
    const added = await ask(
      ...["schedule.add", "mine1", "function=test.echo", "job_args=['from schedule.add']"],
      ...["seconds=1"],
    );
    assert.deepEqual(added, {
      comment: "Added job: mine1 to schedule.",
      result: true,
      changes: { mine1: "added" },
    });
    await returned("from schedule.add");
    assert.match(await readFile(conf, "utf8"), /^schedule:\n {2}configured:[^]*\n {2}mine1:/);
    const again = await ask("schedule.add", "mine1", "function=test.ping", "seconds=1");
    assert.equal(again["comment"], "Job mine1 already exists in schedule.");
    const wrong = await ask(
      "schedule.add",
      "x",
      "function=test.ping",
      "seconds=1",
      "cron=* * * * *",
    );
    assert.match(String(wrong["comment"]), /^Error: Unable to use "seconds"/);
  });

  await step("jobs are listed, changed, disabled, run and removed", async () => {
    const listed = await ask("schedule.list", "return_yaml=False");
    assert.deepEqual(Object.keys(listed).sort(), ["configured", "mine1", "quiet"]);
    const text = String(await ask("schedule.list"));
    assert.match(text, /^schedule:\n {2}configured:\n {4}args:\n {4}- from the configuration\n/);
    assert.match(text, /saved: true/);
    const changed = await ask("schedule.modify", "mine1", "function=test.ping", "hours=5");
    assert.equal(changed["comment"], "Modified job: mine1 in schedule.");
    const next = await ask("schedule.show_next_fire_time", "mine1");
    assert.match(String(next["next_fire_time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    const off = await ask("schedule.disable_job", "mine1");
    assert.deepEqual(off["changes"], { mine1: "disabled" });
    const run = await ask("schedule.run_job", "mine1");
    assert.equal(run["comment"], "Job mine1 is disabled.");
    const forced = await ask("schedule.run_job", "mine1", "force=True");
    assert.equal(forced["comment"], "Scheduling Job mine1 on minion.");
    await events.line(/"schedule": ?"mine1"/);
    const gone = await ask("schedule.delete", "quiet");
    assert.deepEqual(gone["changes"], { quiet: "removed" });
    assert.equal((await ask("schedule.delete", "quiet"))["comment"], "Job quiet does not exist.");
  });

  await step("a job of the pillar comes with it, and can only be changed there", async () => {
    const job =
      "schedule:\n  piped:\n    function: test.echo\n    args: [from the pillar]\n    seconds: 1\n";
    await writeFile(join(pillar, "jobs.sls"), job);
    await ask("saltutil.refresh_pillar");
    await returned("from the pillar");
    const listed = await ask("schedule.list", "where=pillar", "return_yaml=False");
    assert.deepEqual(Object.keys(listed), ["piped"]);
    assert.equal((await ask("schedule.delete", "piped"))["result"], false);
    assert.equal(await ask("pillar.get", "schedule:piped:seconds"), 1);
  });

  await step("salt-call asks the minion that runs", async () => {
    const { stdout, stderr } = await minion.call("--local", "schedule.is_enabled", "--out=json");
    assert.deepEqual(JSON.parse(stdout), { local: true }, stderr);
    const status = await minion.call("--local", "schedule.job_status", "mine1", "--out=json");
    assert.equal(JSON.parse(status.stdout).local.hours, 5);
  });

  await step("beacons are kept", async () => {
    const data = "[{'1m': [0.0, 2.0]}]";
    const added = await ask("beacons.add", "load", data);
    assert.deepEqual(added, { comment: "Added beacon: load.", result: true });
    assert.match(
      String((await ask("beacons.add", "nothing", data))["comment"]),
      /is not available/,
    );
    assert.equal((await ask("beacons.disable_beacon", "load"))["result"], true);
    assert.equal((await ask("beacons.save"))["result"], true);
    const path = join(minion.configDir, "minion.d", "beacons.conf");
    assert.match(
      await readFile(path, "utf8"),
      /^beacons:\n {2}load:\n {2}- 1m:[^]*- enabled: false\n$/,
    );
  });

  await step("schedule and beacons are there after a restart", async () => {
    await minion.stop();
    await minion.start();
    await minion.ready();
    await master.awaitPing("web1");
    const listed = await ask("schedule.list", "return_yaml=False");
    assert.deepEqual(Object.keys(listed).sort(), ["configured", "mine1", "piped"]);
    assert.equal((listed["mine1"] as DataMap)["enabled"], false);
    assert.deepEqual(Object.keys(await ask("beacons.list", "return_yaml=False")), ["load"]);
  });

  await step("purge empties it, and a minion that does not run is changed offline", async () => {
    await ask("schedule.purge");
    assert.doesNotMatch(await readFile(conf, "utf8"), /mine1/);
    await minion.stop();
    const words = ["schedule.add", "later", "function=test.ping", "minutes=3", "offline=True"];
    const { stdout } = await minion.call("--local", ...words, "--out=json");
    assert.equal(JSON.parse(stdout).local.comment, "Added job: later to schedule.");
    assert.match(await readFile(conf, "utf8"), /later:[^]*minutes: 3/);
    const without = await minion.call("--local", ...words.slice(0, 4), "--out=json");
    assert.equal(JSON.parse(without.stdout).local.result, false);
  });
});
