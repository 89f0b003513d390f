/**
 * The transport contracts over a master's road: requests to a handler, publications to each remote.
 * @module
 */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { PublishServer, RequestHandler } from "../types.ts";
import { shownAddress } from "./address.ts";
import { RoadError } from "./errors.ts";
import { Kind, type MessageHead, RejectCode } from "./frames.ts";
import type { Incoming } from "./inbox.ts";
import { EstateKind } from "./join.ts";
import { type Peer, Responder, type ResponderHost, type ResponderOptions } from "./responder.ts";
import { bindError, RoadSocket } from "./socket.ts";
import { utf8 } from "./wire.ts";

const log = getLogger("saltx.transport.raet");

/** Requests of one remote that may be under way. */
const MAX_REQUESTS = 64;
/** ms for which publications and answers wait for a remote that is away. */
const PUBLISH_TTL = 30_000;
const REPLY_TTL = 60_000;
const BULK = 64 * 1024;
/** Remotes that get a publication in one turn of the event loop. */
const SLICE = 256;
/** Publications to one remote are in order. */
const PUBLISH_STREAM = 3;

/** What a master's road is made with. */
export interface MasterRoadOptions {
  host: string;
  port: number;
  responder: ResponderOptions;
  handler: RequestHandler;
  judge: ResponderHost["judge"];
  /** A minion may be published to, or not any more. */
  onLink(id: string, open: boolean): void;
}

/** Below `cachedir`: the counters as JSON, written every few seconds. */
export const RAET_STATS_FILE = "raet_stats.json";

/** Figures of one remote. */
export interface RemoteFigures {
  address: string;
  alive: boolean;
  accepted: boolean;
  /** ms */
  srtt: number;
  window: number;
  path: number;
  lost: number;
  retransmitted: number;
  queued: number;
  queuedBytes: number;
  packetsIn: number;
  packetsOut: number;
  forged: number;
  replayed: number;
  delivered: number;
  received: number;
}

/** A listening road. */
export class MasterRoad implements PublishServer {
  readonly port: number;
  readonly #socket: RoadSocket;
  readonly #responder: Responder;
  readonly #options: MasterRoadOptions;
  readonly #busy = new Map<Peer, number>();
  readonly #open = new Set<Peer>();

  private constructor(options: MasterRoadOptions, socket: RoadSocket) {
    this.#options = options;
    this.#socket = socket;
    this.port = socket.port;
    this.#responder = new Responder(options.responder, {
      send: (packet, to) => socket.send(packet, to),
      judge: options.judge,
      refuse: (peer, head) => this.#refuse(peer, head),
      deliver: (peer, message) => void this.#serve(peer, message),
      link: (peer, open) => this.#link(peer, open),
    }, socket.now());
  }

  /** @throws SaltException when the port cannot be had. */
  static async open(options: MasterRoadOptions): Promise<MasterRoad> {
    let socket: RoadSocket;
    try {
      socket = await RoadSocket.open({ ...options, wantsBuffer: true });
    } catch (error) {
      throw bindError(options.port, error);
    }
    const road = new MasterRoad(options, socket);
    socket.drive({
      receive: (packet, from, now) => road.#responder.receive(packet, from, now),
      timer: () => road.#responder.timer(),
      onTimer: (now) => road.#responder.onTimer(now),
    });
    return road;
  }

  get subscribers(): number {
    return this.#open.size;
  }

  /** Sends to the minions of `minions`, or to all; each gets it under its own keys. */
  publish(payload: Uint8Array, _topics: string[] | null, minions?: readonly string[]): void {
    const wanted = minions ? new Set(minions) : null;
    const peers = this.#responder.peers.filter(({ id, kind, remote }) =>
      kind === EstateKind.MINION && remote.accepted && (wanted?.has(id) ?? true)
    );
    this.#publishSlice(payload, peers, 0);
  }

  #publishSlice(payload: Uint8Array, peers: Peer[], from: number): void {
    for (const peer of peers.slice(from, from + SLICE)) {
      this.#send(peer, Kind.PUB, "fun", payload, {
        ttl: PUBLISH_TTL,
        priority: 1,
        stream: PUBLISH_STREAM,
      });
    }
    if (from + SLICE < peers.length) {
      setImmediate(() => this.#publishSlice(payload, peers, from + SLICE));
    }
  }

  /** Who has proven to be who, and their keys. */
  get peers(): Peer[] {
    return this.#responder.peers;
  }

  /** The key of a pending estate was accepted. */
  accept(estate: string): void {
    this.#responder.accept(estate, this.#socket.now());
    this.#socket.wake();
  }

  /** The key of an estate is not accepted any more. */
  revoke(estate: string): void {
    this.#responder.revoke(estate, this.#socket.now());
    this.#socket.wake();
  }

  /** Counters of the stack and of each remote. */
  figures(): { stack: Record<string, number>; remotes: Record<string, RemoteFigures> } {
    const remotes = this.#responder.peers.map((peer) => [peer.estate, figuresOf(peer)] as const);
    return { stack: { ...this.#responder.counters }, remotes: Object.fromEntries(remotes) };
  }

  async close(): Promise<void> {
    this.#responder.close(this.#socket.now());
    await this.#socket.close();
  }

  #link(peer: Peer, open: boolean): void {
    if (open) this.#open.add(peer);
    else this.#open.delete(peer);
    if (peer.kind === EstateKind.MINION) this.#options.onLink(peer.id, open);
  }

  /** What may come from whom; all else is refused. */
  #refuse(peer: Peer, head: MessageHead): { code: number; text: string } | null {
    const kinds: readonly number[] = [EstateKind.MINION, EstateKind.CALLER];
    const allowed = head.kind === Kind.REQ && head.dstShare === "remote_cmd" &&
      head.dstYard === "" && head.corr > 0 && kinds.includes(peer.kind);
    if (!allowed) return { code: RejectCode.NOT_ALLOWED, text: "that is not allowed from here" };
    if ((this.#busy.get(peer) ?? 0) < MAX_REQUESTS) return null;
    return { code: RejectCode.BUSY, text: `${MAX_REQUESTS} requests are under way already` };
  }

  async #serve(peer: Peer, { head, data }: Incoming): Promise<void> {
    this.#busy.set(peer, (this.#busy.get(peer) ?? 0) + 1);
    const address = peer.remote.session ? shownAddress(peer.remote.session.address) : null;
    try {
      const reply = await this.#options.handler(data, { address, verifiedId: peer.id });
      this.#answer(peer, Kind.REP, head.corr, reply);
    } catch (error) {
      log.error(`A request of ${peer.estate} could not be served: ${messageOf(error)}`, error);
      this.#answer(peer, Kind.ERR, head.corr, utf8("the request could not be served"));
    } finally {
      const left = (this.#busy.get(peer) ?? 1) - 1;
      if (left > 0) this.#busy.set(peer, left);
      else this.#busy.delete(peer);
    }
  }

  #answer(peer: Peer, kind: number, corr: number, data: Uint8Array): void {
    this.#send(peer, kind, "", data, {
      ttl: REPLY_TTL,
      priority: data.length > BULK ? 3 : 2,
      corr,
    });
  }

  #send(
    peer: Peer,
    kind: number,
    share: string,
    data: Uint8Array,
    how: { ttl: number; priority: number; corr?: number; stream?: number },
  ): void {
    // It may have left meanwhile; a new association of its asks again.
    if (this.#responder.peer(peer.estate) !== peer) return;
    const settled = (error: RoadError | null) => {
      if (error) log.info(`A message to ${peer.estate} was not delivered: ${error.message}`);
    };
    try {
      this.#responder.sendTo(peer, { kind, share, data, ...how, settled }, this.#socket.now());
    } catch (error) {
      if (!(error instanceof RoadError)) throw error;
      log.warning(`A message to ${peer.estate} was not sent: ${error.message}`);
    }
    this.#socket.wake();
  }
}

function figuresOf({ remote }: Peer): RemoteFigures {
  const { session, outbox, inbox, stats } = remote;
  return {
    address: session ? shownAddress(session.address) : "",
    alive: remote.isAlive,
    accepted: remote.accepted,
    srtt: Math.round((session?.recovery.srtt ?? 0) * 10) / 10,
    window: Math.round(session?.recovery.window ?? 0),
    path: session?.pathSize ?? 0,
    lost: session?.recovery.stats.lost ?? 0,
    retransmitted: outbox.stats.retransmitted,
    queued: outbox.length,
    queuedBytes: outbox.bytes,
    packetsIn: stats.packetsIn,
    packetsOut: stats.packetsOut,
    forged: stats.forged,
    replayed: stats.replayed,
    delivered: outbox.stats.delivered,
    received: inbox.stats.received,
  };
}
