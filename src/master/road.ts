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
import { MasterRoad, RAET_STATS_FILE } from "../transport/raet/master_road.ts";
import type { JoinRequest } from "../transport/raet/responder.ts";
import { VerdictStatus } from "../transport/raet/initiator.ts";
import type { RequestHandler } from "../transport/types.ts";
import { type DataMap, isMap } from "../types/mod.ts";

const log = getLogger("saltx.master");

const VOUCH = "PKCS1v15-SHA224";
/** ms between looks at what operators have done with keys. */
const KEY_WATCH_MS = 1000;
/** ms between writings of the counters. */
const STATS_MS = 5000;

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
    port: number("raet_port", parts.requestPort),
    responder: {
      name: opts.id,
      keys,
      identity: {
        verify: keys.verify,
        name: "master",
        vouch: pkcs1Sign(parts.masterKeys.privateKey, masterVouchText(keys), VOUCH),
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
      alive: number("raet_alive_period", 20) * 1000,
      interim: number("raet_interim", 3600) * 1000,
    },
    handler: parts.handler,
    judge: (join) => judge(join, store, keys, parts),
    onLink: parts.onLink,
  });
  log.info(
    `The master listens on ${opts.interface}:${road.port}/udp (RAET), fingerprint of its keys ` +
      raetFinger(keys, opts.hash_type),
  );
  const timer = setInterval(() => followKeys(road, store), KEY_WATCH_MS);
  const stats = setInterval(() => tellStats(road, parts), STATS_MS);
  tellStats(road, parts);
  return [road, async () => {
    clearInterval(timer);
    clearInterval(stats);
    await road.close();
  }];
}

function judge(
  join: JoinRequest,
  store: RaetKeyStore,
  own: RaetKeys,
  { opts, keys, bus }: RoadParts,
): number {
  const state = store.offer({
    ...join,
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

/** Leaves the counters for the runner, and the totals on the bus. */
function tellStats(road: MasterRoad, { opts, bus }: RoadParts): void {
  const figures = { time: new Date().toISOString(), ...road.figures() };
  try {
    const text = JSON.stringify(figures);
    atomicWriteSync(join(opts.cachedir, RAET_STATS_FILE), text, { mode: 0o600, durable: false });
    bus.fire("salt/raet/stats", { ...figures.stack, remotes: road.peers.length });
  } catch (error) {
    log.error(`The counters of RAET cannot be written: ${messageOf(error)}`);
  }
}

/** Lets in whose key was accepted since, and closes the sessions of the others. */
function followKeys(road: MasterRoad, store: RaetKeyStore): void {
  try {
    for (const { estate, id, pub, verify, remote } of road.peers) {
      const accepted = store.has("accepted", id, { pub, verify });
      if (accepted && !remote.accepted) road.accept(estate);
      else if (!accepted && (remote.accepted || !store.has("pending", id, { pub, verify }))) {
        road.revoke(estate);
      }
    }
  } catch (error) {
    log.error(`The RAET keys cannot be read: ${messageOf(error)}`);
  }
}
