import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltClientError, SaltReqTimeoutError } from "../../../src/errors.ts";
import { MemoryNetwork } from "../../../src/transport/memory/mod.ts";
import type { MinionId } from "../../../src/types/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const id = "w1" as MinionId;

test("MemoryNetwork carries requests to who serves an address, and the answers back", async () => {
  const network = new MemoryNetwork();
  const stop = network.serve("m", (payload) => Promise.resolve(bytes(`${text(payload)}!`)));
  const client = await network.factory().requestClient("m");
  assert.equal(text(await client.request(bytes("hi"), { timeoutMs: 10 })), "hi!");
  assert.throws(() => network.serve("m", () => Promise.resolve(bytes(""))), /m is in use/);
  stop();
  await assert.rejects(client.request(bytes("hi"), { timeoutMs: 10 }), SaltReqTimeoutError);
  client.close();
  await assert.rejects(client.request(bytes("hi"), { timeoutMs: 10 }), SaltClientError);
});

test("MemoryNetwork loses what the weather says, on the way there or back", async () => {
  for (const [fate, served] of [[[true], 0], [[false, true], 1]] as const) {
    const fates: boolean[] = [...fate];
    const network = new MemoryNetwork({ lost: () => fates.shift() ?? false });
    let count = 0;
    network.serve("m", () => {
      count++;
      return Promise.resolve(bytes(""));
    });
    const client = await network.factory().requestClient("m");
    await assert.rejects(client.request(bytes("x"), { timeoutMs: 1 }), SaltReqTimeoutError);
    assert.equal(count, served);
  }
});

test("MemoryNetwork stops a request that is aborted", async () => {
  const network = new MemoryNetwork({ delay: () => Promise.resolve() });
  const stop = new AbortController();
  network.serve("m", () => {
    stop.abort(new Error("stopped"));
    return Promise.resolve(bytes("late"));
  });
  const client = await network.factory().requestClient("m");
  const { signal } = stop;
  await assert.rejects(client.request(bytes(""), { timeoutMs: 1, signal }), /stopped/);
});

test("MemoryNetwork publishes to all, and topics to who subscribed to one of them", async () => {
  const network = new MemoryNetwork();
  const server = network.publishServer("m");
  const factory = network.factory();
  const all = await factory.publishClient("m", { id, topics: null });
  const some = await factory.publishClient("m", { id, topics: ["a", "b"] });
  assert.equal(server.subscribers, 2);
  server.publish(bytes("1"), null);
  server.publish(bytes("2"), ["x"]);
  server.publish(bytes("3"), ["x", "b"]);
  await new Promise((resolve) => setImmediate(resolve));
  all.close();
  some.close();
  const read = async (client: typeof all) => {
    const seen: string[] = [];
    for await (const { topic, payload } of client.messages()) {
      seen.push(`${topic} ${text(payload)}`);
    }
    return seen;
  };
  assert.deepEqual(await read(all), ["null 1", "x 2", "x 3"]);
  assert.deepEqual(await read(some), ["null 1", "b 3"]);
  assert.equal(server.subscribers, 0);
});

test("MemoryNetwork tells subscribers when the server goes", async () => {
  const network = new MemoryNetwork();
  const server = network.publishServer("m");
  const client = await network.factory().publishClient("m", { id, topics: null });
  const links: boolean[] = [];
  client.onLink((up) => links.push(up));
  await server.close();
  assert.deepEqual(links, [false]);
});
