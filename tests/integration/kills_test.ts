/** Masters, minions and command lines that are killed at any moment lose no return and double none. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type JobCache, type JobReturn, openJobCache } from "../../src/cache/mod.ts";
import { openEventClient } from "../../src/event/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { Daemon } from "../support/commands.ts";
import type { Lab } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import type { Minion } from "../support/minion.ts";
import { Random, testSeed } from "../support/random.ts";
import { scenario } from "../support/scenario.ts";
import { commandOf } from "../support/software.ts";
import { until } from "../support/until.ts";

const JOBS = 200;
const MINIONS = ["m1", "m2", "m3", "m4", "m5"];
/** Command lines at a time. */
const AT_ONCE = 5;

function jidOf(number: number): string {
  return `20260101000000${String(number).padStart(6, "0")}`;
}

/** What the jobs need, and what they leave behind. */
class Storm {
  readonly master: Master;
  readonly minions: readonly Minion[];
  readonly random: Random;
  readonly marks: string;
  readonly killed = { master: 0, minion: 0, cli: 0 };
  readonly #jobs: JobCache;
  readonly #tried: string[] = [];
  #taken = 0;

  constructor(
    lab: Lab,
    master: Master,
    minions: readonly Minion[],
    jobs: JobCache,
    random: Random,
  ) {
    this.#jobs = jobs;
    this.master = master;
    this.minions = minions;
    this.random = random;
    this.marks = join(lab.root, "marks");
  }

  /** Job ids that the master took; one of them may come after its command line was killed. */
  published(): string[] {
    return this.#tried.filter((jid) => this.#jobs.load(jid) !== null);
  }

  /** How each job ended on each minion, by both. */
  ends(): Map<string, JobReturn> {
    return new Map(
      this.published().flatMap((jid) =>
        this.#jobs.returns(jid).map((part) => [`${jid} ${part.id}`, part])
      ),
    );
  }

  get over(): boolean {
    return this.#taken >= JOBS;
  }

  /** Publishes jobs one after the other, each by a command line of its own. */
  async command(): Promise<void> {
    while (!this.over) {
      const jid = jidOf(this.#tried.length);
      this.#tried.push(jid);
      const work = `echo ${jid} >> ${this.marks}/$TEST_MINION; echo done ${jid}`;
      const words = ["-t", "2", "--static", "--out=json", "--jid", jid, "*", "cmd.run", work];
      const argv = [...commandOf("saltx", "salt"), "-c", this.master.configDir, ...words];
      const cli = await Daemon.start(`salt ${jid}`, argv);
      if (this.random.below(4) === 0) {
        await Promise.race([cli.exited, sleep(this.random.below(400))]);
        if (cli.status === null) this.killed.cli++;
        await cli.stop("SIGKILL");
      }
      await cli.exited;
      if (this.#jobs.load(jid) !== null) this.#taken++;
    }
  }

  /** Kills what is picked, and starts it again a moment later. */
  async sabotage(): Promise<void> {
    while (!this.over) {
      await sleep(200 + this.random.below(1000));
      const victim = this.random.below(4) === 0 ? this.master : this.random.pick(this.minions);
      this.killed[victim === this.master ? "master" : "minion"]++;
      await victim.stop("SIGKILL");
      await sleep(this.random.below(300));
      await victim.start();
    }
  }

  /** How often each minion began each job. */
  async begun(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const id of MINIONS) {
      const text = await readFile(join(this.marks, id), "utf8").catch(() => "");
      for (const jid of text.split("\n").filter((line) => line !== "")) {
        const key = `${jid} ${id}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return counts;
  }
}

scenario(`kill -9 of anything during ${JOBS} jobs`, async (lab, step) => {
  const seed = testSeed();
  console.log(`SALTX_TEST_SEED=${seed}`);
  const master = await (await lab.master("saltx", {
    auto_accept: true,
    queue_offline: true,
    gather_job_timeout: 1,
    publish_timeout: 3,
  })).start();
  const minions = await Promise.all(MINIONS.map(async (id) => {
    const minion = await (await lab.minion("saltx", id, master)).start();
    await minion.ready();
    return minion;
  }));
  for (const id of MINIONS) await master.awaitPing(id);
  const jobs = openJobCache({ cachedir: master.cacheDir });
  const storm = new Storm(lab, master, minions, jobs, new Random(seed));
  await mkdir(storm.marks);
  const fired = new Map<string, number>();
  const bus = await openEventClient({ node: "master", sockDir: master.sockDir });
  const events = bus.subscribe("salt/job/");
  const watching = (async () => {
    for await (const { tag } of events) {
      const [, , jid, kind, id] = tag.split("/");
      const key = `${jid} ${id}`;
      if (kind === "ret") fired.set(key, (fired.get(key) ?? 0) + 1);
    }
  })();
  try {
    await step("leaves the estate at work", async () => {
      const commands = Array.from({ length: AT_ONCE }, () => storm.command());
      await Promise.all([...commands, storm.sabotage()]);
      for (const minion of minions) await master.awaitPing(minion.id);
      assert.ok(storm.killed.master > 0 && storm.killed.minion > 0 && storm.killed.cli > 0);
    });
    await step("every job that was begun has come back", async () => {
      const begun = await storm.begun();
      const lost = () => {
        const stored = storm.ends();
        return [...begun.keys()].filter((key) => stored.get(key)?.ret === undefined);
      };
      await until("the last returns", () => lost().length === 0, 60_000).catch(() => {});
      assert.deepEqual(lost(), []);
    });
    await step("no job ran twice, and no return came twice", async () => {
      const twice = (counts: Map<string, number>) => [...counts].filter(([, count]) => count > 1);
      assert.deepEqual(twice(await storm.begun()), []);
      assert.deepEqual(twice(fired), []);
    });
    await step("what came back whole was done, and by the job that it says", async () => {
      // What waited for a minion may still be begun meanwhile, so that ends are looked at first.
      const ends = storm.ends();
      const begun = await storm.begun();
      for (const [key, { end, ret }] of ends) {
        if (end !== "returned") continue;
        assert.equal(ret?.return, `done ${key.split(" ")[0]}`);
        assert.equal(begun.get(key), 1, key);
      }
    });
    await step("every job has a named end on every minion", async () => {
      await until("the queue to be empty", async () => {
        const { stdout } = await master.run("queue.list", "--out=json");
        return Object.keys(JSON.parse(stdout) as DataMap).length === 0;
      }, 60_000);
      const open = new Set(
        [...storm.ends()].filter(([, { end }]) => end === "waiting").map(([key]) =>
          key.split(" ")[0]!
        ),
      );
      for (const jid of open) await master.run("jobs.ends", jid);
      const counts: Record<string, number> = {};
      for (const { end } of storm.ends().values()) counts[end] = (counts[end] ?? 0) + 1;
      console.log(JSON.stringify({ ...counts, killed: storm.killed }));
      const named = new Set(["returned", "interrupted", "timed out", "not connected"]);
      assert.deepEqual(Object.keys(counts).filter((end) => !named.has(end)), []);
      assert.equal(storm.ends().size, storm.published().length * MINIONS.length);
    });
  } finally {
    events.close();
    bus.close();
    await watching;
    jobs.close();
  }
});
