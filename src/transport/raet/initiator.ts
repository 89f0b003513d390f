/**
 * The side that says hello: a minion's or caller's stack for one master. A state machine without
 * I/O. (docs/raet.md, section 8.1)
 * @module
 */
import type { Address } from "./address.ts";
import { publicOf, same } from "./crypto.ts";
import { type Identity, makeDiscover, openIdentityPacket } from "./discover.ts";
import { RoadError } from "./errors.ts";
import { CloseCode, type Frame, FrameCode, type MessageHead } from "./frames.ts";
import {
  type HelloState,
  type KeyPair,
  makeHello,
  makeInitiate,
  openCookie,
  openRetry,
  sizedHello,
} from "./handshake.ts";
import { type Incoming, RxMemory } from "./inbox.ts";
import { Field, readParameters, readRecord, writeJoin } from "./join.ts";
import type { Outgoing } from "./outbox.ts";
import { Remote, type RemoteHost } from "./remote.ts";
import { Session } from "./session.ts";
import { FULL_PATH, PacketType, readHeader, SMALL_PATH, WireError } from "./wire.ts";

/** The master's word on a join. */
export const VerdictStatus = {
  ACCEPTED: 0,
  PENDING: 1,
  REJECTED: 2,
  DENIED: 3,
  FULL: 4,
  BUSY: 5,
} as const;

const HELLO_FIRST_MS = 1000;
const HELLO_MAX_MS = 8000;
/** Hellos without an answer after which the key that they were for is doubted. */
const HELLO_TRIES = 5;
const INITIATE_TRIES = 5;
const INITIATE_MAX_MS = 4000;
const INITIATE_MIN_MS = 200;
/** Packets after which keys are renewed whatever the time. */
const REKEY_NUMBER = 2 ** 40;
/** ms of silence after which a pending session asks anew. */
const PENDING_SILENCE_MS = 60_000;
/** ms before a refused or closed session is tried again. */
const REFUSED_MS = 10_000;

/** What an initiator is made with. Times in ms. */
export interface InitiatorOptions {
  id: string;
  kind: number;
  keys: KeyPair;
  verify: Uint8Array;
  /** Name of the master, for messages. */
  masterName: string;
  address: Address;
  /** The master's key where it is known; null: it is asked for. */
  masterPub: Uint8Array | null;
  version: string;
  grains: Uint8Array | null;
  /** The RSA key's signature over our keys and the master's. */
  vouch: (masterPub: Uint8Array) => Uint8Array | null;
  random: (length: number) => Uint8Array;
  /** 0 to 1 */
  chance: () => number;
  txMessages: number;
  txBytes: number;
  maxMessage: number;
  rxMemory: number;
  alive: number;
  rekey: number;
}

/** How the link to the master stands. */
export type LinkState = "connecting" | "pending" | "open" | "refused";

export interface InitiatorHost {
  send(packet: Uint8Array, to: Address): void;
  deliver(message: Incoming): void;
  refuse(head: MessageHead): { code: number; text: string } | null;
  /** Whether an offered key may be the master's: null, or why not. Nothing is proven yet. */
  trust(identity: Identity): string | null;
  /** The master has proven that it has the offered keys. */
  keep(identity: Identity): void;
  /** `why` says what a person should know. */
  link(state: LinkState, why: string): void;
  /** The master has forgotten all about us: answers to requests will not come. */
  restarted(): void;
}

interface Handshake {
  phase: "discover" | "hello" | "initiate";
  tries: number;
  timer: number;
  sentAt: number;
  counter: Uint8Array;
  hello: HelloState | null;
  sent: Uint8Array | null;
  token: Uint8Array | null;
  pathSize: number;
  rtt: number;
  initiate: Uint8Array | null;
  session: Session | null;
}

/** One master, from here. */
export class Initiator implements RemoteHost {
  readonly remote: Remote;
  readonly counters = { hellos: 0, handshakes: 0, resets: 0, dropped: 0 };
  readonly #options: InitiatorOptions;
  readonly #host: InitiatorHost;
  readonly #boot: Uint8Array;
  #masterPub: Uint8Array | null;
  /** Keys that were offered and are not proven yet. */
  #offered: Identity | null = null;
  #handshake: Handshake | null = null;
  #association: Uint8Array | null = null;
  #resetTokens = new Map<Session, Uint8Array>();
  #state: LinkState = "connecting";
  /** When to shake hands (again). */
  #startAt = Infinity;
  #refusal: "rejected" | "untrusted" = "rejected";
  #closed = false;

  constructor(options: InitiatorOptions, host: InitiatorHost) {
    this.#options = options;
    this.#host = host;
    this.#masterPub = options.masterPub;
    this.#boot = options.random(8);
    this.remote = new Remote({
      name: options.masterName,
      responder: false,
      txMessages: options.txMessages,
      txBytes: options.txBytes,
      maxMessage: options.maxMessage,
      rxWindow: 1024 * 1024,
      memory: new RxMemory(options.rxMemory),
      alive: options.alive,
      random: options.random,
    }, this);
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the link is refused: the master does not take us, or we do not trust its key. */
  get refusal(): "rejected" | "untrusted" {
    return this.#refusal;
  }

  /** Begins. */
  start(now: number): void {
    this.#startAt = now;
    this.onTimer(now);
  }

  /** Queues a message. @throws RoadError. */
  sendMessage(out: Outgoing, now: number): void {
    this.remote.send(out, now);
  }

  /** Says goodbye and fails what waits. */
  close(now: number): void {
    if (this.#closed) return;
    this.#closed = true;
    const { session } = this.remote;
    if (session) this.remote.close(session, CloseCode.NORMAL, "", now);
    this.remote.disconnect();
    this.#handshake = null;
    this.remote.outbox.fail(
      new RoadError("closed", `The connection to ${this.#options.masterName} was closed`),
    );
  }

  /** Takes a datagram. */
  receive(packet: Uint8Array, from: Address, now: number): void {
    const header = readHeader(packet);
    if (this.#closed || typeof header === "string") {
      this.counters.dropped += 1;
      return;
    }
    if (header.type === PacketType.DATA) return this.#onData(packet, header.cid, from, now);
    if (header.type === PacketType.RESET) return this.#onReset(packet, header.cid, now);
    const shake = this.#handshake;
    if (header.type === PacketType.IDENTITY && shake?.phase === "discover") {
      return this.#onIdentity(packet, shake, now);
    }
    if (header.type === PacketType.RETRY && shake?.phase === "hello") {
      return this.#onRetry(packet, shake, now);
    }
    if (header.type === PacketType.COOKIE && shake?.phase === "hello") {
      return this.#onCookie(packet, shake, now);
    }
    this.counters.dropped += 1;
  }

  timer(now: number): number {
    if (this.#closed) return Infinity;
    // A handshake under way is not begun again, however long it takes.
    return Math.min(this.#handshake?.timer ?? this.#startAt, this.remote.timer(now));
  }

  onTimer(now: number): void {
    if (this.#closed) return;
    this.remote.onTimer(now);
    const { session } = this.remote;
    if (this.#state === "pending" && session && now - session.lastHeard > PENDING_SILENCE_MS) {
      this.#again(now, "the master does not answer");
    }
    if (session && session.nextNumber > REKEY_NUMBER) this.#startAt = Math.min(this.#startAt, now);
    if (this.#startAt <= now && this.#handshake === null) {
      this.#startAt = Infinity;
      this.#begin(now);
    } else if (this.#handshake && this.#handshake.timer <= now) this.#repeat(this.#handshake, now);
  }

  #begin(now: number): void {
    const { random } = this.#options;
    this.#handshake = {
      phase: this.#masterPub ? "hello" : "discover",
      tries: 0,
      timer: now,
      sentAt: now,
      counter: random(8),
      hello: null,
      sent: null,
      token: null,
      pathSize: FULL_PATH,
      rtt: NaN,
      initiate: null,
      session: null,
    };
    this.#repeat(this.#handshake, now);
  }

  #repeat(shake: Handshake, now: number): void {
    if (shake.phase === "initiate") return this.#sendInitiate(shake, now);
    if (shake.phase === "hello" && shake.tries >= HELLO_TRIES) {
      // The master may have another key by now; then it is better said than waited for.
      shake.phase = "discover";
      shake.tries = 0;
    }
    shake.tries += 1;
    const wait = Math.min(HELLO_MAX_MS, HELLO_FIRST_MS * 2 ** (shake.tries - 1));
    shake.timer = now + wait * (0.8 + 0.4 * this.#options.chance());
    // A path that swallows large packets is found by trying small ones in turn.
    const size = shake.tries >= 3 && shake.tries % 2 === 1 ? SMALL_PATH : FULL_PATH;
    shake.sentAt = now;
    if (shake.phase === "discover") {
      shake.counter = this.#options.random(8);
      return this.#send(makeDiscover(shake.counter, size));
    }
    this.#sendHello(shake, size, now);
  }

  #sendHello(shake: Handshake, size: number, now: number): void {
    const { random } = this.#options;
    if (shake.hello === null) {
      const secret = random(32);
      shake.hello = makeHello({
        responderPub: this.#masterPub!,
        short: { secret, pub: publicOf(secret) },
        cid: random(8),
        clock: Math.floor(now),
        bootId: this.#boot,
      });
      if (shake.hello === null) return this.#refused("the master's key cannot be used", now);
    }
    shake.sent = sizedHello(shake.hello, shake.token, size);
    this.counters.hellos += 1;
    this.#send(shake.sent);
  }

  #onIdentity(packet: Uint8Array, shake: Handshake, now: number): void {
    const identity = openIdentityPacket(packet, shake.counter);
    if (identity === null) {
      this.counters.dropped += 1;
      return;
    }
    const why = this.#host.trust(identity);
    if (why !== null) return this.#refused(why, now, "untrusted");
    if (this.#masterPub === null || !same(this.#masterPub, identity.pub)) {
      this.#masterPub = identity.pub;
      this.#offered = identity;
      shake.hello = shake.token = null;
    }
    shake.phase = "hello";
    shake.tries = 0;
    this.#repeat(shake, now);
  }

  #onRetry(packet: Uint8Array, shake: Handshake, now: number): void {
    const token = shake.sent && !shake.token && openRetry(packet, shake.sent, this.#masterPub!);
    if (!token) return;
    shake.token = token;
    shake.sentAt = now;
    this.#sendHello(shake, shake.sent!.length, now);
  }

  #onCookie(packet: Uint8Array, shake: Handshake, now: number): void {
    const { hello } = shake;
    const cookie = hello && openCookie(packet, hello);
    if (!cookie || !hello) {
      this.counters.dropped += 1;
      return;
    }
    const { keys, id, kind, verify, version, grains, vouch, maxMessage, alive } = this.#options;
    const join = writeJoin({
      id,
      kind,
      verify,
      boot: this.#boot,
      version,
      parameters: {
        maxData: 1024 * 1024,
        maxMessages: 256,
        maxMessage,
        alive: Math.round(alive / 1000),
      },
      grains,
      vouch: vouch(this.#masterPub!),
    });
    const initiation = makeInitiate(hello, cookie, keys, join);
    if (!initiation) return this.#refused("the master's short-term key cannot be used", now);
    if (initiation.packet.length > packet.length && packet.length < FULL_PATH) {
      return this.#refused(
        `the path takes ${packet.length} bytes only, and the id or autosign_grains are too long for it`,
        now,
      );
    }
    if (shake.tries === 1) shake.rtt = now - shake.sentAt;
    shake.phase = "initiate";
    shake.tries = 0;
    shake.pathSize = packet.length;
    shake.initiate = initiation.packet;
    shake.session = new Session({
      sendKey: initiation.keys.toResponder,
      receiveKey: initiation.keys.toInitiator,
      localCid: hello.cid,
      remoteCid: initiation.keys.responderCid,
      responder: false,
      address: this.#options.address,
      sid: initiation.keys.sid,
      pathSize: packet.length,
      now,
    });
    this.#sendInitiate(shake, now);
  }

  #sendInitiate(shake: Handshake, now: number): void {
    if (shake.tries >= INITIATE_TRIES) {
      this.#handshake = null;
      this.#startAt = now;
      return this.onTimer(now);
    }
    const first = Math.max(INITIATE_MIN_MS, 2 * (Number.isNaN(shake.rtt) ? 0 : shake.rtt));
    shake.timer = now + Math.min(INITIATE_MAX_MS, first * 2 ** shake.tries);
    shake.tries += 1;
    this.#send(shake.initiate!);
  }

  #onData(packet: Uint8Array, cid: Uint8Array, from: Address, now: number): void {
    const candidates = this.remote.sessions;
    if (this.#handshake?.session) candidates.push(this.#handshake.session);
    const session = candidates.find(({ localCid }) => same(localCid, cid));
    if (session) this.remote.receive(session, packet, from, now);
    else this.counters.dropped += 1;
  }

  #onReset(packet: Uint8Array, cid: Uint8Array, now: number): void {
    const { session } = this.remote;
    const token = session && this.#resetTokens.get(session);
    const ours = session && token && packet.length === 40 && same(packet.subarray(24), token);
    if (!ours || !same(cid, session.remoteCid)) {
      this.counters.dropped += 1;
      return;
    }
    this.counters.resets += 1;
    this.#again(now, "the master has lost the session");
  }

  /** Loses the session and shakes hands at once. */
  #again(now: number, why: string): void {
    this.remote.disconnect();
    this.remote.accepted = false;
    this.#setState("connecting", why);
    this.#handshake = null;
    this.#startAt = now;
  }

  #refused(why: string, now: number, refusal: "rejected" | "untrusted" = "rejected"): void {
    this.#refusal = refusal;
    this.remote.disconnect();
    this.remote.accepted = false;
    this.#handshake = null;
    this.#startAt = now + REFUSED_MS * (0.8 + 0.4 * this.#options.chance());
    this.#setState("refused", why);
  }

  #setState(state: LinkState, why: string): void {
    this.#state = state;
    this.#host.link(state, why);
  }

  #send(packet: Uint8Array): void {
    this.#host.send(packet, this.#options.address);
  }

  send(packet: Uint8Array, to: Address): void {
    this.#host.send(packet, to);
  }

  refuse(_remote: Remote, head: MessageHead) {
    return this.#host.refuse(head);
  }

  deliver(_remote: Remote, message: Incoming): void {
    this.#host.deliver(message);
  }

  verdict(
    remote: Remote,
    session: Session,
    frame: Frame & { code: typeof FrameCode.VERDICT },
    now: number,
  ): void {
    const record = readRecord(frame.record);
    if (this.#handshake?.session === session) {
      if (!Number.isNaN(this.#handshake.rtt)) session.recovery.seedRtt(this.#handshake.rtt);
      this.#handshake = null;
      this.counters.handshakes += 1;
      remote.use(session, now);
    } else if (remote.session !== session) return;
    if (!this.#proveOffered(record, now)) return;
    if (frame.status === VerdictStatus.PENDING) {
      remote.accepted = false;
      return this.#setState("pending", "the key waits for acceptance on the master");
    }
    if (frame.status !== VerdictStatus.ACCEPTED) {
      return this.#onRefusal(frame.status, frame.retryAfter, now);
    }
    this.#open(remote, session, record, now);
  }

  /** The verdict comes from the owner of the key; it has to name the other offered key as well. */
  #proveOffered(record: Map<number, Uint8Array>, now: number): boolean {
    const offered = this.#offered;
    const verify = record.get(Field.VERIFY);
    if (offered === null || verify === undefined) return true;
    this.#offered = null;
    if (same(offered.verify, verify)) {
      this.#host.keep(offered);
      return true;
    }
    this.#masterPub = this.#options.masterPub;
    this.#again(now, "the offered key was not the master's");
    return false;
  }

  #open(remote: Remote, session: Session, record: Map<number, Uint8Array>, now: number): void {
    const association = record.get(Field.ASSOCIATION);
    const token = record.get(Field.RESET_TOKEN);
    if (association?.length !== 8 || token?.length !== 16) {
      throw new WireError("The verdict lacks a field");
    }
    const parameters = readParameters(record.get(Field.PARAMETERS));
    if (this.#association && !same(this.#association, association)) {
      remote.restart();
      this.#host.restarted();
    }
    if (!this.#association || !same(this.#association, association)) {
      remote.outbox.onMax(parameters.maxData, parameters.maxMessages);
    }
    this.#association = association;
    this.#resetTokens = new Map([[session, token]]);
    const was = remote.accepted;
    remote.accepted = true;
    const { rekey, chance } = this.#options;
    this.#startAt = now + rekey * (0.8 + 0.4 * chance());
    if (!was || this.#state !== "open") this.#setState("open", "");
  }

  #onRefusal(status: number, retryAfter: number, now: number): void {
    const { masterName } = this.#options;
    if (status === VerdictStatus.REJECTED || status === VerdictStatus.DENIED) {
      const word = status === VerdictStatus.REJECTED ? "rejected" : "denied";
      return this.#refused(`the master ${masterName} has ${word} this minion's RAET key`, now);
    }
    const what = status === VerdictStatus.FULL ? "has all the minions it may have" : "is busy";
    this.#again(now, `the master ${masterName} ${what}`);
    this.#startAt = now + retryAfter * 1000 * (0.5 + this.#options.chance());
  }

  closed(remote: Remote, session: Session, code: number, text: string, now: number): void {
    if (session !== remote.session) return;
    if (code === CloseCode.PROTOCOL) remote.close(session, code, text, now);
    this.#again(now, text || `the master closed the session (code ${code})`);
    if (code !== CloseCode.REVOKED) this.#startAt = now + 1000 * (0.5 + this.#options.chance());
  }

  alive(_remote: Remote, alive: boolean, now: number): void {
    if (!alive) this.#again(now, "the master does not answer");
  }
}
