import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { connectedPeers, peersIn } from "../../../src/master/tcp_peers.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue\n";

test("peersIn() reads IPv4 peers of the port, established ones alone", () => {
  const table = HEAD +
    "   0: 00000000:1199 00000000:0000 0A 0\n" +
    "   1: 0100007F:1199 0200000A:A1B2 01 0\n" +
    "   2: 0100007F:119A 0300000A:A1B2 01 0\n" +
    "   3: 0100007F:1199 0400000A:A1B2 06 0\n";
  assert.deepEqual(peersIn(table, 4505), ["10.0.0.2"]);
});

test("peersIn() writes IPv6 peers as grains do, mapped ones as IPv4", () => {
  const line = (remote: string) =>
    `${HEAD}   0: 00000000000000000000000001000000:1199 ${remote}:A1B2 01 0\n`;
  assert.deepEqual(peersIn(line("0000000000000000FFFF00000200000A"), 4505), ["10.0.0.2"]);
  assert.deepEqual(peersIn(line("000000FD000000000000000002000000"), 4505), ["fd00::2"]);
  assert.deepEqual(peersIn(line("B80D0120000000000100000001000000"), 4505), ["2001:db8::1:0:1"]);
});

test("connectedPeers() sees a real connection", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const accepted = once(server, "connection");
  // From an address of its own: elsewhere on this machine others use the same port.
  const client = connect({ port, host: "127.0.0.1", localAddress: "127.86.1.9" });
  const [socket] = await accepted;
  const peers = connectedPeers(port);
  assert.ok(peers.has("127.86.1.9"), [...peers].join());
  client.destroy();
  socket.destroy();
  server.close();
});
