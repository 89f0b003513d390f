/** What daemons do with trash on their own sockets, from programs of the same user. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { packEvent } from "../../src/event/mod.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { packLocal } from "../../src/serializers/msgpack.ts";
import type { Master } from "../support/master.ts";
import { scenario } from "../support/scenario.ts";

const trash: Uint8Array[][] = [
  [new Uint8Array()],
  [Buffer.from("no event")],
  [randomBytes(1000)],
  [Buffer.from("tag\n\n")],
  [Buffer.from("tag\n\n\xc1", "latin1")],
  [Buffer.from("tag\n\nd\xdf\xff\xff\xff\xff", "latin1")],
  [Buffer.from(`${"t".repeat(100_000)}\n\n`)],
  [Buffer.from("a"), Buffer.from("b")],
  [packLocal({ load: 5, minions: "all" })],
  [packLocal([1, 2, 3])],
  [packEvent("fire_master", { tag: 5, data: [] })],
  [packEvent("fire_master", { events: "no list" })],
  [packEvent("salt/job/x/ret/y", { id: 5 })],
  [packEvent("key", { rotate_aes_key: "perhaps" })],
];

async function push(socketFile: string): Promise<void> {
  const socket = await runtime.openSocket("push", { linger: 5000 });
  socket.connect(`ipc://${socketFile}`);
  for (const frames of trash) await socket.send(frames);
  socket.close();
}

scenario("trash on the daemons' own sockets", async (lab, step) => {
  const id = "web-1";
  const master = await (await lab.master("saltx")).start();
  const minion = await (await lab.minion("saltx", id, master)).start();
  await master.accept(id);
  await minion.ready();
  const sockets = {
    "the master's event bus": join(master.sockDir, "master_event_pull.ipc"),
    "the master's publisher": join(master.sockDir, "publish_pull.ipc"),
    "the minion's event bus": minion.pullSocket,
  };
  for (const [name, file] of Object.entries(sockets)) {
    await step(`${name} is its owner's alone`, async () => {
      assert.equal((await stat(file)).mode & 0o077, 0);
    });
    await step(`${name} takes trash and goes on`, async () => {
      await push(file);
      await works(master, id);
      assert.equal(master.daemon.status, null);
      assert.equal(minion.daemon.status, null);
    });
  }
  await step("an event fired on the bus after all that arrives", async () => {
    const events = await lab.events(master);
    const socket = await runtime.openSocket("push", { linger: 5000 });
    socket.connect(`ipc://${sockets["the master's event bus"]}`);
    await socket.send(packEvent("acme/after", { n: 1 }));
    await events.line(/^acme\/after\t.*"n":1/m);
    socket.close();
    await events.stop();
  });
});

async function works(master: Master, id: string): Promise<void> {
  assert.deepEqual(await master.ask(id, "test.ping"), { [id]: true });
}
