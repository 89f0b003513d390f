import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtime } from "../../../src/runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../../src/runtime/types.ts";
import { ipcEndpoint, minionTopic, zeromqTransport } from "../../../src/transport/zeromq/mod.ts";
import { bindPrivate } from "../../../src/transport/zeromq/private_bind.ts";
import { ZmqPublishServer } from "../../../src/transport/zeromq/publish_server.ts";
import { ZmqRequestServer } from "../../../src/transport/zeromq/request_server.ts";
import type { MinionId } from "../../../src/types/mod.ts";
import { until } from "../../support/until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** Small queues: a worker takes one request at a time. */
const WORKER_SOCKET: ZmqOptions = {
  linger: 0,
  receiveHighWaterMark: 1,
  receiveBufferSize: 4096,
};

/** A worker that answers with what it got, in capitals, and hangs with what `hangs` says. */
async function worker(
  endpoint: string,
  hangs: (request: string, worker: ZmqSocket) => boolean,
): Promise<ZmqSocket> {
  const socket = await runtime.openSocket("rep", WORKER_SOCKET);
  socket.connect(endpoint);
  (async () => {
    for await (const [frame] of socket) {
      if (hangs(text(frame!), socket)) await new Promise(() => {});
      await socket.send(text(frame!).toUpperCase());
    }
  })().catch(() => {});
  return socket;
}

describe("requests over ZeroMQ", () => {
  let dir: string;
  let server: ZmqRequestServer;
  const workers: ZmqSocket[] = [];
  /** Workers that "silent" has hung. */
  const hung: ZmqSocket[] = [];
  const transport = zeromqTransport({});

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "saltx-zmq-"));
    const workersEndpoint = ipcEndpoint(join(dir, "workers.ipc"));
    server = await ZmqRequestServer.open({
      endpoint: "tcp://127.0.0.1:0",
      workersEndpoint,
      router: { maxMessageSize: 10_000 },
    }, bindPrivate);
    const hangs = (request: string, socket: ZmqSocket) => {
      if (request !== "silent" || hung.length === 2) return false;
      hung.push(socket);
      return true;
    };
    for (let i = 0; i < 3; i++) workers.push(await worker(workersEndpoint, hangs));
  });
  after(async () => {
    await server.close();
    for (const socket of workers) socket.close();
    await rm(dir, { recursive: true });
  });

  test("200 requests at once each get their own answer", async () => {
    const client = await transport.requestClient(server.endpoint);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => client.request(bytes(`n${i}`), { timeoutMs: 10_000 })),
    );
    assert.deepEqual(answers.map(text), Array.from({ length: 200 }, (_, i) => `N${i}`));
    client.close();
  });

  test("a request can be aborted, and close() rejects those under way", async () => {
    const client = await transport.requestClient("tcp://127.0.0.1:9");
    const controller = new AbortController();
    const aborted = client.request(bytes("a"), { timeoutMs: 60_000, signal: controller.signal });
    const closed = client.request(bytes("b"), { timeoutMs: 60_000 });
    setImmediate(() => controller.abort(new Error("enough")));
    await assert.rejects(aborted, /enough/);
    client.close();
    await assert.rejects(closed, { name: "SaltClientError" });
  });

  test("a message above the limit ends its connection, and others are served", async () => {
    const client = await transport.requestClient(server.endpoint);
    await assert.rejects(client.request(new Uint8Array(20_000), { timeoutMs: 200 }));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.request(bytes("a"), { timeoutMs: 10_000 })),
    );
    assert.deepEqual(new Set(answers.map(text)), new Set(["A"]));
    client.close();
  });

  test("a message that is no request is dropped, and others are served", async () => {
    const dealer = await runtime.openSocket("dealer", { linger: 0 });
    dealer.connect(server.endpoint);
    for (const frames of [["no delimiter"], ["", ""], [""], ["x", "y", ""]]) {
      await dealer.send(frames);
    }
    assert.deepEqual((await dealer.receive(10_000)).map(text), ["", ""]);
    // Only now, as two workers may answer in any order.
    await dealer.send(["", "a"]);
    assert.deepEqual((await dealer.receive(10_000)).map(text), ["", "A"]);
    dealer.close();
  });

  test("what a lost worker had with it is served by the others, one after the other", async () => {
    const client = await transport.requestClient(server.endpoint);
    const ask = (request: string) => client.request(bytes(request), { timeoutMs: 60_000 });
    const silent = ask("silent");
    // Some of them wait behind it.
    const others = Array.from({ length: 9 }, () => ask("a"));
    for (let lost = 0; lost < 2; lost++) {
      await until("a worker to hang", () => hung.length > lost);
      hung[lost]!.close();
    }
    assert.equal(text(await silent), "SILENT");
    assert.deepEqual((await Promise.all(others)).map(text), Array(9).fill("A"));
    assert.ok(server.stats.repeated >= 2);
    client.close();
  });
});

describe("publications over ZeroMQ", () => {
  const transport = zeromqTransport({});
  const id = "web1" as MinionId;

  test("a subscriber of everything gets them, and its presence is seen", async () => {
    const topics: [string, boolean][] = [];
    let seen = () => {};
    const subscribed = new Promise<void>((resolve) => (seen = resolve));
    let left = () => {};
    const gone = new Promise<void>((resolve) => (left = resolve));
    const server = await ZmqPublishServer.open("tcp://127.0.0.1:0", {}, (topic, present) => {
      topics.push([topic, present]);
      if (topic === minionTopic(id)) (present ? seen : left)();
    });
    const client = await transport.publishClient(server.endpoint, { id, topics: null });
    await subscribed;
    server.publish(bytes("hello"), null);
    for await (const message of client.messages()) {
      assert.deepEqual([message.topic, text(message.payload)], [null, "hello"]);
      break;
    }
    client.close();
    await gone;
    assert.deepEqual(topics.at(-1), [minionTopic(id), false]);
    await server.close();
  });

  test("a filtering subscriber gets its own topic and broadcasts, not those of others", async () => {
    let seen = () => {};
    const subscribed = new Promise<void>((resolve) => (seen = resolve));
    const server = await ZmqPublishServer.open("tcp://127.0.0.1:0", {}, (topic) => {
      if (topic === "broadcast") seen();
    });
    const client = await transport.publishClient(server.endpoint, {
      id,
      topics: [minionTopic(id), "broadcast"],
    });
    await subscribed;
    server.publish(bytes("1"), [minionTopic("web2")]);
    server.publish(bytes("2"), [minionTopic("web1")]);
    server.publish(bytes("3"), ["broadcast"]);
    const got: string[] = [];
    for await (const message of client.messages()) {
      got.push(text(message.payload));
      if (got.length === 2) break;
    }
    assert.deepEqual(got, ["2", "3"]);
    client.close();
    await server.close();
  });

  test("onLink() tells when the master goes and comes back", async () => {
    const first = await ZmqPublishServer.open("tcp://127.0.0.1:0", {});
    const client = await zeromqTransport({ recon_default: 10, recon_max: 10 })
      .publishClient(first.endpoint, { id, topics: null });
    const states: boolean[] = [];
    let turn = () => {};
    client.onLink((up) => {
      states.push(up);
      turn();
    });
    const change = () => new Promise<void>((resolve) => (turn = resolve));
    if (states.length === 0) await change();
    const down = change();
    await first.close();
    await down;
    const up = change();
    const second = await ZmqPublishServer.open(first.endpoint, {});
    await up;
    assert.deepEqual(states, [true, false, true]);
    client.close();
    await second.close();
  });
});
