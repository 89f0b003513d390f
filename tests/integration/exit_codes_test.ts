/** What programs end with, on a running estate: no failure ends with 0. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import { Daemon } from "../support/commands.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { scenario } from "../support/scenario.ts";
import { commandOf, type Tool } from "../support/software.ts";
import { until } from "../support/until.ts";

/** Of a failure without a code of its own: anything but 0. */
const SOME = -1;

/** Minions `good` and `bad` answer; `stopped` is connected and says nothing; `away` is not connected. */
const CASES: readonly (readonly [code: number, tool: Tool, ...words: string[]])[] = [
  [0, "salt", "good", "test.ping"],
  [0, "salt", "-L", "good,bad", "test.ping"],
  [0, "salt", "-L", "good,bad", "cmd.run", "exit 0"],
  [0, "salt", "good", "test.false"],
  [0, "salt", "-b", "1", "-L", "good,bad", "test.ping"],
  [0, "salt", "--async", "*", "test.ping"],
  [0, "salt", "--subset=1", "-L", "good,bad", "test.ping"],
  [0, "salt", "good", "-d", "test.ping"],
  [0, "salt", "good", "test.ping,test.echo", ",x"],
  // A function fails.
  [1, "salt", "-L", "good,bad", "cmd.run", "test $TEST_MINION = good"],
  [1, "salt", "-L", "good,bad", "cmd.run", "test $TEST_MINION = good", "--static"],
  [1, "salt", "-L", "good,bad", "cmd.run", "test $TEST_MINION = good", "--out=json"],
  [1, "salt", "-L", "good,bad", "cmd.run", "test $TEST_MINION = good", "--out=quiet"],
  [1, "salt", "good", "cmd.run", "exit 7"],
  [1, "salt", "good", "cmd.run", "kill -9 $$"],
  [1, "salt", "good", "no.such"],
  [1, "salt", "good", "test.exception"],
  [1, "salt", "good", "test.sleep", "x", "y", "z"],
  [1, "salt", "good", "test.ping,cmd.run", ",exit 3"],
  [7, "salt", "-b", "1", "good", "cmd.run", "exit 7"],
  [1, "salt", "-b", "1", "-L", "good,bad", "cmd.run", "test $TEST_MINION = good"],
  [1, "salt", "-b", "1", "--failhard", "-L", "good,bad", "cmd.run", "exit 1"],
  // No return.
  [1, "salt", "-t", "1", "stopped", "test.ping"],
  [1, "salt", "-t", "1", "-L", "good,stopped", "test.ping"],
  [1, "salt", "-t", "1", "--hide-timeout", "-L", "good,stopped", "test.ping"],
  [1, "salt", "-t", "1", "-b", "1", "-L", "good,stopped", "test.ping"],
  [1, "salt", "-t", "1", "away", "test.ping"],
  [1, "salt", "-t", "1", "-L", "good,away", "test.ping"],
  [1, "salt", "-L", "good,unknown", "test.ping"],
  // Nobody, or not allowed.
  [2, "salt", "nobody", "test.ping"],
  [2, "salt", "nobody", "test.ping", "--async"],
  [2, "salt", "nobody", "test.ping", "-b", "1"],
  [2, "salt", "nobody", "--preview-target"],
  [2, "salt", "good", "test.fib", "3"],
  [2, "salt", "-a", "file", "--username=ann", "--password=x", "good", "test.ping"],
  [2, "salt", "-a", "pam", "--username=ann", "--password=x", "good", "test.ping"],
  [2, "salt", "-b", "1", "-a", "file", "--username=ann", "--password=x", "good", "test.ping"],
  // Wrong words.
  [42, "salt"],
  [42, "salt", "good"],
  [64, "salt", "--nope"],
  [64, "salt", "-E", "-L", "good", "test.ping"],
  [SOME, "salt", "-b", "none", "good", "test.ping"],
  [SOME, "salt", "--jid", "nonsense", "good", "test.ping"],
  [SOME, "salt", "-R", "%range", "test.ping"],
  [SOME, "salt", "-N", "nogroup", "test.ping"],
  [SOME, "salt", "-C", "good and (", "test.ping"],
  [SOME, "salt", "-t", "soon", "good", "test.ping"],
  [SOME, "salt", "--expires=1h", "good", "test.ping"],
  [0, "run", "manage.present"],
  [0, "run", "salt.cmd", "test.ping"],
  [1, "run", "no.such"],
  [1, "run", "error.error", "Oops"],
  [1, "run", "jobs.lookup_jid"],
  [64, "run"],
  [0, "key", "-L"],
  // As in Salt: that nobody of that name waits is said, and no failure.
  [0, "key", "-y", "-a", "nobody"],
  [SOME, "key", "-l", "nonsense"],
  [64, "key", "--nope"],
];

scenario("exit codes of a running estate", async (lab, step) => {
  const users = join(lab.root, "users");
  await writeFile(users, "ann:secret\n", { mode: 0o600 });
  const master = await (await lab.master("saltx", {
    gather_job_timeout: 1,
    publish_timeout: 3,
    publisher_acl_blacklist: { modules: ["test.fib"] },
    external_auth: { file: { "^filename": users, ann: ["test.*"] } },
  })).start();
  const [good, , stopped] = await Promise.all(["good", "bad", "stopped"].map(async (id) => {
    const minion = await (await lab.minion("saltx", id, master)).start();
    await master.accept(id);
    await minion.ready();
    await master.awaitPing(id);
    return minion;
  }));
  await RawPeer.accepted(master, "away");
  stopped!.daemon.signal("SIGSTOP");
  try {
    for (const [expected, tool, ...words] of CASES) {
      await step(
        `${expected === SOME ? "not 0" : expected}: ${tool} ${words.join(" ")}`,
        async () => {
          const { code, stdout, stderr } = await master.tool(tool, ...words);
          if (expected === SOME) assert.notEqual(code, 0, stdout);
          else assert.equal(code, expected, stdout + stderr);
          if (code !== 0) assert.notEqual(stdout + stderr, "", "a failure says something");
          assert.doesNotMatch(stderr, /\n\s+at .*(\.ts|saltx\.js):/);
        },
      );
    }
    await step("--summary, jobs.ends and jobs.lookup_jid name each end", async () => {
      const words = ["-t", "1", "-v", "--summary", "-L", "good,bad,stopped", "cmd.run"];
      const { stdout } = await master.salt(...words, "test $TEST_MINION = good");
      assert.match(stdout, /# of minions targeted: 3\n# of minions returned: 2\n/);
      assert.match(stdout, /Minions not responding: stopped\nMinions with failures: bad\n/);
      const jid = /Executing job with jid (\d{20})/.exec(stdout)![1]!;
      const ended = JSON.parse((await master.run("jobs.ends", jid, "--out=json")).stdout);
      assert.deepEqual(
        Object.entries(ended as Record<string, DataMap>).map(([id, { End }]) => [id, End]),
        [["bad", "failed"], ["good", "returned"], ["stopped", "timed out"]],
      );
      const lookup = await master.run("jobs.lookup_jid", jid, "missing=True", "--out=json");
      assert.match(String(JSON.parse(lookup.stdout)["stopped"]), /\[No response\]/);
    });
  } finally {
    stopped!.daemon.signal("SIGCONT");
  }
  const callCases: [number, ...string[]][] = [
    [0, "test.ping"],
    [0, "--local", "test.false"],
    [1, "cmd.run", "exit 7"],
    [7, "--retcode-passthrough", "cmd.run", "exit 7"],
    [255, "no.such"],
    [1, "test.exception"],
    [64],
    [64, "-g", "test.ping"],
    [1, "--module-executors=nope", "test.ping"],
  ];
  for (const [expected, ...words] of callCases) {
    await step(`${expected}: call ${words.join(" ")}`, async () => {
      const { code, stdout, stderr } = await good!.call(...words);
      assert.equal(code, expected, stdout + stderr);
    });
  }
  const start = (...words: string[]) =>
    Daemon.start("salt", [...commandOf("saltx", "salt"), "-c", master.configDir, ...words]);
  const untilRuns = (name: string) =>
    until("the job to run", async () =>
      JSON.stringify(await master.ask("good", "saltutil.running"))
        .includes(name));
  for (const batch of [[], ["-b", "1"]]) {
    await step(`1: salt ${batch.join(" ")} with Ctrl-C, which names the job`, async () => {
      const cli = await start(...batch, "good", "test.sleep", "30");
      await untilRuns("test.sleep");
      assert.equal(await cli.stop("SIGINT"), 1);
      const jid = /This job's jid is: (\d{20})/.exec(cli.log)?.[1];
      assert.match(cli.log, new RegExp(`saltx run jobs.lookup_jid ${jid}`));
      await master.ask("good", "saltutil.kill_all_jobs");
    });
  }
  await step(
    "not 0: salt whose master dies during the job, and salt without a master",
    async () => {
      const cli = await start("-t", "1", "good", "test.sleep", "30");
      const batch = await start("-t", "1", "-b", "1", "good", "test.sleep", "31");
      await untilRuns("30");
      await untilRuns("31");
      await master.stop("SIGKILL");
      assert.notEqual(await cli.exited, 0);
      assert.notEqual(await batch.exited, 0);
      for (const words of [["good", "test.ping"], ["-b", "1", "good", "test.ping"]]) {
        assert.equal((await master.salt(...words)).code, 2);
      }
      assert.equal((await master.run("jobs.active")).code, 1);
    },
  );
});
