/**
 * A master's RAET: its keys, its verdicts on minions' keys, and its options.
 * @module
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type MasterOpts, numberOption } from "../config/mod.ts";
import { pkcs1Sign, pkcs1Verify } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { atomicWriteSync } from "../fs/mod.ts";
import type { KeyStore, MasterKeys } from "../key/mod.ts";
import {
  loadRaetKeys,
  masterVouchText,
  minionVouchText,
  raetFinger,
  type RaetKeys,
  RaetKeyStore,
} from "../key/raet_keys.ts";
import { getLogger } from "../logging/mod.ts";
import { unpack } from "../serializers/msgpack.ts";
import { sourceKey } from "../transport/raet/address.ts";
import { RAET_STATS_FILE, type RoadFigures } from "../transport/raet/figures.ts";
import { MasterRoad } from "../transport/raet/master_road.ts";
import type { JoinRequest } from "../transport/raet/peer.ts";
import type { ResponderOptions } from "../transport/raet/responder.ts";
import { VerdictStatus } from "../transport/raet/verdict.ts";
import type { RequestHandler } from "../transport/types.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import { KeyFollower } from "./road_keys.ts";
import { SessionFile } from "./road_sessions.ts";

const log = getLogger("saltx.master");

const VOUCH = "PKCS1v15-SHA224";
/** ms between writings of where the minions are. */
const SESSIONS_MS = 1000;
/** ms between writings of the counters. */
const STATS_MS = 5000;

/** Bytes that an event has besides the message to a yard that it carries. */
const LETTER_HEAD = 2048;

/** What a road needs of its master. */
export interface RoadParts {
  opts: MasterOpts;
  keys: KeyStore;
  masterKeys: MasterKeys;
  bus: EventBusServer;
  handler: RequestHandler;
  /** Where `ret_port` really is; RAET has the same number over UDP unless `raet_port` says. */
  requestPort: number;
  onLink(id: string, open: boolean): void;
}

/** Opens the road and keeps it in step with the keys. The second is to be called at the end. */
export async function openRoad(parts: RoadParts): Promise<[MasterRoad, () => Promise<void>]> {
  const { opts } = parts;
  const number = (name: string, otherwise: number) => numberOption(opts, name, otherwise);
  const keys = loadRaetKeys(opts.pki_dir);
  const store = new RaetKeyStore(opts, number("raet_max_pending", 1000));
  const road = await MasterRoad.open({
    host: opts.interface,
    receiveBuffer: number("raet_road_bufcnt", 0) * 64 * 1024,
    port: number("raet_port", parts.requestPort),
    responder: responderOf(parts, keys),
    handler: parts.handler,
    judge: (join) => judge(join, store, keys, parts),
    onLink: parts.onLink,
    onDuplicate: (id, address) => {
      log.error(
        `Two hosts use the keys of ${id}; the one at ${address} has to wait. Give one of them an ` +
          "id and keys of its own: remove local.key and minion.pem in its pki_dir",
      );
      parts.bus.fire("salt/raet/duplicate", { id, address });
    },
    onUndelivered: (id, error) => {
      log.warning(`A job did not get to ${id}: ${error.message}`);
      const { failure, message } = error;
      parts.bus.fire("salt/raet/undelivered", { id, failure, error: message });
    },
    laneBuffer: number("raet_lane_bufcnt", 100),
  });
  const leaveLane = road.lane(parts.bus, opts.max_event_size - LETTER_HEAD);
  log.info(
    `The master listens on ${opts.interface}:${road.port}/udp (RAET), fingerprint of its keys ` +
      raetFinger(keys, opts.hash_type),
  );
  const sessions = new SessionFile(opts.cachedir);
  road.wake(sessions.read());
  const follower = new KeyFollower(road, store);
  const stopHearing = parts.bus.onEvent("salt/key", () => follower.look());
  const keeping = setInterval(() => keepSessions(road, sessions), SESSIONS_MS);
  const stats = setInterval(() => tellStats(road, parts), STATS_MS);
  tellStats(road, parts);
  return [road, async () => {
    leaveLane();
    stopHearing();
    follower.stop();
    clearInterval(keeping);
    clearInterval(stats);
    await road.close();
  }];
}

/** Who the master is to minions, and what it bears of them. */
function responderOf({ opts, masterKeys }: RoadParts, keys: RaetKeys): ResponderOptions {
  const number = (name: string, otherwise: number) => numberOption(opts, name, otherwise);
  return {
    name: opts.id,
    keys,
    identity: {
      verify: keys.verify,
      name: "master",
      vouch: pkcs1Sign(masterKeys.privateKey, masterVouchText(keys), VOUCH),
    },
    discover: opts["raet_discover"] !== false,
    random: (length) => new Uint8Array(randomBytes(length)),
    helloRate: number("raet_hello_rate", 200),
    maxSessions: opts.max_minions > 0 ? opts.max_minions : 50_000,
    maxPending: number("raet_max_pending", 1000),
    txMessages: number("raet_txq_msgs", 1000),
    txBytes: number("raet_txq_bytes", 64 * 1024 * 1024),
    rxMemory: number("raet_rx_memory", 256 * 1024 * 1024),
    maxMessage: number("raet_max_message", 64 * 1024 * 1024),
    minWindow: number("raet_min_cwnd", 10),
    mtu: number("raet_mtu", 1200),
    alive: number("raet_alive_period", 20) * 1000,
    interim: number("raet_interim", 3600) * 1000,
  };
}

function judge(
  join: JoinRequest,
  store: RaetKeyStore,
  own: RaetKeys,
  { opts, keys, bus }: RoadParts,
): number {
  const state = store.offer({
    ...join,
    source: sourceKey(join.address.host),
    autosignGrains: grainsOf(join),
    vouched: () => {
      const rsa = keys.acceptedKey(join.id);
      if (rsa === null || join.vouch === null || opts["raet_rsa_vouch"] === false) return false;
      return pkcs1Verify(rsa, minionVouchText(join, own.pub, join.id), join.vouch, VOUCH);
    },
  });
  const finger = raetFinger(join, opts.hash_type);
  log.info(`RAET keys ${finger} of ${join.id} at ${join.address.host}: ${state}`);
  const acts = { accepted: "accept", pending: "pend", rejected: "reject", denied: "denied" };
  if (opts.auth_events && state !== "busy") {
    bus.fire("salt/auth", {
      result: state === "accepted" || state === "pending",
      act: acts[state],
      id: join.id,
      pub: finger,
      transport: "raet",
    });
  }
  return {
    accepted: VerdictStatus.ACCEPTED,
    pending: VerdictStatus.PENDING,
    rejected: VerdictStatus.REJECTED,
    denied: VerdictStatus.DENIED,
    busy: VerdictStatus.BUSY,
  }[state];
}

function grainsOf({ grains }: JoinRequest): DataMap | undefined {
  if (grains === null) return undefined;
  try {
    const value = unpack(grains);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Sums over the remotes. */
function totalsOf({ remotes }: RoadFigures): DataMap {
  const all = Object.values(remotes);
  const sum = (
    name: "lost" | "retransmitted" | "queued" | "queuedBytes" | "expired" | "rejected",
  ) => all.reduce((total, remote) => total + remote[name], 0);
  return {
    remotes: all.length,
    alive: all.filter(({ alive }) => alive).length,
    lost: sum("lost"),
    retransmitted: sum("retransmitted"),
    queued: sum("queued"),
    queuedBytes: sum("queuedBytes"),
    expired: sum("expired"),
    refused: sum("rejected"),
  };
}

function keepSessions(road: MasterRoad, file: SessionFile): void {
  try {
    file.write(road.sessions);
  } catch (error) {
    log.error(`The sessions of RAET cannot be kept for the next start: ${messageOf(error)}`);
  }
}

/** Leaves the counters for the runner, and the totals on the bus. */
function tellStats(road: MasterRoad, { opts, bus }: RoadParts): void {
  const figures = { time: new Date().toISOString(), ...road.figures() };
  try {
    const text = JSON.stringify(figures);
    atomicWriteSync(join(opts.cachedir, RAET_STATS_FILE), text, { mode: 0o600, durable: false });
    const { stack, drops } = figures;
    bus.fire("salt/raet/stats", { ...stack, ...totalsOf(figures), drops });
  } catch (error) {
    log.error(`The counters of RAET cannot be written: ${messageOf(error)}`);
  }
}
