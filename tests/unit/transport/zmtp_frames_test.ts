import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  checkGreeting,
  commandBytes,
  FrameReader,
  greeting,
  messageBytes,
  readyBytes,
  socketTypeOf,
  ZmtpError,
} from "../../../src/transport/zeromq/zmtp_frames.ts";

/** Feeds bytes in pieces and gives what came out, as text. */
function read(bytes: Uint8Array, piece: number, maxBytes = 100_000): string[] {
  const heard: string[] = [];
  const reader = new FrameReader(maxBytes, {
    message: (frames) => heard.push(frames.map((frame) => Buffer.from(frame).toString()).join("|")),
    command: (name, body) => heard.push(`${name}:${body.length}`),
  });
  for (let at = 0; at < bytes.length; at += piece) {
    reader.take(Buffer.from(bytes.subarray(at, at + piece)));
  }
  assert.equal(reader.heldBytes, 0);
  return heard;
}

test("FrameReader - gives the same messages however the bytes are cut", () => {
  const long = "x".repeat(300);
  const bytes = Buffer.concat([
    greeting(),
    readyBytes("DEALER"),
    messageBytes([Buffer.from("a"), Buffer.alloc(0), Buffer.from(long)]),
    commandBytes("PING", new Uint8Array(2)),
    messageBytes([Buffer.from("b")]),
  ]);
  const wanted = ["READY:22", `a||${long}`, "PING:2", "b"];
  for (const piece of [1, 2, 3, 7, 63, 64, 65, 200, bytes.length]) {
    assert.deepEqual(read(bytes, piece), wanted, `pieces of ${piece}`);
  }
});

test("FrameReader - refuses a message above the bound before its bytes are there", () => {
  const bytes = Buffer.concat([
    greeting(),
    Buffer.from([2, 0x7f, 255, 255, 255, 255, 255, 255, 255]),
  ]);
  assert.throws(() => read(bytes, bytes.length), ZmtpError);
  const parts = messageBytes([Buffer.alloc(60), Buffer.alloc(60)]);
  assert.throws(() => read(Buffer.concat([greeting(), parts]), 10, 100), /larger than 100 bytes/);
});

test("FrameReader - refuses a message of endless frames", () => {
  const bytes = Buffer.concat([greeting(), Buffer.alloc(2 * 100, Buffer.from([1, 0]))]);
  assert.throws(() => read(bytes, 64), /too many frames/);
});

test("checkGreeting() - says what does not fit", () => {
  const old = greeting();
  old[10] = 1;
  assert.throws(() => checkGreeting(old), /ZMTP 1, older than 3/);
  const secured = greeting();
  secured.write("CURVE", 12);
  assert.throws(() => checkGreeting(secured), /mechanism/);
  assert.throws(() => read(Buffer.from("GET / HTTP/1.1\r\n\r\n"), 5), /does not speak ZMTP/);
  checkGreeting(greeting());
});

test("socketTypeOf() - reads what a peer says it is, and null from anything broken", () => {
  const body = readyBytes("REQ").subarray(2 + 6);
  assert.equal(socketTypeOf(body), "REQ");
  for (let length = 0; length < body.length - 3; length++) {
    assert.doesNotThrow(() => socketTypeOf(body.subarray(0, length)), `${length} bytes`);
  }
  assert.equal(socketTypeOf(Buffer.from([5, 1, 2])), null);
});
