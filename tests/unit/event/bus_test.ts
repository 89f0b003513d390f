import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EventBusServer,
  eventTag,
  openEventClient,
  packEvent,
  startEventBus,
  tagify,
  unpackEvent,
  VALUE_TRIMMED,
} from "../../../src/event/mod.ts";

describe("event bus", () => {
  let dir: string;
  let bus: EventBusServer;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "saltx-bus-"));
    bus = await startEventBus({ node: "master", sockDir: dir });
  });
  after(async () => {
    await bus.close();
    assert.deepEqual(await readdir(dir), [], "closing removes the socket files");
    await rm(dir, { recursive: true });
  });

  test("socket files are for their owner alone", async () => {
    for (const file of ["master_event_pub.ipc", "master_event_pull.ipc"]) {
      assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600);
    }
  });

  test("a ready subscription gets every event that is fired after, and none of other tags", async () => {
    const client = await openEventClient({ node: "master", sockDir: dir });
    const events = client.subscribe("salt/job/1/");
    await events.ready;
    bus.fire("salt/job/2/new", { n: 0 });
    for (let n = 1; n <= 1000; n++) bus.fire("salt/job/1/ret", { n });
    for (let n = 1; n <= 1000; n++) assert.equal((await events.next(5000))?.data["n"], n);
    client.close();
  });

  test("what one client fires another one reads, stamped", async () => {
    const [writer, reader] = await Promise.all([
      openEventClient({ node: "master", sockDir: dir }),
      openEventClient({ node: "master", sockDir: dir }),
    ]);
    const events = reader.subscribe("my/");
    await events.ready;
    await writer.fire("my/event", { text: "grüße", bytes: new Uint8Array([255]) });
    const event = await events.next(5000);
    assert.equal(event?.tag, "my/event");
    assert.equal(event?.data["text"], "grüße");
    assert.deepEqual(event?.data["bytes"], new Uint8Array([255]));
    assert.match(String(event?.data["_stamp"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    writer.close();
    reader.close();
  });

  test("listeners of the owner see events fired by others", async () => {
    const heard = new Promise((resolve) => bus.onEvent("salt/key", (event) => resolve(event.data)));
    const client = await openEventClient({ node: "master", sockDir: dir });
    await client.fire("salt/key", { act: "delete" });
    assert.equal((await heard as { act: string }).act, "delete");
    client.close();
  });

  test("next() gives null when nothing comes, and at once after close()", async () => {
    const client = await openEventClient({ node: "master", sockDir: dir });
    const events = client.subscribe("nothing/");
    await events.ready;
    assert.equal(await events.next(10), null);
    const waiting = events.next();
    events.close();
    assert.equal(await waiting, null);
    client.close();
  });
});

test("openEventClient() says that there is no bus", async () => {
  const dir = await mkdtemp(join(tmpdir(), "saltx-nobus-"));
  await assert.rejects(openEventClient({ node: "master", sockDir: dir }), {
    name: "SaltClientError",
    message: /no event bus at .*master_event_pub\.ipc/,
  });
  await rm(dir, { recursive: true });
});

test("packEvent() and unpackEvent() are each other's reverse; data may hold blank lines", () => {
  const frame = packEvent("a/b", { text: "x\n\ny", _stamp: "now" });
  assert.equal(eventTag(frame), "a/b");
  assert.deepEqual(unpackEvent(frame), { tag: "a/b", data: { text: "x\n\ny", _stamp: "now" } });
});

test("unpackEvent() refuses what is no event", () => {
  for (const text of ["", "tag", "tag\n\n", "tag\n\n\x01"]) {
    assert.throws(() => unpackEvent(new TextEncoder().encode(text)), {
      name: "SaltDeserializationError",
    });
  }
});

test("tagify() joins and leaves empty parts out", () => {
  assert.equal(tagify("job", "1", "", "new"), "salt/job/1/new");
});

test("packEvent() leaves the largest values out of an event that is too large", () => {
  const data = { id: "web1", return: "x".repeat(5000), fun_args: ["y".repeat(300)] };
  const { data: read } = unpackEvent(packEvent("a/b", data, 1000));
  assert.equal(read["return"], VALUE_TRIMMED);
  assert.deepEqual([read["id"], read["fun_args"]], ["web1", data.fun_args]);
  assert.equal(unpackEvent(packEvent("a/b", data, 6000)).data["return"], data.return);
});
