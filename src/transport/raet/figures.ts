/**
 * What a master's road counts, for people and programs.
 * @module
 */
import { shownAddress } from "./address.ts";
import type { Peer } from "./peer.ts";
import { DROPS } from "./counters.ts";
import type { Router } from "./router.ts";

/** Below `cachedir`: the figures as JSON, written every few seconds. */
export const RAET_STATS_FILE = "raet_stats.json";

/** Figures of one remote. Times in ms. */
export interface RemoteFigures {
  address: string;
  alive: boolean;
  accepted: boolean;
  srtt: number;
  rttvar: number;
  /** Bytes that may be under way, and are. */
  window: number;
  inFlight: number;
  /** Bytes of a packet that the path takes. */
  path: number;
  lost: number;
  /** Packets that were thought lost and came. */
  spurious: number;
  probes: number;
  retransmitted: number;
  queued: number;
  queuedBytes: number;
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  pathChanges: number;
  handshakes: number;
  delivered: number;
  expired: number;
  rejected: number;
  received: number;
  /** Packets and messages that were dropped or refused, by reason. */
  drops: {
    forged: number;
    replayed: number;
    protocol: number;
    duplicates: number;
    refused: number;
  };
}

/** Figures of a road. */
export interface RoadFigures {
  stack: Record<string, number>;
  /** Packets of nobody known that were dropped, by reason. */
  drops: Record<string, number>;
  lane: { yards: string[]; delivered: number; sent: number; refused: number };
  remotes: Record<string, RemoteFigures>;
}

/** Gathers them. */
export function figuresOf(
  counters: Readonly<Record<string, number>>,
  peers: readonly Peer[],
  router: Router,
  now: number,
): RoadFigures {
  const stack: Record<string, number> = {};
  const drops: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) {
    (DROPS.includes(name) ? drops : stack)[name] = count;
  }
  return {
    stack,
    drops,
    lane: { yards: router.yards(now), ...router.counters },
    remotes: Object.fromEntries(peers.map((peer) => [peer.estate, remoteFigures(peer)])),
  };
}

const tenths = (number: number) => Math.round(number * 10) / 10;

function remoteFigures({ remote }: Peer): RemoteFigures {
  const { session, outbox, inbox, stats } = remote;
  const recovery = session?.recovery;
  return {
    address: session ? shownAddress(session.address) : "",
    alive: remote.isAlive,
    accepted: remote.accepted,
    srtt: tenths(recovery?.srtt ?? 0),
    rttvar: tenths(recovery?.rttvar ?? 0),
    window: Math.round(recovery?.window ?? 0),
    inFlight: recovery?.inFlight ?? 0,
    path: session?.pathSize ?? 0,
    lost: recovery?.stats.lost ?? 0,
    spurious: recovery?.stats.spurious ?? 0,
    probes: recovery?.stats.probes ?? 0,
    retransmitted: outbox.stats.retransmitted,
    queued: outbox.length,
    queuedBytes: outbox.bytes,
    packetsIn: stats.packetsIn,
    packetsOut: stats.packetsOut,
    bytesIn: stats.bytesIn,
    bytesOut: stats.bytesOut,
    pathChanges: stats.pathChanges,
    handshakes: stats.handshakes,
    delivered: outbox.stats.delivered,
    expired: outbox.stats.expired,
    rejected: outbox.stats.rejected,
    received: inbox.stats.received,
    drops: {
      forged: stats.forged,
      replayed: stats.replayed,
      protocol: stats.protocolErrors,
      duplicates: inbox.stats.duplicates,
      refused: inbox.stats.refused,
    },
  };
}
