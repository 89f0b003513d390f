import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { SaltReqTimeoutError } from "../../../src/errors.ts";
import { publicOf } from "../../../src/transport/raet/crypto.ts";
import { VerdictStatus } from "../../../src/transport/raet/initiator.ts";
import { EstateKind } from "../../../src/transport/raet/join.ts";
import { MasterRoad } from "../../../src/transport/raet/master_road.ts";
import { raetTransport } from "../../../src/transport/raet/minion_road.ts";
import type { RequestHandler } from "../../../src/transport/types.ts";
import type { MinionId } from "../../../src/types/mod.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const limits = {
  txMessages: 1000,
  txBytes: 64 * 1024 * 1024,
  rxMemory: 64 * 1024 * 1024,
  maxMessage: 16 * 1024 * 1024,
  alive: 20_000,
};

function newKeys() {
  const secret = random(32);
  return { secret, pub: publicOf(secret) };
}

function openMaster(
  host: string,
  handler: RequestHandler,
  judge = VerdictStatus.ACCEPTED as number,
) {
  return MasterRoad.open({
    host,
    port: 0,
    handler,
    judge: () => judge,
    onLink: () => {},
    responder: {
      name: "master",
      keys: newKeys(),
      identity: { verify: random(32), name: "master", vouch: null },
      discover: true,
      random,
      helloRate: 200,
      maxSessions: 100,
      maxPending: 10,
      interim: 60_000,
      ...limits,
    },
  });
}

function clients(id = "web-1") {
  return raetTransport({
    initiator: {
      id,
      kind: EstateKind.MINION,
      keys: newKeys(),
      verify: random(32),
      version: "test",
      grains: null,
      vouch: () => null,
      random,
      chance: Math.random,
      rekey: 3_600_000,
      ...limits,
    },
    pinned: () => null,
    trust: () => null,
    keep: () => {},
    tell: () => {},
    port: 0,
  });
}

const echo: RequestHandler = (payload) => Promise.resolve(payload);

for (const host of ["127.0.0.1", "::1"]) {
  test(`raetTransport() asks, is answered and gets publications over ${host}`, async () => {
    const seen: (string | null)[] = [];
    const master = await openMaster(host, (payload, { verifiedId }) => {
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
      const payload = random(size);
      assert.deepEqual(await requests.request(payload, { timeoutMs: 20_000 }), payload);
    }
    await up;
    assert.deepEqual(new Set(seen), new Set(["web-1"]));
    assert.equal(master.subscribers, 1);
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
  const master = await openMaster("127.0.0.1", echo, VerdictStatus.REJECTED);
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
    MasterRoad.open({
      host: "127.0.0.1",
      port: master.port,
      handler: echo,
      judge: () => 0,
      onLink: () => {},
      responder: {
        name: "second",
        keys: newKeys(),
        identity: { verify: random(32), name: "second", vouch: null },
        discover: true,
        random,
        helloRate: 1,
        maxSessions: 1,
        maxPending: 1,
        interim: 1000,
        ...limits,
      },
    }),
    new RegExp(`raet_port ${master.port}/udp: another program`),
  );
  await master.close();
});
