import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtime } from "../../../src/runtime/mod.ts";
import type { BatchedRequest, Hold } from "../../../src/transport/zeromq/request_batch.ts";
import {
  packAnswers,
  packRequests,
  unpackAnswers,
  unpackRequests,
} from "../../../src/transport/zeromq/request_batch.ts";
import { type WorkerLink, ZmqRequestServer } from "../../../src/transport/zeromq/request_server.ts";
import { ipcEndpoint } from "../../../src/transport/zeromq/mod.ts";
import { bindPrivate } from "../../../src/transport/zeromq/private_bind.ts";
import { until } from "../../support/until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

/** A worker thread as the server sees it, that answers when the test says so. */
class ScriptedThread {
  readonly batches: BatchedRequest[][] = [];
  link!: WorkerLink;

  take(requests: BatchedRequest[]): void {
    this.batches.push(requests);
  }

  get held(): string[] {
    return this.batches.flat().map(({ payload }) => text(payload));
  }

  /** Answers all it has, each after `ms` of work. */
  answerAll(ms = 0, hold?: Hold): void {
    const answers = this.batches.splice(0).flat()
      .map(({ seq, payload }) => ({ seq, ms, hold, payload: bytes(text(payload).toUpperCase()) }));
    this.link.answered(answers);
    this.link.next();
  }
}

describe("requests to worker threads", () => {
  let dir: string;
  const servers: ZmqRequestServer[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "saltx-req-"));
  });
  after(async () => {
    for (const server of servers) await server.close();
    await rm(dir, { recursive: true });
  });

  async function open(perPeer = 32): Promise<ZmqRequestServer> {
    const server = await ZmqRequestServer.open({
      endpoint: "tcp://127.0.0.1:0",
      workersEndpoint: ipcEndpoint(join(dir, `w${servers.length}.ipc`)),
      router: {},
      limits: { perPeer },
    }, bindPrivate);
    servers.push(server);
    return server;
  }

  function attach(server: ZmqRequestServer): ScriptedThread {
    const thread = new ScriptedThread();
    thread.link = server.attach(thread);
    return thread;
  }

  async function dealer(server: ZmqRequestServer) {
    const socket = await runtime.openSocket("dealer", { linger: 0 });
    socket.connect(server.endpoint);
    return socket;
  }

  test("what comes while a worker is busy goes to it in one batch", async () => {
    const server = await open();
    const thread = attach(server);
    const peer = await dealer(server);
    await peer.send(["", "first"]);
    await until("a batch", () => thread.batches.length === 1);
    for (const name of ["a", "b", "c"]) await peer.send(["", name]);
    await until("it to wait", () => server.depths.waiting.encrypted === 3);
    assert.deepEqual(thread.held, ["first"]);
    thread.answerAll();
    await until("a batch", () => thread.batches.length === 1);
    assert.deepEqual(thread.held, ["a", "b", "c"]);
    thread.answerAll();
    const got: string[] = [];
    while (got.length < 4) got.push(text((await peer.receive(10_000)).at(-1)));
    assert.deepEqual(got, ["FIRST", "A", "B", "C"]);
    peer.close();
  });

  test("a lost worker's requests go to another one, and are dropped when that is lost too", async () => {
    const server = await open();
    const first = attach(server);
    const peer = await dealer(server);
    await peer.send(["", "poison"]);
    await until("a batch", () => first.batches.length === 1);
    first.link.lost();
    const second = attach(server);
    await until("a batch", () => second.batches.length === 1);
    second.link.lost();
    assert.deepEqual([server.stats.repeated, server.stats.dropped], [1, 1]);
    const third = attach(server);
    await peer.send(["", "good"]);
    await until("a batch", () => third.batches.length === 1);
    assert.deepEqual(third.held, ["good"]);
    third.answerAll();
    assert.equal(text((await peer.receive(10_000)).at(-1)), "GOOD");
    peer.close();
  });

  test("requests of a peer that has gone are not served", async () => {
    const server = await open();
    const thread = attach(server);
    const [stays, goes] = [await dealer(server), await dealer(server)];
    await stays.send(["", "busy"]);
    await until("a batch", () => thread.batches.length === 1);
    await goes.send(["", "abandoned"]);
    await until("it to wait", () => server.depths.waiting.encrypted === 1);
    goes.close();
    await until("it to be dropped", () => server.stats.abandoned === 1);
    thread.answerAll();
    await stays.receive(10_000);
    assert.deepEqual(thread.held, []);
    stays.close();
  });

  test("a peer with too many requests is held back, and loses none", async () => {
    const server = await open(4);
    const thread = attach(server);
    const peer = await dealer(server);
    // Large enough for TCP not to take them all at once.
    const names = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(100_000, "."));
    for (const name of names) await peer.send(["", name]);
    await until("the peer to be held back", () => server.stats.paused > 0);
    assert.ok(server.depths.waiting.encrypted + thread.held.length <= 40);
    const got: string[] = [];
    const reading = (async () => {
      while (got.length < names.length) got.push(text((await peer.receive(10_000)).at(-1)));
    })();
    const all = reading.then(() => true);
    const answering = async () => {
      if (thread.batches.length > 0) thread.answerAll();
      return await Promise.race([all, new Promise<boolean>((done) => setTimeout(done, 1, false))]);
    };
    while (!await answering());
    assert.deepEqual(got, names);
    peer.close();
  });

  test("a peer whose requests take long gets a lane of its own", async () => {
    const server = await open();
    const thread = attach(server);
    const [slow, quick] = [await dealer(server), await dealer(server)];
    await slow.send(["", "file"]);
    await until("a batch", () => thread.batches.length === 1);
    thread.answerAll(20);
    await slow.receive(10_000);
    await quick.send(["", "busy"]);
    await until("a batch", () => thread.batches.length === 1);
    await slow.send(["", "file"]);
    await until("it to wait", () => server.depths.waiting.heavy === 1);
    thread.answerAll();
    await until("a batch", () => thread.batches.length === 1);
    // A quick one brings it back.
    thread.answerAll(0.1);
    await slow.receive(10_000);
    await quick.receive(10_000);
    await quick.send(["", "busy"]);
    await until("a batch", () => thread.batches.length === 1);
    await slow.send(["", "small"]);
    await until("it to wait", () => server.depths.waiting.encrypted === 1);
    for (const socket of [slow, quick]) socket.close();
  });

  test("a worker with requests that wait in it serves others, and gets no more of that kind", async () => {
    const server = await open();
    const thread = attach(server);
    const peers = await Promise.all(Array.from({ length: 40 }, () => dealer(server)));
    for (const peer of peers) await peer.send(["", "file"]);
    await until("all to have come", () => server.stats.received === 40);
    const held: number[] = [];
    while (held.length < 40) {
      await until("a batch", () => thread.batches.length > 0);
      const seqs = thread.batches.splice(0).flat().map(({ seq }) => seq);
      held.push(...seqs);
      thread.link.deferred(seqs);
      thread.link.next();
    }
    // More than a worker holds of others wait in it.
    await peers[0]!.send(["", "file"]);
    const other = await dealer(server);
    await other.send(["", "ping"]);
    await until("a batch", () => thread.batches.length === 1);
    assert.deepEqual(thread.held, ["ping"]);
    await until("it to wait", () => server.depths.waiting.heavy === 1);
    thread.answerAll();
    assert.equal(text((await other.receive(10_000)).at(-1)), "PING");
    thread.link.answered(held.map((seq) => ({ seq, ms: 20, payload: bytes("part") })));
    await until("the rest", () => thread.batches.length === 1);
    assert.deepEqual(thread.held, ["file"]);
    thread.answerAll(20);
    for (const peer of peers) await peer.receive(10_000);
    for (const peer of [other, ...peers]) peer.close();
  });

  test("a worker gets others of any kind beside those that stand aside", async () => {
    const server = await open();
    const thread = attach(server);
    const asked: Promise<Uint8Array>[] = [];
    const ask = (what: string, id: string) => void asked.push(server.ask(bytes(what), id));
    const taken = async () => {
      await until("a batch", () => thread.batches.length === 1);
      thread.link.next();
      return thread.batches.splice(0).flat().map(({ seq }) => seq);
    };
    // As many as a worker has at a time, of those that take long and of those that do not.
    for (let i = 0; i < 32; i++) ask("sum", `web-${i}`);
    const waiting = await taken();
    assert.equal(waiting.length, 32);
    thread.link.deferred(waiting.slice(0, 16));
    ask("pillar", "web-0");
    ask("ping", "db-1");
    const [ping] = await taken();
    assert.equal(server.depths.waiting.heavy, 1);
    thread.link.aside(waiting);
    const [pillar] = await taken();
    for (let i = 0; i < 31; i++) ask("ping", "db-2");
    const more = await taken();
    assert.equal(more.length, 30);
    const answer = (seqs: number[]) =>
      thread.link.answered(seqs.map((seq) => ({ seq, ms: 0, payload: bytes("done") })));
    answer([...waiting, ping!, pillar!, ...more]);
    answer(await taken());
    await Promise.all(asked);
    // Its count is what it was before.
    ask("pillar", "web-1");
    ask("pillar", "web-2");
    thread.link.deferred(await taken());
    ask("pillar", "web-1");
    ask("ping", "db-1");
    assert.equal((await taken()).length, 1);
    assert.equal(server.depths.waiting.heavy, 1);
    thread.link.lost();
  });

  test("requests of a transport of this process wait by the id that it has proven", async () => {
    const server = await open();
    const thread = attach(server);
    const asked = Array.from({ length: 3 }, () => server.ask(bytes("file"), "web-1"));
    await until("a batch", () => thread.batches.length === 1);
    assert.equal(thread.held.length, 3);
    thread.answerAll(20);
    await Promise.all(asked);
    const busy = server.ask(bytes("busy"), "web-2");
    await until("a batch", () => thread.batches.length === 1);
    const more = [server.ask(bytes("file"), "web-1"), server.ask(bytes("ping"), "web-2")];
    assert.deepEqual(server.depths.waiting, { clear: 0, encrypted: 1, heavy: 1, "sign-in": 0 });
    thread.answerAll();
    await until("a batch", () => thread.batches.length === 1);
    thread.answerAll();
    await Promise.all([busy, ...more]);
  });

  test("an answer is kept back until there is word about its topic, which has it served anew", async () => {
    const server = await open();
    const thread = attach(server);
    const [one, other] = [await dealer(server), await dealer(server)];
    await one.send(["", "one"]);
    await other.send(["", "other"]);
    await until("both", () => {
      thread.answerAll(0, { topic: "w1", ms: 60_000 });
      return server.depths.held === 2;
    });
    server.recall("w2");
    assert.equal(server.depths.held, 2);
    server.recall("w1");
    assert.equal(server.depths.held, 0);
    await until("both again", () => {
      thread.answerAll();
      return server.stats.answered === 2;
    });
    assert.equal(text((await one.receive(10_000)).at(-1)), "ONE");
    assert.equal(text((await other.receive(10_000)).at(-1)), "OTHER");
    for (const peer of [one, other]) peer.close();
  });

  test("an answer that was kept back goes out when its time is up", async () => {
    const server = await open();
    const thread = attach(server);
    const peer = await dealer(server);
    await peer.send(["", "a"]);
    await until("it", () => thread.held.length === 1);
    thread.answerAll(0, { topic: "w1", ms: 1 });
    assert.equal(text((await peer.receive(10_000)).at(-1)), "A");
    assert.equal(server.depths.held, 0);
    peer.close();
  });

  test("word that overtakes a request that a worker has is not lost", async () => {
    const server = await open();
    const thread = attach(server);
    const peer = await dealer(server);
    await peer.send(["", "a"]);
    await until("it", () => thread.held.length === 1);
    server.recall("w1");
    thread.answerAll(0, { topic: "w1", ms: 60_000 });
    await until("it again", () => thread.held.length === 1);
    thread.answerAll(0, { topic: "w1", ms: 60_000 });
    assert.equal(server.depths.held, 1);
    peer.close();
    await until("it to be forgotten", () => server.depths.held === 0);
  });

  test("requests and answers survive their way between threads", () => {
    const requests = [
      { seq: 1, verifiedId: null, payload: bytes("a") },
      { seq: 2 ** 32 - 1, verifiedId: "wéb", payload: new Uint8Array() },
    ];
    const back = unpackRequests(packRequests(requests))
      .map((request) => ({ ...request, payload: new Uint8Array(request.payload) }));
    assert.deepEqual(back, requests);
    const { answers, events, deferred, aside } = unpackAnswers(packAnswers({
      answers: [
        { seq: 7, ms: 1.5, payload: bytes("x") },
        { seq: 9, ms: 0, payload: bytes("y"), hold: { topic: "wéb", ms: 60_000 } },
      ],
      events: [bytes("e1"), bytes("")],
      deferred: [8, 2 ** 32 - 1],
      aside: [9],
    }));
    assert.deepEqual([deferred, aside], [[8, 2 ** 32 - 1], [9]]);
    assert.deepEqual(
      answers.map(({ seq, ms, payload, hold }) => [seq, ms, text(payload), hold]),
      [[7, 1.5, "x", undefined], [9, 0, "y", { topic: "wéb", ms: 60_000 }]],
    );
    assert.deepEqual(events.map(text), ["e1", ""]);
  });
});
