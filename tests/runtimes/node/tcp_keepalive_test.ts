import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { openLibc } from "../../../src/runtime/node_libc.ts";
import { type Keepalive, probeConnections } from "../../../src/runtime/tcp_keepalive.ts";

/** Level and number of each option. (socket(7), tcp(7)) */
const OPTIONS = { on: [1, 9], idle: [6, 4], interval: [6, 5], count: [6, 6] } as const;

const libc = openLibc({
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
});

function optionOf(socket: Socket, name: keyof typeof OPTIONS): number {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const [value, length] = [new Int32Array(1), new Int32Array([4])];
  const bytes = (numbers: Int32Array<ArrayBuffer>) => new Uint8Array(numbers.buffer);
  assert.equal(Number(libc.getsockopt(fd, ...OPTIONS[name], bytes(value), bytes(length))), 0);
  return value[0]!;
}

/** What a connection gets that a listener takes. */
async function probesOf(keepalive: Keepalive | null) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  if (keepalive) assert.equal(probeConnections(server, keepalive, openLibc), true);
  const peer = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [socket] = await once(server, "connection") as [Socket];
  const names = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
  const found = Object.fromEntries(names.map((name) => [name, optionOf(socket, name)]));
  socket.destroy();
  peer.destroy();
  server.close();
  return found;
}

test("probeConnections() - connections are probed as the configuration says", async () => {
  const kernel = await probesOf(null);
  assert.equal(kernel["on"], 0);
  assert.deepEqual(await probesOf({ idle: 300, interval: 17, count: 4 }), {
    on: 1,
    idle: 300,
    interval: 17,
    count: 4,
  });
  // What is not said, or is -1 as in Salt, stays the kernel's.
  assert.deepEqual(await probesOf({ idle: 41, interval: -1 }), { ...kernel, on: 1, idle: 41 });
});
