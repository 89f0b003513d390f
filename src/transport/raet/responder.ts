/**
 * The side that listens: a master's stack. A state machine without I/O; holds no state for anyone who
 * has not proven an address and a key. (docs/raet.md, section 8.2)
 * @module
 */
import { Buffer } from "node:buffer";
import { type Address, ipBytes, shownAddress, sourceKey } from "./address.ts";
import { isUsablePublic, mac1Key, publicOf, resetToken, same } from "./crypto.ts";
import { type Identity, makeIdentity } from "./discover.ts";
import { RoadError } from "./errors.ts";
import { CloseCode, type Frame, FrameCode, type MessageHead } from "./frames.ts";
import {
  helloFields,
  helloHolds,
  INITIATE_BYTES,
  type KeyPair,
  makeCookie,
  makeReset,
  makeRetry,
  makeToken,
  openIdentity,
  openJoin,
  openSealed,
  type Proven,
  tokenHolds,
} from "./handshake.ts";
import { type Incoming, RxMemory } from "./inbox.ts";
import { VerdictStatus } from "./initiator.ts";
import {
  estateName,
  Field,
  type JoinRecord,
  readJoin,
  writeParameters,
  writeRecord,
} from "./join.ts";
import { Bucket, SourceLimit } from "./limits.ts";
import { Remote, type RemoteHost } from "./remote.ts";
import { Session } from "./session.ts";
import { Timers } from "./timers.ts";
import {
  FROM_RESPONDER,
  FULL_PATH,
  MIN_DATA,
  PacketType,
  readHeader,
  SMALL_PATH,
  WireError,
} from "./wire.ts";

const TOKEN_TURN_MS = 60_000;
const TOKEN_LIFE_MS = 15_000;
const COOKIE_TURN_MS = 30_000;
const COOKIE_LIFE_MS = 30_000;
/** Cookies whose use is remembered. */
const MAX_USED = 100_000;
const BUSY_RETRY_S = 30;

/** An initiator that has proven its address and its keys. */
export interface JoinRequest extends JoinRecord {
  pub: Uint8Array;
  address: Address;
}

/** What a responder is made with. Times in ms. */
export interface ResponderOptions {
  name: string;
  keys: KeyPair;
  identity: Omit<Identity, "pub">;
  /** Answers DISCOVER. */
  discover: boolean;
  random: (length: number) => Uint8Array;
  /** Hellos a second that are answered without a token. */
  helloRate: number;
  maxSessions: number;
  maxPending: number;
  txMessages: number;
  txBytes: number;
  /** Of all remotes. */
  rxMemory: number;
  maxMessage: number;
  alive: number;
  /** Silence after which a remote is forgotten. */
  interim: number;
}

export interface ResponderHost {
  send(packet: Uint8Array, to: Address): void;
  /** The verdict on a join. Files the key. */
  judge(join: JoinRequest): number;
  deliver(peer: Peer, message: Incoming): void;
  refuse(peer: Peer, head: MessageHead): { code: number; text: string } | null;
  /** A peer may talk now, or not any more. */
  link(peer: Peer, open: boolean): void;
}

/** A remote of a master, and who it has proven to be. */
export interface Peer {
  readonly estate: string;
  readonly id: string;
  readonly kind: number;
  readonly pub: Uint8Array;
  readonly verify: Uint8Array;
  readonly remote: Remote;
}

interface Known extends Peer {
  pub: Uint8Array;
  boot: Uint8Array;
  association: Uint8Array;
  open: boolean;
}

interface Turning {
  current: Uint8Array;
  previous: Uint8Array | null;
  turnAt: number;
}

/** All remotes of one master. */
export class Responder implements RemoteHost {
  readonly counters: Record<string, number> = {
    hellos: 0,
    retries: 0,
    cookies: 0,
    initiates: 0,
    handshakes: 0,
    resets: 0,
    legacy: 0,
    badMagic: 0,
    badVersion: 0,
    badMac: 0,
    badCookie: 0,
    usedCookie: 0,
    limited: 0,
    unknownCid: 0,
    badJoin: 0,
    closed: 0,
    reaped: 0,
  };
  readonly #options: ResponderOptions;
  readonly #host: ResponderHost;
  readonly #macKey: Uint8Array;
  readonly #memory: RxMemory;
  readonly #peers = new Map<string, Known>();
  readonly #byRemote = new Map<Remote, Known>();
  readonly #byCid = new Map<string, { remote: Remote; session: Session }>();
  readonly #cids = new Map<Remote, Set<string>>();
  readonly #timers = new Timers<Remote>();
  readonly #used = new Map<string, { at: number; remote: Remote | null }>();
  readonly #tokenKeys: Turning;
  readonly #cookieKeys: Turning;
  readonly #freeHellos: Bucket;
  readonly #tokenHellos: Bucket;
  readonly #initiates: Bucket;
  readonly #resets: Bucket;
  readonly #identities: Bucket;
  readonly #helloSources = new SourceLimit(0.5, 5);
  readonly #tokenSources = new SourceLimit(10, 20);
  readonly #initiateKeys = new SourceLimit(0.1, 6);
  readonly #resetSources = new SourceLimit(1, 1);
  readonly #identitySources = new SourceLimit(2, 4);
  #closed = false;

  constructor(options: ResponderOptions, host: ResponderHost, now: number) {
    this.#options = options;
    this.#host = host;
    this.#macKey = mac1Key(options.keys.pub);
    this.#memory = new RxMemory(options.rxMemory);
    const turning = (ms: number): Turning => ({
      current: options.random(32),
      previous: null,
      turnAt: now + ms,
    });
    this.#tokenKeys = turning(TOKEN_TURN_MS);
    this.#cookieKeys = turning(COOKIE_TURN_MS);
    this.#freeHellos = new Bucket(options.helloRate, options.helloRate, now);
    this.#tokenHellos = new Bucket(500, 500, now);
    this.#initiates = new Bucket(300, 300, now);
    this.#resets = new Bucket(100, 100, now);
    this.#identities = new Bucket(200, 200, now);
  }

  /** Everyone who may talk or waits for acceptance. */
  get peers(): Peer[] {
    return [...this.#peers.values()];
  }

  /** A peer by its estate's name. */
  peer(estate: string): Peer | undefined {
    return this.#peers.get(estate);
  }

  /** Tables that hold something for peers; for tests of floods. */
  get stateSize(): number {
    return this.#peers.size + this.#byCid.size + this.#used.size;
  }

  /** Takes a datagram. */
  receive(packet: Uint8Array, from: Address, now: number): void {
    if (this.#closed) return;
    const header = readHeader(packet);
    if (typeof header === "string") return this.#noHeader(packet, header);
    this.#turn(now);
    if (header.type === PacketType.DATA) return this.#onData(packet, header.cid, from, now);
    if (header.flags !== 0) return;
    if (header.type === PacketType.HELLO) this.#onHello(packet, from, now);
    else if (header.type === PacketType.INITIATE) this.#onInitiate(packet, from, now);
    else if (header.type === PacketType.DISCOVER) this.#onDiscover(packet, from, now);
  }

  #noHeader(packet: Uint8Array, why: "magic" | "version" | "reserved"): void {
    const text = Buffer.from(packet.subarray(0, 12)).toString("latin1");
    if (text.startsWith("ri RAET\n") || text.startsWith('{"ri":"RAET"')) this.#count("legacy");
    else this.#count(why === "version" ? "badVersion" : "badMagic");
  }

  #count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  #turn(now: number): void {
    for (
      const [keys, ms] of [
        [this.#tokenKeys, TOKEN_TURN_MS],
        [this.#cookieKeys, COOKIE_TURN_MS],
      ] as const
    ) {
      if (now < keys.turnAt) continue;
      keys.previous?.fill(0);
      // After a long silence the current key is too old as well.
      keys.previous = now < keys.turnAt + ms ? keys.current : null;
      keys.current = this.#options.random(32);
      keys.turnAt = now + ms;
    }
    for (const [nonce, { at }] of this.#used) {
      if (now - at < 2 * COOKIE_TURN_MS && this.#used.size <= MAX_USED) break;
      this.#used.delete(nonce);
    }
  }

  #onDiscover(packet: Uint8Array, from: Address, now: number): void {
    const { discover, identity, keys } = this.#options;
    if (!discover || packet.length < SMALL_PATH) return;
    if (!this.#identitySources.take(sourceKey(from.host), now) || !this.#identities.take(now)) {
      return this.#count("limited");
    }
    this.#host.send(makeIdentity(packet, { ...identity, pub: keys.pub }), from);
  }

  #onHello(packet: Uint8Array, from: Address, now: number): void {
    this.#count("hellos");
    if (!helloHolds(packet, this.#macKey)) return this.#count("badMac");
    const { short, token } = helloFields(packet);
    const source = sourceKey(from.host);
    const ip = ipBytes(from.host);
    const proven = tokenHolds(token, alive(this.#tokenKeys), {
      now,
      lifetime: TOKEN_LIFE_MS,
      ip,
      short,
    });
    if (proven) {
      if (!this.#tokenSources.take(source, now) || !this.#tokenHellos.take(now)) {
        return this.#count("limited");
      }
    } else if (!this.#helloSources.take(source, now) || !this.#freeHellos.take(now)) {
      this.#count("retries");
      const fresh = makeToken(this.#tokenKeys.current, Math.floor(now), ip, short);
      return this.#host.send(
        makeRetry(packet, fresh, this.#options.random(8), this.#macKey),
        from,
      );
    }
    this.#answerHello(packet, from, ip, now);
  }

  #answerHello(packet: Uint8Array, from: Address, ip: Uint8Array, now: number): void {
    const { random, keys } = this.#options;
    const secret = random(32);
    const cookie = makeCookie(packet, keys, {
      short: { secret, pub: publicOf(secret) },
      clock: Math.floor(now),
      cookieKey: this.#cookieKeys.current,
      nonce: random(24),
      counter: random(8),
      ip,
    });
    if (cookie === null) return this.#count("badMac");
    this.#count("cookies");
    this.#host.send(cookie, from);
  }

  #onInitiate(packet: Uint8Array, from: Address, now: number): void {
    this.#count("initiates");
    if (packet.length < INITIATE_BYTES + 16) return this.#count("badCookie");
    const ip = ipBytes(from.host);
    const state = openSealed(packet, alive(this.#cookieKeys), {
      now,
      maxAge: COOKIE_LIFE_MS,
      ip,
    });
    if (state === null) return this.#count("badCookie");
    const nonce = Buffer.from(state.nonce).toString("latin1");
    const used = this.#used.get(nonce);
    if (used) return this.#repeatVerdict(used.remote, now);
    if (!this.#initiates.take(now)) return this.#count("limited");
    const first = openIdentity(packet, state);
    if (first === null) return this.#count("badCookie");
    const key = Buffer.from(first.identity).toString("latin1");
    if (!this.#initiateKeys.take(key, now)) return this.#count("limited");
    const proven = openJoin(packet, state, first);
    if (proven === null) return this.#count("badCookie");
    this.#used.set(nonce, { at: now, remote: null });
    const remote = this.#join(proven, from, now);
    this.#used.set(nonce, { at: now, remote });
  }

  #repeatVerdict(remote: Remote | null, now: number): void {
    this.#count("usedCookie");
    if (remote && this.#byRemote.has(remote)) this.#work(remote, () => remote.onTimer(now), now);
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
    const known = this.#peers.get(estate);
    if (!known && status === VerdictStatus.ACCEPTED && this.#isFull()) status = VerdictStatus.FULL;
    const session = this.#session(proven, from, now);
    if (status > VerdictStatus.PENDING) {
      this.#refuseJoin(estate, session, status, now);
      return null;
    }
    this.#count("handshakes");
    const peer = this.#peerFor(estate, join, status);
    peer.remote.outbox.onMax(join.parameters.maxData, join.parameters.maxMessages);
    this.#setVerdict(peer, session, status);
    // The verdict travels on the new session; other frames follow when the initiator uses it.
    this.#sendFirst(peer, session, status, now);
    return peer.remote;
  }

  #isFull(): boolean {
    return this.#peers.size >= this.#options.maxSessions;
  }

  #session(proven: Proven, address: Address, now: number): Session {
    return new Session({
      sendKey: proven.keys.toInitiator,
      receiveKey: proven.keys.toResponder,
      localCid: proven.keys.responderCid,
      remoteCid: proven.initiatorCid,
      responder: true,
      address,
      sid: proven.keys.sid,
      pathSize: FULL_PATH,
      now,
    });
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
  #peerFor(estate: string, join: JoinRequest, status: number): Known {
    const known = this.#peers.get(estate);
    if (known && same(known.pub, join.pub)) {
      if (!same(known.boot, join.boot)) {
        known.boot = join.boot;
        known.association = this.#options.random(8);
        known.remote.restart();
      }
      return known;
    }
    if (known) this.#forget(known, new RoadError("revoked", `${estate} has another key now`));
    else if (status === VerdictStatus.PENDING) this.#dropOldestPending();
    const peer: Known = {
      estate,
      id: join.id,
      kind: join.kind,
      pub: join.pub,
      verify: join.verify,
      boot: join.boot,
      association: this.#options.random(8),
      remote: this.#newRemote(estate),
      open: false,
    };
    this.#peers.set(estate, peer);
    this.#byRemote.set(peer.remote, peer);
    return peer;
  }

  #dropOldestPending(): void {
    let pending = 0;
    let oldest: Known | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.remote.accepted) continue;
      pending += 1;
      oldest ??= peer;
    }
    if (pending < this.#options.maxPending || !oldest) return;
    this.#forget(oldest, new RoadError("closed", `${oldest.estate} is pending no more`));
  }

  /** Keeps the table of connection ids in step with a remote's sessions. */
  #index(remote: Remote): void {
    const old = this.#cids.get(remote) ?? new Set();
    const fresh = new Set<string>();
    for (const session of remote.sessions) {
      const cid = cidKey(session.localCid);
      fresh.add(cid);
      if (!old.has(cid)) this.#byCid.set(cid, { remote, session });
    }
    for (const cid of old) if (!fresh.has(cid)) this.#byCid.delete(cid);
    if (fresh.size > 0) this.#cids.set(remote, fresh);
    else this.#cids.delete(remote);
  }

  #verdictRecord(peer: Known, session: Session): Uint8Array {
    const { keys, maxMessage, alive } = this.#options;
    const { limits } = peer.remote.inbox;
    return writeRecord([
      [Field.ASSOCIATION, peer.association],
      [Field.VERIFY, this.#options.identity.verify],
      [Field.RESET_TOKEN, resetToken(keys.secret, session.localCid)],
      [
        Field.PARAMETERS,
        writeParameters({
          maxData: limits.data,
          maxMessages: Math.min(65_535, limits.messages),
          maxMessage,
          alive: Math.round(alive / 1000),
        }),
      ],
    ]);
  }

  #setVerdict(peer: Known, session: Session, status: number): void {
    const record = this.#verdictRecord(peer, session);
    const spread = Math.min(65_535, Math.max(10, Math.ceil(this.#peers.size / 200)));
    peer.remote.controls.set("verdict", 8 + record.length, (w) => {
      w.u8(FrameCode.VERDICT);
      w.u8(status);
      w.u16(0);
      w.u16(spread);
      w.u16(record.length);
      w.raw(record);
    });
  }

  /** Takes a session into use: its cookie came back, so its address is proven. */
  #sendFirst(peer: Known, session: Session, status: number, now: number): void {
    const { remote } = peer;
    this.#work(remote, () => {
      remote.use(session, now);
      remote.accepted = status === VerdictStatus.ACCEPTED;
      remote.isAlive = true;
      this.#setOpen(peer, remote.accepted);
      remote.flush(now);
    }, now);
  }

  /** One packet with the verdict; nothing is kept. */
  #refuseJoin(estate: string, session: Session, status: number, now: number): void {
    const w = session.writer();
    w.u8(FrameCode.VERDICT);
    w.u8(status);
    w.u16(BUSY_RETRY_S);
    w.u16(10);
    w.u16(0);
    this.#host.send(session.seal(w, now, { items: [], eliciting: false }), session.address);
    const known = this.#peers.get(estate);
    // A second machine with another key must not cut off the first.
    if (known && status === VerdictStatus.REJECTED) {
      this.#forget(known, new RoadError("revoked", `${estate} is not accepted any more`));
    }
  }

  #onData(packet: Uint8Array, cid: Uint8Array, from: Address, now: number): void {
    if (packet.length < MIN_DATA) return;
    const found = this.#byCid.get(cidKey(cid));
    if (found) {
      const { remote, session } = found;
      return this.#work(remote, () => remote.receive(session, packet, from, now), now);
    }
    this.#count("unknownCid");
    if (!this.#resetSources.take(sourceKey(from.host), now) || !this.#resets.take(now)) return;
    this.#count("resets");
    this.#host.send(
      makeReset(cid, this.#options.keys, this.#options.random(8), FROM_RESPONDER),
      from,
    );
  }

  /** Lets a remote do something and keeps the tables in step. */
  #work(remote: Remote, what: () => void, now: number): void {
    what();
    if (!this.#byRemote.has(remote)) return;
    this.#index(remote);
    this.#schedule(remote, now);
  }

  #schedule(remote: Remote, now: number): void {
    const heard = remote.session?.lastHeard ?? now;
    this.#timers.set(remote, Math.min(remote.timer(now), heard + this.#options.interim));
  }

  timer(): number {
    return this.#closed ? Infinity : this.#timers.next();
  }

  onTimer(now: number): void {
    for (const remote of this.#timers.due(now)) {
      const peer = this.#byRemote.get(remote);
      if (!peer) continue;
      const heard = remote.session?.lastHeard ?? -Infinity;
      if (now - heard >= this.#options.interim) {
        this.#count("reaped");
        const silent = this.#options.interim / 1000;
        this.#forget(
          peer,
          new RoadError("closed", `${peer.estate} was silent for ${silent} s`),
        );
      } else this.#work(remote, () => remote.onTimer(now), now);
    }
  }

  /** Sends to a peer. @throws RoadError when its queue is full or the message too large. */
  sendTo(peer: Peer, out: Parameters<Remote["send"]>[0], now: number): void {
    this.#work(peer.remote, () => peer.remote.send(out, now), now);
  }

  /** The key of a pending peer was accepted. */
  accept(estate: string, now: number): void {
    const peer = this.#peers.get(estate);
    const session = peer?.remote.session;
    if (!peer || !session || peer.remote.accepted) return;
    this.#setVerdict(peer, session, VerdictStatus.ACCEPTED);
    this.#sendFirst(peer, session, VerdictStatus.ACCEPTED, now);
  }

  /** The key of a peer is not accepted any more: its session ends now. */
  revoke(estate: string, now: number): void {
    const peer = this.#peers.get(estate);
    if (!peer) return;
    const { session } = peer.remote;
    if (session) peer.remote.close(session, CloseCode.REVOKED, "the key is not accepted", now);
    this.#forget(peer, new RoadError("revoked", `The key of ${estate} is not accepted`));
  }

  /** Says goodbye to all and fails what waits. */
  close(now: number): void {
    if (this.#closed) return;
    for (const peer of [...this.#peers.values()]) {
      const { session } = peer.remote;
      if (session) peer.remote.close(session, CloseCode.SHUTDOWN, "the master stops", now);
      this.#forget(peer, new RoadError("closed", "The master stops"));
    }
    this.#closed = true;
  }

  #forget(peer: Known, error: RoadError): void {
    const { remote } = peer;
    this.#peers.delete(peer.estate);
    this.#byRemote.delete(remote);
    remote.accepted = false;
    remote.disconnect();
    remote.inbox.clear();
    this.#index(remote);
    this.#timers.set(remote, Infinity);
    remote.outbox.fail(error);
    this.#setOpen(peer, false);
  }

  #setOpen(peer: Known, open: boolean): void {
    if (peer.open === open) return;
    peer.open = open;
    this.#host.link(peer, open);
  }

  send(packet: Uint8Array, to: Address): void {
    this.#host.send(packet, to);
  }

  refuse(remote: Remote, head: MessageHead) {
    const peer = this.#byRemote.get(remote);
    return peer ? this.#host.refuse(peer, head) : { code: 1, text: "not allowed" };
  }

  deliver(remote: Remote, message: Incoming): void {
    const peer = this.#byRemote.get(remote);
    if (peer) this.#host.deliver(peer, message);
  }

  verdict(_remote: Remote, _session: Session, _frame: Frame): void {
    throw new WireError("Only a responder gives verdicts");
  }

  closed(remote: Remote, session: Session, code: number, text: string, now: number): void {
    const peer = this.#byRemote.get(remote);
    if (!peer || session !== remote.session) return;
    this.#count("closed");
    if (code === CloseCode.PROTOCOL) remote.close(session, code, text, now);
    const why = text === "" ? "" : ` (${text.slice(0, 80)})`;
    const at = shownAddress(session.address);
    this.#forget(peer, new RoadError("closed", `${peer.estate} at ${at} closed${why}`));
  }

  alive(remote: Remote, alive: boolean): void {
    const peer = this.#byRemote.get(remote);
    if (peer && remote.accepted) this.#setOpen(peer, alive);
  }
}

function cidKey(cid: Uint8Array): string {
  return Buffer.from(cid.buffer, cid.byteOffset, 8).toString("latin1");
}

/** The keys that still hold. */
function alive(keys: Turning): Uint8Array[] {
  return keys.previous ? [keys.current, keys.previous] : [keys.current];
}
