/** What every adapter of ZeroMQ sockets owes its callers, checked on the runtime that runs this. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { runtime } from "../../../src/runtime/mod.ts";
import type {
  ZmqMonitorEvent,
  ZmqOptions,
  ZmqSocket,
  ZmqType,
} from "../../../src/runtime/types.ts";

const folder = mkdtempSync(join(tmpdir(), "saltx-zmq-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Long enough for a busy machine; reached only by a test that fails. */
const PATIENCE = 20_000;

const opened: ZmqSocket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

async function open(type: ZmqType, options: ZmqOptions = {}): Promise<ZmqSocket> {
  const socket = await runtime.openSocket(type, { linger: 0, ...options });
  opened.push(socket);
  return socket;
}

let count = 0;
const endpoints: Record<string, () => string> = {
  tcp: () => "tcp://127.0.0.1:0",
  ipc: () => `ipc://${join(folder, `${++count}.ipc`)}`,
};

const text = (frames: Uint8Array[]) => frames.map((frame) => new TextDecoder().decode(frame));
const receiveText = async (socket: ZmqSocket) => text(await socket.receive(PATIENCE));

/** Resolves once the monitor has told of `type`. */
function monitored(socket: ZmqSocket, type: ZmqMonitorEvent["type"]): Promise<ZmqMonitorEvent> {
  return new Promise((resolve) => {
    const stop = socket.monitor((event) => {
      if (event.type !== type) return;
      stop();
      resolve(event);
    });
  });
}

for (const [proto, endpoint] of Object.entries(endpoints)) {
  test(`openSocket() over ${proto} - req asks and rep answers`, async () => {
    const rep = await open("rep");
    const req = await open("req");
    req.connect(await rep.bind(endpoint()));
    await req.send("question");
    assert.deepEqual(await receiveText(rep), ["question"]);
    await rep.send(["answer", "in two frames"]);
    assert.deepEqual(await receiveText(req), ["answer", "in two frames"]);
  });

  test(`openSocket() over ${proto} - router sees the dealer's routing id and replies to it`, async () => {
    const router = await open("router");
    const dealer = await open("dealer", { routingId: "minion-1" });
    dealer.connect(await router.bind(endpoint()));
    await dealer.send(["", "load"]);
    assert.deepEqual(await receiveText(router), ["minion-1", "", "load"]);
    await router.send(["minion-1", "", "reply"]);
    assert.deepEqual(await receiveText(dealer), ["", "reply"]);
  });

  test(`openSocket() over ${proto} - sub gets the topics it subscribed to and no others`, async () => {
    const xpub = await open("xpub");
    const sub = await open("sub");
    sub.subscribe("a", new Uint8Array([0xff, 0x00]));
    sub.connect(await xpub.bind(endpoint()));
    const subscriptions = [await xpub.receive(PATIENCE), await xpub.receive(PATIENCE)];
    assert.deepEqual(
      subscriptions.map(([frame]) => [...frame!]).sort(),
      [[1, 0xff, 0x00], [1, 0x61]].sort(),
    );
    for (const topic of ["b", "a", new Uint8Array([0xff, 0x00, 0x01])]) {
      assert.equal(xpub.trySend([topic, "payload"]), true);
    }
    assert.deepEqual(await receiveText(sub), ["a", "payload"]);
    const [binary] = await sub.receive(PATIENCE);
    assert.deepEqual([...binary!], [0xff, 0x00, 0x01]);
    sub.unsubscribe("a");
    assert.deepEqual([...(await xpub.receive(PATIENCE))[0]!], [0, 0x61]);
  });

  test(`openSocket() over ${proto} - pull gets everything that push sent, in order`, async () => {
    const pull = await open("pull");
    const push = await open("push");
    push.connect(await pull.bind(endpoint()));
    for (let i = 0; i < 100; i++) push.send(String(i));
    for (let i = 0; i < 100; i++) assert.deepEqual(await receiveText(pull), [String(i)]);
  });
}

test("openSocket() - pub reaches a sub that subscribed to everything", async () => {
  const pub = await open("pub");
  const sub = await open("sub");
  const ready = monitored(pub, "handshake");
  sub.subscribe("");
  sub.connect(await pub.bind(endpoints.tcp!()));
  await ready;
  // The subscription follows the handshake; until it has come, messages go nowhere.
  const first = sub.receive(PATIENCE);
  const timer = setInterval(() => pub.trySend("hello"), 5);
  assert.deepEqual(text(await first), ["hello"]);
  clearInterval(timer);
});

test("send() - keeps the order of calls that had to wait for a peer", async () => {
  const push = await open("push", { sendHighWaterMark: 1 });
  const sends = Array.from({ length: 1000 }, (_, i) => push.send([String(i), "x"]));
  const pull = await open("pull", { receiveHighWaterMark: 1 });
  push.connect(await pull.bind(endpoints.tcp!()));
  for (let i = 0; i < 1000; i++) assert.deepEqual(await receiveText(pull), [String(i), "x"]);
  await Promise.all(sends);
});

test("send() - lets other events in while it succeeds again and again", async () => {
  const pub = await open("pub");
  await pub.bind(endpoints.tcp!());
  let fired = false;
  setTimeout(() => fired = true, 0);
  for (let i = 0; !fired; i++) {
    assert.ok(i < 1e6, "a timer never fired");
    await pub.send("x");
  }
});

test("trySend() - says no where a send would wait, and sends nothing then", async () => {
  const push = await open("push", { sendHighWaterMark: 1 });
  assert.equal(push.trySend("lost"), false);
  const pull = await open("pull");
  const connected = monitored(push, "handshake");
  push.connect(await pull.bind(endpoints.tcp!()));
  await connected;
  await push.send("first");
  assert.deepEqual(await receiveText(pull), ["first"]);
});

test("trySend() - pub never waits for slow or absent subscribers", async () => {
  const pub = await open("pub", { sendHighWaterMark: 1 });
  await pub.bind(endpoints.tcp!());
  for (let i = 0; i < 10_000; i++) assert.equal(pub.trySend(["topic", "payload"]), true);
});

test("receive() - times out with EAGAIN and loses nothing by it", async () => {
  const pull = await open("pull");
  const push = await open("push");
  push.connect(await pull.bind(endpoints.tcp!()));
  await assert.rejects(pull.receive(0), { code: "EAGAIN" });
  await assert.rejects(pull.receive(20.5), { code: "EAGAIN" });
  await push.send("late");
  assert.deepEqual(await receiveText(pull), ["late"]);
});

test("receive() - serves several waiting calls in order, each with its own timeout", async () => {
  const pull = await open("pull");
  const push = await open("push");
  push.connect(await pull.bind(endpoints.tcp!()));
  const first = pull.receive(PATIENCE);
  const impatient = pull.receive(10);
  const second = pull.receive();
  await assert.rejects(impatient, { code: "EAGAIN" });
  await push.send("1");
  await push.send("2");
  assert.deepEqual(text(await first), ["1"]);
  assert.deepEqual(text(await second), ["2"]);
});

test("close() - rejects waiting calls with ECLOSED, ends iteration, and may be called twice", async () => {
  const pull = await open("pull");
  await pull.bind(endpoints.tcp!());
  const waiting = [pull.receive(), pull.receive(PATIENCE)];
  const iterated = (async () => {
    for await (const _ of pull) assert.fail("no message was sent");
  })();
  pull.close();
  pull.close();
  for (const receive of waiting) await assert.rejects(receive, { code: "ECLOSED" });
  await iterated;
  assert.equal(pull.closed, true);
  await assert.rejects(pull.receive(), { code: "ECLOSED" });
  await assert.rejects(pull.bind(endpoints.tcp!()), { code: "ECLOSED" });
  assert.throws(() => pull.connect("tcp://127.0.0.1:1"), { code: "ECLOSED" });
});

test("close() - rejects sends that wait with ECLOSED", async () => {
  const push = await open("push");
  const sends = [push.send("a"), push.send("b")];
  const outcome = Promise.allSettled(sends);
  push.close();
  for (const result of await outcome) {
    assert.equal(result.status, "rejected");
    assert.equal((result as PromiseRejectedResult).reason.code, "ECLOSED");
  }
  await assert.rejects(push.send("c"), { code: "ECLOSED" });
  assert.throws(() => push.trySend("d"), { code: "ECLOSED" });
});

test("close() - inside a receive loop's body ends the loop", async () => {
  const pull = await open("pull");
  const push = await open("push");
  push.connect(await pull.bind(endpoints.tcp!()));
  await push.send("1");
  await push.send("2");
  const seen: string[] = [];
  for await (const frames of pull) {
    seen.push(...text(frames));
    pull.close();
  }
  assert.deepEqual(seen, ["1"]);
});

test("bind() - resolves with the port that was chosen, and refuses one in use", async () => {
  const one = await open("rep");
  const endpoint = await one.bind("tcp://127.0.0.1:*");
  assert.match(endpoint, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const other = await open("rep");
  await assert.rejects(other.bind(endpoint), (error: Error & { code: string }) => {
    assert.equal(error.code, "EADDRINUSE");
    assert.ok(error.message.includes(endpoint));
    return true;
  });
  await one.unbind(endpoint);
  // The socket's own thread lets go of the port a moment later.
  for (let tries = 0;; tries++) {
    try {
      assert.equal(await other.bind(endpoint), endpoint);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== "EADDRINUSE" || tries > 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

test("bind() - names what is wrong with an endpoint", async () => {
  const socket = await open("rep");
  await assert.rejects(socket.bind("nonsense"), { code: "EINVAL" });
  await assert.rejects(socket.bind(`ipc:///nonexistent-${process.pid}/socket`), {
    code: "ENOENT",
  });
});

test("monitor() - tells both sides of connections made and lost", async () => {
  const rep = await open("rep");
  const req = await open("req", { reconnectInterval: 10 });
  const accepted = monitored(rep, "accept");
  const endpoint = await rep.bind(endpoints.tcp!());
  const shaken = monitored(req, "handshake");
  const lost = monitored(req, "disconnect");
  req.connect(endpoint);
  await accepted;
  assert.equal((await shaken).address, endpoint);
  rep.close();
  await lost;
});

test("monitor() - tells of the end once the socket is closed", async () => {
  const socket = await open("rep");
  const ended = monitored(socket, "end");
  await socket.bind(endpoints.tcp!());
  socket.close();
  await ended;
});

test("send() - router with mandatory refuses a peer that is not there", async () => {
  const router = await open("router", { mandatory: true });
  await router.bind(endpoints.tcp!());
  await assert.rejects(router.send(["nobody", "", "x"]), { code: "EHOSTUNREACH" });
});

test("send() - a relaxed req may ask again without an answer, and gets the last one's", async () => {
  const rep = await open("router");
  const req = await open("req", { relaxed: true, correlate: true });
  req.connect(await rep.bind(endpoints.tcp!()));
  await req.send("one");
  const [id, firstRequest, , one] = await rep.receive(PATIENCE);
  await req.send("two");
  const [secondId, secondRequest, , two] = await rep.receive(PATIENCE);
  assert.deepEqual(text([one!, two!]), ["one", "two"]);
  const answer = receiveText(req);
  await rep.send([id!, firstRequest!, "", "answer to one"]);
  // The late answer comes alone: it wakes the socket, which has nothing for who waits.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await rep.send([secondId!, secondRequest!, "", "answer to two"]);
  assert.deepEqual(await answer, ["answer to two"]);
});

test("send() - a strict req waits with its second request for the answer to the first", async () => {
  const rep = await open("rep");
  const req = await open("req");
  req.connect(await rep.bind(endpoints.tcp!()));
  await assert.rejects(req.receive(0), { code: "EAGAIN" });
  await req.send("one");
  assert.equal(req.trySend("refused"), false);
  const second = req.send("two");
  assert.deepEqual(await receiveText(rep), ["one"]);
  await rep.send("answer");
  assert.deepEqual(await receiveText(req), ["answer"]);
  await second;
  assert.deepEqual(await receiveText(rep), ["two"]);
});

test("openSocket() - bytes arrive as they were sent, of any size and from any view", async () => {
  const pull = await open("pull");
  const push = await open("push");
  push.connect(await pull.bind(endpoints.tcp!()));
  const large = new Uint8Array(5_000_000).map((_, i) => i * 31 + (i >> 8));
  const message = [new Uint8Array(), large.subarray(3, 200), large, new Uint8Array([7]), ""];
  await push.send(message);
  const received = await pull.receive(PATIENCE);
  assert.equal(received.length, 5);
  assert.equal(Buffer.compare(received[1]!, large.subarray(3, 200)), 0);
  assert.equal(Buffer.compare(received[2]!, large), 0);
  assert.deepEqual([received[0]!.length, [...received[3]!], received[4]!.length], [0, [7], 0]);
});

test("openSocket() - drops a peer that sends more than maxMessageSize", async () => {
  const pull = await open("pull", { maxMessageSize: 1000 });
  const push = await open("push", { reconnectInterval: 10 });
  const lost = monitored(pull, "disconnect");
  push.connect(await pull.bind(endpoints.tcp!()));
  await push.send(new Uint8Array(1001));
  await lost;
  await push.send(new Uint8Array(1000));
  assert.equal((await pull.receive(PATIENCE))[0]!.length, 1000);
});

test("receive() - 20,000 messages come without loss, whole and in order", async () => {
  const pull = await open("pull");
  const push = await open("push");
  push.connect(await pull.bind(endpoints.tcp!()));
  const sending = (async () => {
    for (let i = 0; i < 20_000; i++) await push.send([String(i), "payload"]);
  })();
  for (let i = 0; i < 20_000; i++) {
    const frames = text(await pull.receive(PATIENCE));
    if (frames[0] !== String(i) || frames[1] !== "payload") assert.deepEqual(frames, [String(i)]);
  }
  await sending;
});

test("send() and receive() - both directions full at once go on without a stall", async () => {
  const options = { sendHighWaterMark: 2, receiveHighWaterMark: 2 };
  const left = await open("dealer", options);
  const right = await open("dealer", options);
  right.connect(await left.bind(endpoints.ipc!()));
  const total = 5000;
  const sendAll = async (socket: ZmqSocket) => {
    for (let i = 0; i < total; i++) await socket.send(String(i));
  };
  const receiveAll = async (socket: ZmqSocket) => {
    for (let i = 0; i < total; i++) {
      const [got] = await receiveText(socket);
      if (got !== String(i)) assert.equal(got, String(i));
    }
  };
  await Promise.all([sendAll(left), sendAll(right), receiveAll(left), receiveAll(right)]);
});

test("trySend() - while a receive waits, that receive still gets what comes", async () => {
  const router = await open("router");
  const dealer = await open("dealer", { sendHighWaterMark: 1 });
  dealer.connect(await router.bind(endpoints.tcp!()));
  await dealer.send("hello");
  const [id] = await router.receive(PATIENCE);
  for (let round = 0; round < 2000; round++) {
    const waiting = dealer.receive(PATIENCE);
    dealer.trySend("noise");
    await router.send([id!, String(round)]);
    dealer.trySend("noise");
    assert.deepEqual(text(await waiting), [String(round)]);
  }
});

test("openSocket() - many round trips between router, dealer and rep, as in a master", async () => {
  const front = await open("router");
  const back = await open("dealer");
  const frontEndpoint = await front.bind(endpoints.tcp!());
  const backEndpoint = await back.bind(endpoints.ipc!());
  const workers = await Promise.all([open("rep"), open("rep"), open("rep")]);
  for (const worker of workers) {
    worker.connect(backEndpoint);
    (async () => {
      for await (const [request] of worker) await worker.send(["re:", request!]);
    })();
  }
  (async () => {
    for await (const frames of front) await back.send(frames);
  })();
  (async () => {
    for await (const frames of back) await front.send(frames);
  })();
  const clients = await Promise.all(Array.from({ length: 10 }, () => open("req")));
  await Promise.all(clients.map(async (client, n) => {
    client.connect(frontEndpoint);
    for (let i = 0; i < 100; i++) {
      await client.send(`${n}/${i}`);
      assert.deepEqual(await receiveText(client), ["re:", `${n}/${i}`]);
    }
  }));
});

test("openSocket() - more sockets than libzmq's own limit may be open at once", async () => {
  for (let i = 0; i < 1100; i++) await open("push");
});
