/**
 * The transport contracts over a master's road: requests to a handler, publications to each remote.
 * @module
 */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { LaneBus, PublishServer, RequestHandler } from "../types.ts";
import { shownAddress } from "./address.ts";
import { isAllowed, sourceOf } from "./allow.ts";
import { RoadError } from "./errors.ts";
import { Kind, type MessageHead, RejectCode } from "./frames.ts";
import type { Incoming } from "./inbox.ts";
import { figuresOf, type RoadFigures } from "./figures.ts";
import { EstateKind } from "./join.ts";
import type { KnownSession, Peer } from "./peer.ts";
import { Responder, type ResponderHost, type ResponderOptions } from "./responder.ts";
import { openLane } from "./lane.ts";
import { saysListening } from "./listening.ts";
import { type Letter, outgoing, Router, type Sender } from "./router.ts";
import { bindError, BUFFER_BYTES, RoadSocket } from "./socket.ts";
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
/** Sessions whose owners are woken at a time after a restart, and ms between. */
const WAKE_SLICE = 20;
const WAKE_MS = 100;
/** Publications to one remote are in order. */
const PUBLISH_STREAM = 3;

/** What a master's road is made with. */
export interface MasterRoadOptions {
  host: string;
  port: number;
  /** Bytes of the receive buffer, where more than usual is wanted. (`raet_road_bufcnt`) */
  receiveBuffer?: number;
  responder: ResponderOptions;
  handler: RequestHandler;
  judge: ResponderHost["judge"];
  /** A minion may be published to, or not any more. */
  onLink(id: string, open: boolean): void;
  /** Hosts with the same id and keys displace each other. */
  onDuplicate(id: string, address: string): void;
  /** A publication did not get to a minion that was to have it. */
  onUndelivered(id: string, error: RoadError): void;
  /** Messages that a yard may have unread. (`raet_lane_bufcnt`) */
  laneBuffer: number;
}

/** A listening road. */
export class MasterRoad implements PublishServer {
  readonly port: number;
  readonly #socket: RoadSocket;
  readonly #responder: Responder;
  readonly #options: MasterRoadOptions;
  readonly #busy = new Map<Peer, number>();
  readonly #open = new Set<Peer>();
  /** Who takes publications, and by which association they said so. */
  readonly #listening = new Map<Peer, Uint8Array>();
  readonly #router: Router;
  #closed = false;

  private constructor(options: MasterRoadOptions, socket: RoadSocket) {
    this.#options = options;
    this.#socket = socket;
    this.port = socket.port;
    this.#responder = new Responder(options.responder, {
      send: (packet, to) => socket.send(packet, to),
      judge: options.judge,
      refuse: (peer, head) => this.#refuse(peer, head),
      deliver: (peer, message) => this.#deliver(peer, message),
      link: (peer, open) => this.#link(peer, open),
      duplicate: (peer, address) => options.onDuplicate(peer.id, shownAddress(address)),
    }, socket.now());
    this.#router = new Router("master", options.laneBuffer, {
      send: (estate, letter, settled) => this.#sendLetter(estate, letter, settled),
    });
  }

  /** @throws SaltException when the port cannot be had. */
  static async open(options: MasterRoadOptions): Promise<MasterRoad> {
    let socket: RoadSocket;
    try {
      socket = await RoadSocket.open({
        host: options.host,
        port: options.port,
        receiveBuffer: Math.max(BUFFER_BYTES, options.receiveBuffer ?? 0),
        datagram: options.responder.mtu ?? 0,
      });
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
    return [...this.#open].filter((peer) => this.#listens(peer)).length;
  }

  #listens(peer: Peer): boolean {
    return this.#listening.get(peer) === peer.association;
  }

  /** Sends to the minions of `minions`, or to all; each gets it under its own keys. */
  publish(payload: Uint8Array, _topics: string[] | null, minions?: readonly string[]): void {
    const wanted = minions ? new Set(minions) : null;
    const peers = this.#responder.peers.filter(({ id, kind, remote }) =>
      kind === EstateKind.MINION && remote.accepted && (wanted?.has(id) ?? true)
    ).filter((peer) => this.#listens(peer));
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

  /** Who an estate's name stands for now. */
  peer(estate: string): Peer | undefined {
    return this.#responder.peer(estate);
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
  figures(): RoadFigures {
    const { counters, peers } = this.#responder;
    return figuresOf(counters, peers, this.#router, this.#socket.now());
  }

  /** What {@linkcode MasterRoad.wake} needs after a restart. */
  get sessions(): KnownSession[] {
    return this.#responder.sessions;
  }

  /**
   * Tells minions of a time before this start that they have to shake hands again; they would else
   * notice when they next send something. So many a second that all of them can be served.
   */
  wake(sessions: readonly KnownSession[]): void {
    if (this.#closed || sessions.length === 0) return;
    this.#responder.wake(sessions.slice(0, WAKE_SLICE));
    setTimeout(() => this.wake(sessions.slice(WAKE_SLICE)), WAKE_MS).unref?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#responder.close(this.#socket.now());
    await this.#socket.close();
  }

  #link(peer: Peer, open: boolean): void {
    if (open) this.#open.add(peer);
    else this.#open.delete(peer);
    if (this.#responder.peer(peer.estate) !== peer) this.#listening.delete(peer);
    if (this.#listens(peer)) this.#options.onLink(peer.id, open);
    else if (!open) this.#options.onLink(peer.id, false);
  }

  #hearWord(peer: Peer, listens: boolean): void {
    if (listens) this.#listening.set(peer, peer.association);
    else this.#listening.delete(peer);
    if (this.#open.has(peer)) this.#options.onLink(peer.id, listens);
  }

  /** Lets processes of this host that use the bus reach other estates. Returns what ends it. */
  lane(bus: LaneBus, maxBody: number): () => void {
    return openLane(bus, this.#router, { maxBody, now: () => this.#socket.now() });
  }

  #refuse(peer: Peer, head: MessageHead): { code: number; text: string } | null {
    if (head.dstYard !== "") return this.#router.refuse(senderOf(peer), head, this.#socket.now());
    const { kind, corr, dstShare } = head;
    const letter = { kind, corr, yard: "", share: dstShare, awaited: false };
    if (!isAllowed(senderOf(peer).source, "master", letter)) {
      return { code: RejectCode.NOT_ALLOWED, text: "that is not allowed from here" };
    }
    if (kind === Kind.SUB || (this.#busy.get(peer) ?? 0) < MAX_REQUESTS) return null;
    return { code: RejectCode.BUSY, text: `${MAX_REQUESTS} requests are under way already` };
  }

  #deliver(peer: Peer, message: Incoming): void {
    const { head, data } = message;
    if (head.kind === Kind.SUB) this.#hearWord(peer, saysListening(data));
    else if (head.dstYard === "") void this.#serve(peer, message);
    else this.#router.arrive(senderOf(peer), head, data);
  }

  #sendLetter(
    estate: string,
    letter: Letter,
    settled: (error: RoadError | null) => void,
  ): void {
    const peer = this.#responder.peer(estate);
    if (!peer) {
      throw new RoadError(
        "unreachable",
        `There is no session with ${estate}: it is down or not accepted`,
      );
    }
    this.#responder.sendTo(peer, { ...outgoing(letter), settled }, this.#socket.now());
    this.#socket.wake();
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
      if (error && kind === Kind.PUB) this.#options.onUndelivered(peer.id, error);
      // Who asked and does not wait any more has said so itself.
      else if (error) log.debug(() => `An answer was not delivered: ${error.message}`);
    };
    try {
      this.#responder.sendTo(peer, { kind, share, data, ...how, settled }, this.#socket.now());
    } catch (error) {
      if (!(error instanceof RoadError)) throw error;
      if (kind === Kind.PUB) this.#options.onUndelivered(peer.id, error);
      else log.warning(`An answer to ${peer.estate} was not sent: ${error.message}`);
    }
    this.#socket.wake();
  }
}

function senderOf({ estate, kind, remote }: Peer): Sender {
  return { estate, source: sourceOf(kind, remote.accepted) };
}
