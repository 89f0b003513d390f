/** Programs of two hosts that reach each other: yards over event buses, and a road between them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openEventClient, startEventBus } from "../../../src/event/mod.ts";
import type { BusAddress } from "../../../src/event/mod.ts";
import { type Mail, Yard } from "../../../src/event/yard.ts";
import { clients, echo, openMaster } from "../../support/road_sockets.ts";
import { until } from "../../support/until.ts";

const text = (body: Uint8Array) => new TextDecoder().decode(body);
const bytes = (words: string) => new TextEncoder().encode(words);

async function hosts(t: TestContext) {
  const sockDir = await mkdtemp(join(tmpdir(), "sx-lane-"));
  const addresses: BusAddress[] = [
    { node: "master", sockDir },
    { node: "minion", sockDir, idHash: "0123456789" },
  ];
  const [here, there] = await Promise.all(addresses.map((address) => startEventBus(address)));
  const master = await openMaster("127.0.0.1", echo);
  master.lane(here!, 100_000);
  const minion = clients("web1");
  minion.lane(there!);
  const requests = await minion.requestClient(`tcp://127.0.0.1:${master.port}`);
  assert.deepEqual(await requests.request(bytes("x"), { timeoutMs: 20_000 }), bytes("x"));
  const [onMaster, onMinion] = await Promise.all(addresses.map((one) => openEventClient(one)));
  t.after(async () => {
    onMaster!.close();
    onMinion!.close();
    requests.close();
    await master.close();
    await Promise.all([here!.close(), there!.close()]);
    await rm(sockDir, { recursive: true });
  });
  return { onMaster: onMaster!, onMinion: onMinion! };
}

test("Yard - programs of two hosts send and ask each other by estate, yard and share", async (t) => {
  const { onMaster, onMinion } = await hosts(t);
  const mail: Mail[] = [];
  await using inventory = await Yard.open(
    onMaster,
    "inventory",
    { updates: ["minion"], orders: ["local"] },
    async (one) => {
      mail.push(one);
      if (one.kind === "req") await inventory.answer(one, bytes(`seen ${text(one.body)}`));
    },
  );
  await using agent = await Yard.open(onMinion, "agent", { news: ["master"] }, async (one) => {
    mail.push(one);
    if (one.kind === "req") await agent.answer(one, bytes("from the agent"));
  });

  await agent.send(["master", "inventory", "updates"], bytes("a disk was added"));
  await until("the message", () => Promise.resolve(mail.length === 1));
  assert.deepEqual(mail[0]!.src, ["web1_minion", "agent", null]);
  assert.equal(text(mail[0]!.body), "a disk was added");

  const answer = await agent.ask(["127.0.0.1_master", "inventory", "updates"], bytes("disk 2"));
  assert.equal(text(answer), "seen disk 2");
  const back = await inventory.ask(["web1_minion", "agent", "news"], bytes("who?"));
  assert.equal(text(back), "from the agent");

  for (
    const [dst, why] of [
      [["master", "inventory", "orders"], /takes nothing of a minion/],
      [["master", "inventory", "none"], /has no such share/],
      [["master", "nobody", "updates"], /no yard "nobody" is open/],
      [["elsewhere_master", "inventory", "updates"], /no session with elsewhere_master/],
      [["master", null, "remote_cmd"], /yards alone/],
    ] as const
  ) {
    await assert.rejects(agent.send([...dst], bytes("x")), why);
  }
  await assert.rejects(
    agent.send(["master", "inventory", "updates"], new Uint8Array(200_000)),
    /max_event_size/,
  );
});

test("Yard - programs of one host reach each other by the daemon, and a full one says so", async (t) => {
  const { onMaster } = await hosts(t);
  const read = Promise.withResolvers<void>();
  let seen = 0;
  await using slow = await Yard.open(onMaster, "slow", { in: ["local"] }, async () => {
    await read.promise;
    seen += 1;
  });
  await using cli = await Yard.open(onMaster, "cli", {});
  for (let i = 0; i < 100; i++) await cli.send([null, "slow", "in"], bytes(`${i}`));
  await assert.rejects(cli.send([null, "slow", "in"], bytes("more")), { failure: "overloaded" });
  read.resolve();
  await until("all to be read", () => Promise.resolve(seen === 100));
  assert.equal(slow.name, "slow");
  await until("room for one more", async () => {
    return await cli.send([null, "slow", "in"], bytes("more")).then(() => true, () => false);
  });
});
