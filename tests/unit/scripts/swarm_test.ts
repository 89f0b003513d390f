import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  type Identity,
  openPublication,
  openReply,
  requestKey,
  sealRequest,
  type Session,
  tokenOf,
} from "../../../scripts/bench/swarm/wire.ts";
import { checkBehaviour, plainBehaviour } from "../../../scripts/bench/swarm/behaviour.ts";
import { Turns } from "../../../scripts/bench/swarm/turns.ts";
import { ZmtpConnection } from "../../../scripts/bench/swarm/zmtp.ts";
import { Crypticle, generateRsaKeyPair, recoverX931 } from "../../../src/crypt/mod.ts";
import { runtime } from "../../../src/runtime/mod.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import type { DataMap } from "../../../src/types/mod.ts";

function portOf(endpoint: string): number {
  return Number(endpoint.split(":").at(-1));
}

test("ZmtpConnection asks libzmq's ROUTER and hears its answer, short and long", async () => {
  const router = await runtime.openSocket("router");
  const port = portOf(await router.bind("tcp://127.0.0.1:0"));
  const answers: Uint8Array[][] = [];
  let heard = () => {};
  const connection = new ZmtpConnection("127.0.0.1", port, "REQ", (frames) => {
    answers.push(frames.map((frame) => new Uint8Array(frame)));
    heard();
  });
  try {
    await connection.opened;
    for (const size of [0, 1, 255, 256, 300_000]) {
      const answer = new Promise<void>((resolve) => heard = resolve);
      connection.send([new Uint8Array(), Buffer.alloc(size, 7)]);
      const [peer, empty, payload] = await router.receive(10_000);
      equal(payload?.length, size);
      await router.send([peer!, empty!, payload!]);
      await answer;
      deepEqual(answers.at(-1)?.map((frame) => frame.length), [0, size]);
    }
  } finally {
    connection.close();
    router.close();
  }
});

test("ZmtpConnection subscribes at libzmq's PUB", async () => {
  const publisher = await runtime.openSocket("xpub");
  const port = portOf(await publisher.bind("tcp://127.0.0.1:0"));
  let hear: (text: string) => void = () => {};
  const heard = new Promise<string>((resolve) => hear = resolve);
  const connection = new ZmtpConnection("127.0.0.1", port, "SUB", ([frame]) => {
    hear(Buffer.from(frame ?? []).toString());
  });
  try {
    await connection.opened;
    await connection.subscribe("job");
    deepEqual((await publisher.receive(10_000)).map((frame) => Buffer.from(frame).toString()), [
      "\x01job",
    ]);
    await publisher.send("other");
    await publisher.send("job 1");
    equal(await heard, "job 1");
  } finally {
    connection.close();
    publisher.close();
  }
});

test("ZmtpConnection rejects where nobody listens", async () => {
  const socket = await runtime.openSocket("router");
  const port = portOf(await socket.bind("tcp://127.0.0.1:0"));
  await socket.unbind(`tcp://127.0.0.1:${port}`);
  socket.close();
  await rejects(new ZmtpConnection("127.0.0.1", port, "REQ", () => {}).opened);
});

async function signedIn(version: 2 | 3): Promise<{ who: Identity; session: Session }> {
  const keys = await generateRsaKeyPair();
  const crypticle = () => new Crypticle(Crypticle.generateKeyString());
  const session = {
    version,
    fleet: crypticle(),
    own: crypticle(),
    masterKey: keys.publicKey,
    publishPort: 4505,
    resumes: false,
  };
  return { who: { id: "sim-1", ...keys }, session };
}

test("sealRequest() puts id, token and time into version 3 alone", async () => {
  for (const version of [2, 3] as const) {
    const { who, session } = await signedIn(version);
    const outer = unpack(sealRequest(who, session, { cmd: "x" }, "n".repeat(32))) as DataMap;
    equal(outer["version"], version);
    equal(outer["id"], version === 3 ? "sim-1" : undefined);
    const load = requestKey(session).loads(outer["load"] as Uint8Array) as DataMap;
    deepEqual(
      Object.keys(load).sort(),
      version === 3 ? ["cmd", "id", "nonce", "tok", "ts"] : ["cmd", "nonce"],
    );
  }
});

test("tokenOf() is the signed word that masters expect", async () => {
  const { who } = await signedIn(3);
  equal(Buffer.from(recoverX931(who.publicKey, tokenOf(who))).toString(), "salt");
});

test("openReply() and openPublication() take what is under their key, and nothing else", async () => {
  const { session } = await signedIn(3);
  const nonce = "n".repeat(32);
  equal(openReply(session, packWire(requestKey(session).dumps(true, nonce)), nonce), true);
  await rejects(async () => await openReply(session, packWire("bad load"), nonce));
  const job = { fun: "test.ping", jid: "1" };
  const load = session.fleet.dumps(job);
  deepEqual(openPublication(session, packWire({ enc: "aes", load })), job);
  const foreign = new Crypticle(Crypticle.generateKeyString()).dumps(job);
  equal(openPublication(session, packWire({ enc: "aes", load: foreign })), null);
});

test("Turns lets as many in as it may, and the next when one leaves", async () => {
  const turns = new Turns(1);
  const seen: string[] = [];
  const work = async (name: string) => {
    using _turn = await turns.enter();
    seen.push(`${name} in`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} out`);
  };
  await Promise.all(["a", "b", "c"].map(work));
  deepEqual(seen, ["a in", "a out", "b in", "b out", "c in", "c out"]);
});

test("checkBehaviour() refuses what cannot be", () => {
  const base = { ...plainBehaviour, host: "127.0.0.1", requestPort: 4506 };
  checkBehaviour({ ...base, transport: "raet", packetLoss: 0.2 });
  throws(() => checkBehaviour({ ...base, loss: 1.5 }), /not between 0 and 1/);
  throws(() => checkBehaviour({ ...base, packetLoss: 0.2 }), /no packets of its own/);
});
