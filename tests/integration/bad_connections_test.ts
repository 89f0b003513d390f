/** What a master does with connections that do not speak ZeroMQ, or stop in the middle. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { frame, greeting, message, ready } from "../../scripts/bench/swarm/zmtp.ts";
import { answersPing } from "../support/raw_request.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { scenario } from "../support/scenario.ts";

async function open(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** A frame that announces more than it brings. */
function endless(size: bigint): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 2;
  head.writeBigUInt64BE(size, 1);
  return Buffer.concat([head, Buffer.alloc(64)]);
}

const hello = (type: string) => Buffer.concat([greeting(), ready(type)]);

/** What is written after the connection is there. */
const cases: [string, Buffer][] = [
  ["nothing", Buffer.alloc(0)],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["random bytes", randomBytes(4096)],
  ["half a greeting", greeting().subarray(0, 20)],
  ["a greeting with an unknown mechanism", Buffer.from(greeting()).fill(0x58, 12, 16)],
  ["a greeting and half a READY", hello("REQ").subarray(0, 80)],
  ["a socket type that does not fit", hello("PUB")],
  ["a frame of 2^62 bytes", Buffer.concat([hello("REQ"), endless(1n << 62n)])],
  ["a frame of 2^63 bytes", Buffer.concat([hello("REQ"), endless(1n << 63n)])],
  ["a frame of 1 GiB that ends early", Buffer.concat([hello("REQ"), endless(1n << 30n)])],
  ["a request without the empty frame", Buffer.concat([hello("DEALER"), frame(Buffer.from("x"))])],
  [
    "a request of many frames",
    Buffer.concat([
      hello("DEALER"),
      message([Buffer.alloc(0), ...Array.from({ length: 500 }, () => Buffer.from("x"))]),
    ]),
  ],
  ["a command nobody knows", Buffer.concat([hello("REQ"), frame(Buffer.from("\x03XYZ"), 4)])],
  [
    "subscriptions by the thousand",
    Buffer.concat([
      hello("SUB"),
      ...Array.from({ length: 5000 }, (_, i) => frame(Buffer.from(`\x01topic-${i}`))),
    ]),
  ],
];

scenario("connections that do not speak ZeroMQ well", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const peer = await RawPeer.accepted(master, "honest");
  const { host, publishPort, requestPort } = master.endpoint;
  for (const [name, bytes] of cases) {
    await step(`${name}: the master goes on`, async () => {
      const sockets = await Promise.all([publishPort, requestPort].map((port) => open(host, port)));
      for (const socket of sockets) socket.write(bytes);
      // Others are served while these connections are open, and after they have gone.
      assert.ok(await answersPing(master.endpoint));
      for (const socket of sockets) socket.destroy();
      assert.equal(await peer.request({ cmd: "_minion_event", tag: "acme/x", data: {} }), null);
    });
  }
  await step("500 connections that say nothing do not keep others out", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, (_, i) => open(host, i % 2 ? publishPort : requestPort)),
    );
    assert.ok(await answersPing(master.endpoint));
    for (const socket of sockets) socket.destroy();
  });
  await step("no worker was lost", () => {
    assert.equal(master.daemon.status, null);
    assert.doesNotMatch(master.daemon.log, /Worker \d+ ended/);
    return Promise.resolve();
  });
});
