/**
 * The side that says hello: a minion's or caller's stack for one master. A state machine without
 * I/O. (docs/raet.md, section 8.1)
 * @module
 */
import type { Address } from "./address.ts";
import { same } from "./crypto.ts";
import type { Identity } from "./discover.ts";
import { RoadError } from "./errors.ts";
import { CloseCode, type Frame, type FrameCode, type MessageHead } from "./frames.ts";
import { Greeting, type GreetingOptions } from "./greeting.ts";
import { type Incoming, RxMemory } from "./inbox.ts";
import { Field, readParameters, readRecord } from "./join.ts";
import type { Outgoing } from "./out_message.ts";
import { Remote, type RemoteHost } from "./remote.ts";
import type { Session } from "./session.ts";
import { VerdictStatus } from "./verdict.ts";
import { FULL_PATH, PacketType, readHeader, WireError } from "./wire.ts";

/** Packets after which keys are renewed whatever the time. */
const REKEY_NUMBER = 2 ** 40;
/** ms of silence after which a pending session asks anew. */
const PENDING_SILENCE_MS = 60_000;
/** ms before a refused or closed session is tried again. */
const REFUSED_MS = 10_000;

/** What an initiator is made with. Times in ms. */
export interface InitiatorOptions extends GreetingOptions {
  /** Name of the master, for messages. */
  masterName: string;
  /** The master's key where it is known; null: it is asked for. */
  masterPub: Uint8Array | null;
  txMessages: number;
  txBytes: number;
  rxMemory: number;
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
  #greeting: Greeting | null = null;
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
    this.#greeting = null;
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
    if (this.#greeting?.receive(header.type, packet, now)) return;
    this.counters.dropped += 1;
  }

  timer(now: number): number {
    if (this.#closed) return Infinity;
    const { session } = this.remote;
    const stop = session && this.#state === "open"
      ? session.startedAt + 2 * this.#options.rekey + 1
      : Infinity;
    // A handshake under way is not begun again, however long it takes.
    return Math.min(stop, this.#greeting?.timer ?? this.#startAt, this.remote.timer(now));
  }

  onTimer(now: number): void {
    if (this.#closed) return;
    this.remote.onTimer(now);
    const { session } = this.remote;
    if (this.#state === "pending" && session && now - session.lastHeard > PENDING_SILENCE_MS) {
      this.#again(now, "the master does not answer");
    }
    // Keys that could not be renewed for so long are not used any more.
    if (session && this.#state === "open" && now - session.startedAt > 2 * this.#options.rekey) {
      this.#again(now, "the keys could not be renewed");
    }
    if (session && session.nextNumber > REKEY_NUMBER) this.#startAt = Math.min(this.#startAt, now);
    if (this.#startAt <= now && this.#greeting === null) {
      this.#startAt = Infinity;
      this.#begin(now);
    } else this.#greeting?.onTimer(now);
  }

  #begin(now: number): void {
    const known = { masterPub: this.#masterPub, boot: this.#boot, now };
    this.#greeting = new Greeting(this.#options, {
      send: (packet, hello) => {
        if (hello) this.counters.hellos += 1;
        this.#host.send(packet, this.#options.address);
      },
      trust: (identity) => this.#host.trust(identity),
      offered: (identity) => {
        this.#masterPub = identity.pub;
        this.#offered = identity;
      },
      failed: (now) => {
        this.#greeting = null;
        this.#startAt = now;
        this.onTimer(now);
      },
      refused: (why, now, refusal) => this.#refused(why, now, refusal),
    }, known);
    this.#greeting.onTimer(now);
  }

  #onData(packet: Uint8Array, cid: Uint8Array, from: Address, now: number): void {
    const candidates = this.remote.sessions;
    if (this.#greeting?.session) candidates.push(this.#greeting.session);
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
    this.#greeting = null;
    this.#startAt = now;
  }

  #refused(why: string, now: number, refusal: "rejected" | "untrusted" = "rejected"): void {
    this.#refusal = refusal;
    this.remote.disconnect();
    this.remote.accepted = false;
    this.#greeting = null;
    this.#startAt = now + REFUSED_MS * (0.8 + 0.4 * this.#options.chance());
    this.#setState("refused", why);
  }

  #setState(state: LinkState, why: string): void {
    this.#state = state;
    this.#host.link(state, why);
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
    if (this.#greeting?.session === session) {
      if (!Number.isNaN(this.#greeting.rtt)) session.recovery.seedRtt(this.#greeting.rtt);
      this.#greeting = null;
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
    const { mtu = FULL_PATH } = this.#options;
    session.wantSize(Math.min(mtu, parameters.maxDatagram), now);
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
