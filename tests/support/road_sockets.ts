/**
 * Masters and minions of a road over real sockets.
 * @module
 */
import { randomBytes } from "node:crypto";
import { publicOf } from "../../src/transport/raet/crypto.ts";
import type { RoadError } from "../../src/transport/raet/errors.ts";
import { EstateKind } from "../../src/transport/raet/join.ts";
import { MasterRoad } from "../../src/transport/raet/master_road.ts";
import { type RaetTransport, raetTransport } from "../../src/transport/raet/minion_road.ts";
import { VerdictStatus } from "../../src/transport/raet/verdict.ts";
import type { RequestHandler } from "../../src/transport/types.ts";

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

/** A master on a free port, unless one is given. */
export function openMaster(
  host: string,
  handler: RequestHandler,
  {
    judge = VerdictStatus.ACCEPTED as number,
    port = 0,
    onUndelivered = (_id: string, _error: RoadError) => {},
  } = {},
) {
  return MasterRoad.open({
    host,
    port,
    handler,
    judge: () => judge,
    onLink: () => {},
    onUndelivered,
    onDuplicate: () => {},
    laneBuffer: 100,
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

/** A minion with keys of its own. */
export function clients(id = "web-1"): RaetTransport {
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
    laneBuffer: 100,
    maxLetter: 100_000,
  });
}

/** Answers a request with itself. */
export const echo: RequestHandler = (payload) => Promise.resolve(payload);
