import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { greeting, messageBytes, readyBytes } from "../../../src/transport/zeromq/zmtp_frames.ts";
import { ZmtpServer } from "../../../src/transport/zeromq/zmtp_server.ts";
import { until } from "../../support/until.ts";

const MIB = 1024 * 1024;

async function open(maxMessageSize: number): Promise<{ server: ZmtpServer; heard: number[] }> {
  const heard: number[] = [];
  const server = await ZmtpServer.open("tcp://127.0.0.1:0", { maxMessageSize, linger: 0 }, {
    type: "ROUTER",
    peers: ["REQ", "DEALER"],
    message: (_peer, frames) => void heard.push(frames.at(-1)!.length),
  });
  return { server, heard };
}

/** A connection that has said what it is. */
async function join(server: ZmtpServer, type: string): Promise<Socket> {
  const socket = connect(Number(server.endpoint.split(":").at(-1)), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.resume();
  socket.write(Buffer.concat([greeting(), readyBytes(type)]));
  return socket;
}

/** Writes as fast as it is taken; resolves when all is gone or the connection is closed. */
async function pour(socket: Socket, bytes: number): Promise<void> {
  const piece = Buffer.alloc(MIB);
  const closed = once(socket, "close");
  for (let left = bytes; left > 0 && !socket.destroyed; left -= piece.length) {
    const taken = new Promise((resolve) => socket.write(piece, resolve));
    await Promise.race([taken, closed]);
  }
}

test("ZmtpServer - closes who does not fit, and goes on", async () => {
  const { server, heard } = await open(MIB);
  try {
    const wrong = await join(server, "SUB");
    await once(wrong, "close");
    const tooLarge = await join(server, "REQ");
    tooLarge.write(Buffer.from([2, 0, 0, 0, 0, 0xff, 0, 0, 0]));
    await once(tooLarge, "close");
    const good = await join(server, "REQ");
    good.write(messageBytes([Buffer.alloc(0), Buffer.alloc(1000)]));
    await until("the message", () => heard.length > 0);
    assert.deepEqual(heard, [1000]);
    assert.equal(server.peers.size, 1);
    good.destroy();
  } finally {
    await server.close();
  }
});

test("ZmtpServer - messages that never become whole stay below a bound in all", async () => {
  const { server, heard } = await open(200 * MIB);
  const size = 190 * MIB;
  const head = Buffer.alloc(9);
  head[0] = 2;
  head.writeBigUInt64BE(BigInt(size), 1);
  try {
    // Four together go beyond the bound; each alone is a message like any other.
    const hoarders: Socket[] = [];
    for (let i = 0; i < 4; i++) {
      const socket = await join(server, "DEALER");
      socket.write(head);
      hoarders.push(socket);
      await pour(socket, size - MIB);
    }
    await until("one to be closed", () => hoarders.some((socket) => socket.destroyed));
    const held = [...server.peers].reduce((sum, peer) => sum + peer.heldBytes, 0);
    assert.ok(held <= 512 * MIB, `${held} bytes`);
    const good = await join(server, "REQ");
    good.write(messageBytes([Buffer.alloc(0), Buffer.alloc(10)]));
    await until("the message", () => heard.length > 0);
    assert.deepEqual(heard, [10]);
    for (const socket of [good, ...hoarders]) socket.destroy();
  } finally {
    await server.close();
  }
});

test("ZmtpServer - a large message arrives whole, and its memory is freed once it is sent", async () => {
  const content = new Uint8Array(3 * MIB).map((_, i) => i * 31 + (i >> 8));
  const sent = content.slice();
  const server = await ZmtpServer.open("tcp://127.0.0.1:0", { linger: 0 }, {
    type: "ROUTER",
    peers: ["REQ"],
    message: (peer, frames) => peer.send([frames[0]!, sent]),
  });
  try {
    const socket = await join(server, "REQ");
    const came: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => came.push(chunk));
    const bytes = () => came.reduce((sum, { length }) => sum + length, 0);
    const opening = Buffer.concat([greeting(), readyBytes("ROUTER")]);
    await until("the opening", () => bytes() === opening.length);
    socket.write(messageBytes([Buffer.alloc(0), Buffer.from("now")]));
    const wanted = Buffer.concat([opening, messageBytes([Buffer.alloc(0), content])]);
    await until("all of it", () => bytes() >= wanted.length && sent.length === 0);
    assert.ok(Buffer.concat(came).equals(wanted));
    socket.destroy();
  } finally {
    await server.close();
  }
});
