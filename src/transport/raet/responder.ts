/**
 * The side that listens: a master's stack. A state machine without I/O; holds no state for anyone who
 * has not proven an address and a key. (docs/raet.md, section 8.2)
 * @module
 */
import { Buffer } from "node:buffer";
import { type Address, shownAddress } from "./address.ts";
import { isUsablePublic, same } from "./crypto.ts";
import { DROPS, EVENTS } from "./counters.ts";
import { Door } from "./door.ts";
import { RoadError } from "./errors.ts";
import { type Estate, Estates } from "./estates.ts";
import { CloseCode, type Frame, type MessageHead } from "./frames.ts";
import type { Proven } from "./handshake.ts";
import { type Incoming, RxMemory } from "./inbox.ts";
import { estateName, readJoin } from "./join.ts";
import type { JoinRequest, KnownSession, Peer } from "./peer.ts";
import { Remote, type RemoteHost } from "./remote.ts";
import type { Session } from "./session.ts";
import { Starts } from "./starts.ts";
import { VERDICT_NAMES, VerdictStatus } from "./verdict.ts";
import { refusal, sessionOf, welcome, type WelcomeOptions } from "./welcome.ts";
import { FULL_PATH, MIN_DATA, PacketType, readHeader, WireError } from "./wire.ts";

/** What a responder is made with. Times in ms. */
export interface ResponderOptions extends WelcomeOptions {
  name: string;
  maxSessions: number;
  maxPending: number;
  txMessages: number;
  txBytes: number;
  /** Of all remotes. */
  rxMemory: number;
  /** Silence after which a remote is forgotten. */
  interim: number;
}

export interface ResponderHost {
  send(packet: Uint8Array, to: Address): void;
  /** The verdict on a join. Files the key. */
  judge(join: JoinRequest): number;
  deliver(peer: Peer, message: Incoming): void;
  refuse(peer: Peer, head: MessageHead): { code: number; text: string } | null;
  /** Two hosts with the same keys displace each other again and again. */
  duplicate(peer: Peer, address: Address): void;
  /** A peer may talk now, or not any more. */
  link(peer: Peer, open: boolean): void;
}

/** All remotes of one master. */
export class Responder implements RemoteHost {
  readonly counters: Record<string, number> = Object.fromEntries(
    [...EVENTS, ...VERDICT_NAMES, ...DROPS].map((name) => [name, 0]),
  );
  readonly #options: ResponderOptions;
  readonly #host: ResponderHost;
  readonly #door: Door<Remote>;
  readonly #memory: RxMemory;
  readonly #estates: Estates;
  /** Have received something since they last sent. */
  #heard = new Set<Remote>();
  #closed = false;

  constructor(options: ResponderOptions, host: ResponderHost, now: number) {
    this.#options = options;
    this.#host = host;
    this.#memory = new RxMemory(options.rxMemory);
    this.#estates = new Estates(options.interim, (peer, open) => host.link(peer, open));
    this.#door = new Door(options, {
      send: (packet, to) => host.send(packet, to),
      count: (name) => this.#count(name),
    }, now);
  }

  /** Everyone who may talk or waits for acceptance. */
  get peers(): Peer[] {
    return this.#estates.all;
  }

  /** A peer by its estate's name. */
  peer(estate: string): Peer | undefined {
    return this.#estates.get(estate);
  }

  /** Where peers are, and by which id their packets name their session. */
  get sessions(): KnownSession[] {
    return this.peers.flatMap(({ remote: { session } }) =>
      session ? [{ cid: session.localCid, address: session.address }] : []
    );
  }

  /** Tells peers of a time before this start that their sessions are gone. */
  wake(sessions: readonly KnownSession[]): void {
    for (const { cid, address } of sessions) {
      this.#host.send(this.#door.resetOf(cid), address);
      this.#count("resets");
    }
  }

  /** Tables that hold something for peers; for tests of floods. */
  get stateSize(): number {
    return this.#estates.size + this.#estates.cids + this.#door.usedCookies;
  }

  /** Takes a datagram. */
  receive(packet: Uint8Array, from: Address, now: number): void {
    if (this.#closed) return;
    const header = readHeader(packet);
    if (typeof header === "string") return this.#noHeader(packet, header);
    this.#door.turn(now);
    if (header.type === PacketType.DATA) return this.#onData(packet, header.cid, from, now);
    if (header.flags !== 0) return;
    if (header.type === PacketType.HELLO) this.#door.onHello(packet, from, now);
    else if (header.type === PacketType.INITIATE) this.#onInitiate(packet, from, now);
    else if (header.type === PacketType.DISCOVER) this.#door.onDiscover(packet, from, now);
  }

  #noHeader(packet: Uint8Array, why: "magic" | "version" | "reserved"): void {
    const text = Buffer.from(packet.subarray(0, 12)).toString("latin1");
    if (text.startsWith("ri RAET\n") || text.startsWith('{"ri":"RAET"')) this.#count("legacy");
    else this.#count(why === "version" ? "badVersion" : "badMagic");
  }

  #count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  #onInitiate(packet: Uint8Array, from: Address, now: number): void {
    const initiation = this.#door.onInitiate(packet, from, now);
    if (initiation === null) return;
    if (initiation.proven === null) return this.#repeatVerdict(initiation.used, now);
    this.#door.remember(initiation.nonce, this.#join(initiation.proven, from, now), now);
  }

  #repeatVerdict(remote: Remote | null, now: number): void {
    if (remote && this.#estates.of(remote)) {
      this.#estates.work(remote, () => remote.onTimer(now), now);
    }
  }

  /** Who it is has been proven. Null: no session is kept for it. */
  #join(proven: Proven, from: Address, now: number): Remote | null {
    let join: JoinRequest;
    try {
      join = { ...readJoin(proven.join), pub: proven.identity, address: from };
      if (join.kind < 1 || join.kind > 3) throw new WireError("Its kind may not join");
      if (!isUsablePublic(join.pub)) throw new WireError("Its key cannot be used");
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#count("badJoin");
      return null;
    }
    const estate = estateName(join.id, join.kind);
    let status = this.#host.judge(join);
    const known = this.#estates.get(estate);
    if (!known && status === VerdictStatus.ACCEPTED && this.#isFull()) status = VerdictStatus.FULL;
    if (known && this.#mustWait(known, join, status, now)) status = VerdictStatus.BUSY;
    const session = sessionOf(proven, from, this.#options, now);
    const { mtu = FULL_PATH } = this.#options;
    session.wantSize(Math.min(mtu, join.parameters.maxDatagram), now);
    this.#count(VERDICT_NAMES[status] ?? "busy");
    if (status > VerdictStatus.PENDING) {
      this.#refuseJoin(estate, session, status, now);
      return null;
    }
    this.#count("handshakes");
    const peer = this.#peerFor(estate, join, status);
    peer.remote.stats.handshakes += 1;
    peer.remote.outbox.onMax(join.parameters.maxData, join.parameters.maxMessages);
    this.#welcome(peer, session, status);
    // The verdict travels on the new session; other frames follow when the initiator uses it.
    this.#sendFirst(peer, session, status, now);
    return peer.remote;
  }

  /** Whether a newcomer must not displace who has its name. */
  #mustWait(known: Estate, join: JoinRequest, status: number, now: number): boolean {
    // Other keys that wait for acceptance do not end the session of those that have it.
    if (!same(known.pub, join.pub)) return known.open && status === VerdictStatus.PENDING;
    if (same(known.boot, join.boot) || known.starts.note(join.address.host, now)) return false;
    this.#count("duplicates");
    this.#host.duplicate(known, join.address);
    return true;
  }

  #isFull(): boolean {
    return this.#estates.size >= this.#options.maxSessions;
  }

  #newRemote(name: string): Remote {
    const { txMessages, txBytes, maxMessage, random } = this.#options;
    return new Remote({
      name,
      responder: true,
      txMessages,
      txBytes,
      maxMessage,
      rxWindow: 256 * 1024,
      memory: this.#memory,
      alive: 0,
      random,
    }, this);
  }

  /** The association of an estate: the one it had, or a new one after it was restarted or got new keys. */
  #peerFor(estate: string, join: JoinRequest, status: number): Estate {
    const known = this.#estates.get(estate);
    if (known && same(known.pub, join.pub)) {
      if (!same(known.boot, join.boot)) {
        this.#estates.setOpen(known, false);
        known.boot = join.boot;
        known.association = this.#options.random(8);
        known.remote.restart();
      }
      return known;
    }
    if (known) {
      this.#estates.forget(known, new RoadError("rejected key", `${estate} has another key now`));
    } else if (status === VerdictStatus.PENDING) {
      this.#estates.dropOldestPending(this.#options.maxPending);
    }
    const peer: Estate = {
      estate,
      id: join.id,
      kind: join.kind,
      pub: join.pub,
      verify: join.verify,
      boot: join.boot,
      association: this.#options.random(8),
      remote: this.#newRemote(estate),
      open: false,
      starts: new Starts(),
    };
    this.#estates.add(peer);
    return peer;
  }

  #welcome(estate: Estate, session: Session, status: number): void {
    welcome(estate, session, this.#options, { status, peers: this.#estates.size });
  }

  /** Takes a session into use: its cookie came back, so its address is proven. */
  #sendFirst(peer: Estate, session: Session, status: number, now: number): void {
    const { remote } = peer;
    this.#estates.work(remote, () => {
      remote.use(session, now);
      remote.accepted = status === VerdictStatus.ACCEPTED;
      remote.isAlive = true;
      this.#estates.setOpen(peer, remote.accepted);
      remote.flush(now);
    }, now);
  }

  /** One packet with the verdict; nothing is kept. */
  #refuseJoin(estate: string, session: Session, status: number, now: number): void {
    this.#host.send(refusal(session, status, now), session.address);
    const known = this.#estates.get(estate);
    // A second machine with another key must not cut off the first.
    if (known && status === VerdictStatus.REJECTED) {
      this.#estates.forget(
        known,
        new RoadError("rejected key", `${estate} is not accepted any more`),
      );
    }
  }

  #onData(packet: Uint8Array, cid: Uint8Array, from: Address, now: number): void {
    if (packet.length < MIN_DATA) return;
    const found = this.#estates.owner(cid);
    if (found) {
      const { remote, session } = found;
      remote.receive(session, packet, from, now);
      this.#heard.add(remote);
      return;
    }
    this.#count("unknownCid");
    this.#door.reset(cid, from, now);
  }

  timer(): number {
    if (this.#closed) return Infinity;
    return this.#heard.size > 0 ? -Infinity : this.#estates.nextTimer();
  }

  onTimer(now: number): void {
    const heard = this.#heard;
    this.#heard = new Set();
    for (const remote of heard) {
      if (this.#estates.of(remote)) this.#estates.work(remote, () => remote.flush(now), now);
    }
    for (const { estate, silent } of this.#estates.due(now)) {
      const { remote } = estate;
      if (silent) {
        this.#count("reaped");
        const why = `${estate.estate} was silent for ${this.#options.interim / 1000} s`;
        this.#estates.forget(estate, new RoadError("closed", why));
      } else this.#estates.work(remote, () => remote.onTimer(now), now);
    }
  }

  /** Sends to a peer. @throws RoadError when its queue is full or the message too large. */
  sendTo(peer: Peer, out: Parameters<Remote["send"]>[0], now: number): void {
    this.#estates.work(peer.remote, () => peer.remote.send(out, now), now);
  }

  /** The key of a pending peer was accepted. */
  accept(estate: string, now: number): void {
    const peer = this.#estates.get(estate);
    const session = peer?.remote.session;
    if (!peer || !session || peer.remote.accepted) return;
    this.#welcome(peer, session, VerdictStatus.ACCEPTED);
    this.#sendFirst(peer, session, VerdictStatus.ACCEPTED, now);
  }

  /** The key of a peer is not accepted any more: its session ends now. */
  revoke(estate: string, now: number): void {
    const peer = this.#estates.get(estate);
    if (!peer) return;
    const { session } = peer.remote;
    if (session) peer.remote.close(session, CloseCode.REVOKED, "the key is not accepted", now);
    this.#estates.forget(
      peer,
      new RoadError("rejected key", `The key of ${estate} is not accepted: see saltx key -L`),
    );
  }

  /** Says goodbye to all and fails what waits. */
  close(now: number): void {
    if (this.#closed) return;
    for (const peer of this.#estates.all) {
      const { session } = peer.remote;
      if (session) peer.remote.close(session, CloseCode.SHUTDOWN, "the master stops", now);
      this.#estates.forget(peer, new RoadError("closed", "The master stops"));
    }
    this.#closed = true;
  }

  send(packet: Uint8Array, to: Address): void {
    this.#host.send(packet, to);
  }

  refuse(remote: Remote, head: MessageHead) {
    const peer = this.#estates.of(remote);
    return peer ? this.#host.refuse(peer, head) : { code: 1, text: "not allowed" };
  }

  deliver(remote: Remote, message: Incoming): void {
    const peer = this.#estates.of(remote);
    if (peer) this.#host.deliver(peer, message);
  }

  verdict(_remote: Remote, _session: Session, _frame: Frame): void {
    throw new WireError("Only a responder gives verdicts");
  }

  closed(remote: Remote, session: Session, code: number, text: string, now: number): void {
    const peer = this.#estates.of(remote);
    if (!peer || session !== remote.session) return;
    this.#count("closed");
    if (code === CloseCode.PROTOCOL) remote.close(session, code, text, now);
    const why = text === "" ? "" : ` (${text.slice(0, 80)})`;
    const at = shownAddress(session.address);
    this.#estates.forget(peer, new RoadError("closed", `${peer.estate} at ${at} closed${why}`));
  }

  alive(remote: Remote, alive: boolean): void {
    const peer = this.#estates.of(remote);
    if (peer && remote.accepted) this.#estates.setOpen(peer, alive);
  }
}
