import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { SaltReqTimeoutError } from "../../../src/errors.ts";
import type { RoadError } from "../../../src/transport/raet/errors.ts";
import { bufferShortage } from "../../../src/transport/raet/socket.ts";
import { VerdictStatus } from "../../../src/transport/raet/verdict.ts";
import type { MinionId } from "../../../src/types/mod.ts";
import { until } from "../../support/until.ts";
import { clients, echo, openMaster } from "../../support/road_sockets.ts";

/** Where a master listens, and where its minion finds it. */
const WAYS = [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["::", "127.0.0.1"], ["::", "::1"]];

for (const [listen, host] of WAYS as [string, string][]) {
  test(`raetTransport() asks, is answered and gets publications over ${host} of ${listen}`, async () => {
    const seen: (string | null)[] = [];
    const master = await openMaster(listen, (payload, { verifiedId }) => {
      seen.push(verifiedId);
      return echo(payload, { address: null, verifiedId });
    });
    const transport = clients();
    const uri = `tcp://${host.includes(":") ? `[${host}]` : host}:${master.port}`;
    const requests = await transport.requestClient(uri);
    const publications = await transport.publishClient(uri, {
      id: "web-1" as MinionId,
      topics: null,
    });
    const up = new Promise<void>((resolve) => publications.onLink((open) => open && resolve()));
    for (const size of [0, 10, 70_000, 1_000_000]) {
      const payload = new Uint8Array(randomBytes(size));
      assert.deepEqual(await requests.request(payload, { timeoutMs: 20_000 }), payload);
    }
    await up;
    assert.deepEqual(new Set(seen), new Set(["web-1"]));
    await until("the minion to listen", () => Promise.resolve(master.subscribers === 1));
    master.publish(Uint8Array.of(1), null, ["db-1"]);
    master.publish(Uint8Array.of(2), null, ["web-1"]);
    for await (const { payload } of publications.messages()) {
      assert.deepEqual([...payload], [2]);
      break;
    }
    publications.close();
    requests.close();
    await master.close();
  });
}

test("raetTransport() takes the publications of each of two masters at one address", async () => {
  const masters = [await openMaster("127.0.0.1", echo), await openMaster("127.0.0.1", echo)];
  const transport = clients();
  const uris = masters.map(({ port }) => `tcp://127.0.0.1:${port}`);
  const requests = await Promise.all(uris.map((uri) => transport.requestClient(uri)));
  const publications = await Promise.all(uris.map((requestUri) =>
    // The publish port is another one, which RAET has no use for.
    transport.publishClient("tcp://127.0.0.1:4505", {
      id: "web-1" as MinionId,
      topics: null,
      requestUri,
    })
  ));
  for (const [index, master] of masters.entries()) {
    await until("the minion to listen", () => Promise.resolve(master.subscribers === 1));
    master.publish(Uint8Array.of(index), null, ["web-1"]);
  }
  for (const [index, client] of publications.entries()) {
    for await (const { payload } of client.messages()) {
      assert.deepEqual([...payload], [index]);
      break;
    }
  }
  for (const client of [...publications, ...requests]) client.close();
  for (const master of masters) await master.close();
});

test("raetTransport() - a master hears that a minion with a request open listens no more", async () => {
  const master = await openMaster("127.0.0.1", echo);
  const transport = clients();
  const uri = `tcp://127.0.0.1:${master.port}`;
  const requests = await transport.requestClient(uri);
  const listen = () => transport.publishClient(uri, { id: "web-1" as MinionId, topics: null });
  const publications = await listen();
  await until("the minion to listen", () => Promise.resolve(master.subscribers === 1));
  publications.close();
  await until("the minion to have left", () => Promise.resolve(master.subscribers === 0));
  assert.deepEqual(
    await requests.request(Uint8Array.of(7), { timeoutMs: 20_000 }),
    Uint8Array.of(7),
  );
  const again = await listen();
  await until("the minion to listen again", () => Promise.resolve(master.subscribers === 1));
  again.close();
  requests.close();
  await master.close();
});

test("raetTransport() - a request without an answer says who did not answer", async () => {
  const master = await openMaster("127.0.0.1", () => new Promise(() => {}));
  const requests = await clients().requestClient(`tcp://127.0.0.1:${master.port}`);
  await assert.rejects(
    requests.request(Uint8Array.of(1), { timeoutMs: 300 }),
    (error) => error instanceof SaltReqTimeoutError && /127\.0\.0\.1/.test(error.message),
  );
  requests.close();
  await master.close();
});

test("raetTransport() - a refused key is an AuthenticationError with exit code 77", async () => {
  const master = await openMaster("127.0.0.1", echo, { judge: VerdictStatus.REJECTED });
  const requests = await clients().requestClient(`tcp://127.0.0.1:${master.port}`);
  await assert.rejects(requests.request(Uint8Array.of(1), { timeoutMs: 20_000 }), {
    name: "AuthenticationError",
    exitCode: 77,
    message: /rejected/,
  });
  requests.close();
  await master.close();
});

test("MasterRoad - the name of a taken port is in the error", async () => {
  const master = await openMaster("127.0.0.1", echo);
  await assert.rejects(
    openMaster("127.0.0.1", echo, { port: master.port }),
    new RegExp(`raet_port ${master.port}/udp: another program`),
  );
  await master.close();
});

test("raetTransport() - more requests than a master takes at once wait their turn", async () => {
  let atOnce = 0;
  let most = 0;
  const master = await openMaster("127.0.0.1", async (payload) => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 20));
    atOnce -= 1;
    return payload;
  });
  const requests = await clients().requestClient(`tcp://127.0.0.1:${master.port}`);
  const asked = Array.from({ length: 150 }, (_, i) => Uint8Array.of(i));
  const answers = await Promise.all(
    asked.map((payload) => requests.request(payload, { timeoutMs: 60_000 })),
  );
  assert.deepEqual(answers, asked);
  assert.ok(most <= 64, `${most} at once`);
  requests.close();
  await master.close();
});

test("MasterRoad - publications that a minion does not read are refused, and that is told", async () => {
  const failures: [string, string][] = [];
  const onUndelivered = (id: string, error: RoadError) => failures.push([id, error.failure]);
  const master = await openMaster("127.0.0.1", echo, { onUndelivered });
  const transport = clients("slow");
  const uri = `tcp://127.0.0.1:${master.port}`;
  const requests = await transport.requestClient(uri);
  const publications = await transport.publishClient(uri, { id: "slow" as MinionId, topics: null });
  await until("the minion to listen", () => Promise.resolve(master.subscribers === 1));
  for (let i = 0; i < 1010; i++) {
    master.publish(Uint8Array.of(i >> 8, i & 255), null);
    if (i % 100 === 0) await requests.request(Uint8Array.of(1), { timeoutMs: 20_000 });
  }
  await until("the rest to be refused", () => Promise.resolve(failures.length === 10));
  assert.deepEqual(
    new Set(failures.map(([id, failure]) => `${id} ${failure}`)),
    new Set(["slow overloaded"]),
  );
  let read = 0;
  for await (const { payload } of publications.messages()) {
    assert.equal(payload[0]! * 256 + payload[1]!, read++);
    if (read === 1000) break;
  }
  publications.close();
  requests.close();
  await master.close();
});

test("bufferShortage() names the size and the sysctl", () => {
  const socket = { getRecvBufferSize: () => 212_992 };
  const text = bufferShortage(socket, 4_194_304) ?? "";
  assert.match(text, /sysctl -w net\.core\.rmem_(max|default)=4194304/);
  const enough = { getRecvBufferSize: () => 8_388_608 };
  if (!("Deno" in globalThis)) assert.equal(bufferShortage(enough, 4_194_304), null);
});
