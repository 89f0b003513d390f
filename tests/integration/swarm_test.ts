/** The simulator of minions that benchmarks rest on: each of its knobs does what it says, over both transports. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Knobs, plainBehaviour } from "../../scripts/bench/swarm/behaviour.ts";
import { Swarm } from "../../scripts/bench/swarm/swarm.ts";
import { nodeProgram } from "../../scripts/node_program.ts";
import { overTransports } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const COUNT = 10;
const SIZE = 5000;
const THINK_MS = 600;
const plain: Knobs = { thinkMs: 0, returnSize: 0, loss: 0, packetLoss: 0 };

overTransports("simulated minions", async (lab, step) => {
  const master = await (await lab.master("saltx", { auto_accept: true, gather_job_timeout: 1 }))
    .start();
  const { host, requestPort } = master.endpoint;
  await using swarm = await Swarm.start({
    count: COUNT,
    processes: 1,
    behaviour: { ...plainBehaviour, host, requestPort, transport: lab.transport },
    node: nodeProgram(),
    keyFolder: join(lab.root, "keys"),
  });
  const behave = async (knobs: Partial<Knobs>, share = 1) =>
    await swarm.order({ do: "behave", knobs: { ...plain, ...knobs }, share });
  const answers = async (...args: string[]) =>
    Object.values(await master.ask("*", ...args, "test.ping"));

  await step("sign in, and answer", async () => {
    const { tally, failures } = await swarm.order({ do: "sign-in" });
    assert.deepEqual([tally.signIns, failures], [COUNT, []]);
    await swarm.order({ do: "listen" });
    assert.deepEqual(await answers("-t", "60"), Array(COUNT).fill(true));
  });
  await step("think", async () => {
    await behave({ thinkMs: THINK_MS });
    const start = performance.now();
    assert.equal((await answers("-t", "60")).length, COUNT);
    assert.ok(performance.now() - start >= THINK_MS / 2);
  });
  await step("return as much as is wanted", async () => {
    await behave({ returnSize: SIZE });
    const sizes = (await answers("-t", "60")).map((text) => String(text).length);
    assert.deepEqual(sizes, Array(COUNT).fill(SIZE));
  });
  await step("lose jobs", async () => {
    await behave({});
    await behave({ loss: 1 }, 0.5);
    const all = await answers("-t", "2");
    assert.equal(all.filter((value) => value === true).length, COUNT / 2);
  });
  if (lab.transport === "raet") {
    await step("lose packets, and nothing with them", async () => {
      await behave({ packetLoss: 0.2, returnSize: SIZE });
      assert.equal((await answers("-t", "60")).length, COUNT);
      const { tally } = await swarm.order({ do: "await", jobs: 1, ms: 60_000 });
      assert.ok(tally.packetsLost > 0);
    });
  }
  await step("die without a word", async () => {
    await behave({});
    await swarm.order({ do: "die", share: 0.5 });
    const died = Date.now();
    const all = await answers("-t", "2");
    assert.equal(all.filter((value) => value === true).length, COUNT / 2);
    if (lab.transport === "zeromq") return;
    // Nobody has said goodbye.
    const { stack, remotes } = await until("figures of the time after", async () => {
      const stats = JSON.parse((await master.run("raet.stats", "--out=json")).stdout);
      return Date.parse(stats.time) > died && stats;
    });
    assert.equal(stack["closed"], 0);
    assert.ok(remotes["sim-0_minion"]);
  });
});
