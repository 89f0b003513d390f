/**
 * A peer as one side sees it: the messages that go both ways (the association) and the sessions that
 * carry them. No I/O: packets and the time come in, packets and messages go out.
 * @module
 */
import { type Address, sameAddress } from "./address.ts";
import { Controls } from "./controls.ts";
import { Departures } from "./departures.ts";
import { type Frame, FrameCode, type MessageHead } from "./frames.ts";
import { Inbox, type Incoming, type RxMemory } from "./inbox.ts";
import { Moves } from "./moves.ts";
import type { Outgoing } from "./out_message.ts";
import { Outbox } from "./outbox.ts";
import type { Session } from "./session.ts";
import { WireError } from "./wire.ts";

/** ms for which a replaced session still receives. */
const OLD_SESSION_MS = 10_000;
/** Probes without any answer, and ms of silence, after which a peer counts as gone. */
const DEAD_PROBES = 5;
const DEAD_MS = 3000;

/** Limits and periods of a remote. Times in ms. */
export interface RemoteOptions {
  name: string;
  /** Whether we are the responder. */
  responder: boolean;
  txMessages: number;
  txBytes: number;
  maxMessage: number;
  rxWindow: number;
  memory: RxMemory;
  /** A sign of life is sent after so long; 0: never (the other side does it). */
  alive: number;
  random: (length: number) => Uint8Array;
}

/** What a remote tells the stack that holds it. */
export interface RemoteHost {
  send(packet: Uint8Array, to: Address): void;
  refuse(remote: Remote, head: MessageHead): { code: number; text: string } | null;
  deliver(remote: Remote, message: Incoming): void;
  verdict(
    remote: Remote,
    session: Session,
    frame: Frame & { code: typeof FrameCode.VERDICT },
    now: number,
  ): void;
  /** The peer closed the session, or broke the rules (`code` of CLOSE). */
  closed(remote: Remote, session: Session, code: number, text: string, now: number): void;
  /** Whether the peer answers. */
  alive(remote: Remote, alive: boolean, now: number): void;
}

export interface RemoteStats {
  packetsIn: number;
  packetsOut: number;
  bytesIn: number;
  bytesOut: number;
  forged: number;
  replayed: number;
  protocolErrors: number;
  pathChanges: number;
  handshakes: number;
}

/** One peer. */
export class Remote {
  readonly name: string;
  readonly stats: RemoteStats = {
    packetsIn: 0,
    packetsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    forged: 0,
    replayed: 0,
    protocolErrors: 0,
    pathChanges: 0,
    handshakes: 0,
  };
  readonly controls = new Controls();
  readonly outbox: Outbox;
  readonly #options: RemoteOptions;
  readonly #host: RemoteHost;
  inbox: Inbox;
  /** Whether messages may pass: the verdict is "accepted". */
  accepted = false;
  /** Whether the peer answers. */
  isAlive = false;
  session: Session | null = null;
  #old: { session: Session; until: number } | null = null;
  readonly #moves: Moves;
  readonly #departures: Departures;

  constructor(options: RemoteOptions, host: RemoteHost) {
    this.name = options.name;
    this.#options = options;
    this.#host = host;
    this.#moves = new Moves(options.random);
    this.outbox = new Outbox({
      remote: options.name,
      messages: options.txMessages,
      bytes: options.txBytes,
      maxMessage: options.maxMessage,
    }, this.controls);
    this.#departures = new Departures({
      controls: this.controls,
      outbox: this.outbox,
      transmit: (packet, to) => this.#transmit(packet, to),
    });
    this.inbox = this.#newInbox();
  }

  /** Sessions that packets may name. */
  get sessions(): Session[] {
    return [this.session, this.#old?.session ?? null].filter((one) => one !== null);
  }

  /** Queues a message. @throws RoadError when it is too large or the queue is full. */
  send(out: Outgoing, now: number): void {
    this.outbox.add(out, now);
    this.flush(now);
  }

  /** Puts a session in force; what was under way on the one before is sent again on it. */
  use(session: Session, now: number): void {
    const before = this.session;
    if (before === session) return;
    this.session = session;
    if (before === null) return;
    if (before.address.host === session.address.host) {
      session.recovery.seedRtt(before.recovery.srtt);
    }
    before.recovery.loseAll();
    this.#old = { session: before, until: now + OLD_SESSION_MS };
  }

  /** Drops all sessions. Messages stay and wait for the next one. */
  disconnect(): void {
    this.session?.recovery.loseAll();
    this.session = this.#old = null;
    this.#moves.clear();
    this.isAlive = false;
  }

  /** The peer remembers nothing of us: begin anew, what is not delivered included. */
  restart(): void {
    this.session?.recovery.loseAll();
    this.controls.clear();
    this.inbox.clear();
    this.inbox = this.#newInbox();
    this.outbox.restart();
  }

  #newInbox(): Inbox {
    const { rxWindow, maxMessage, memory } = this.#options;
    return new Inbox({ window: rxWindow, maxMessage, memory }, this.controls, {
      refuse: (head) => this.#host.refuse(this, head),
      deliver: (message) => this.#host.deliver(this, message),
    });
  }

  /**
   * Takes a DATA packet that names one of the sessions. What is to be sent for it waits for
   * {@linkcode Remote.flush}, so that packets that come together are acknowledged by one.
   */
  receive(session: Session, packet: Uint8Array, from: Address, now: number): void {
    this.stats.packetsIn += 1;
    this.stats.bytesIn += packet.length;
    try {
      const opened = session.open(packet);
      if (opened === "forged") this.stats.forged += 1;
      else if (opened === "seen") {
        this.stats.replayed += 1;
        if (sameAddress(from, session.address)) session.receipt.repeat(now);
      } else this.#take(session, opened, { from, length: packet.length }, now);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.stats.protocolErrors += 1;
      this.#host.closed(this, session, 2, error.message, now);
    }
  }

  #take(
    session: Session,
    { number, frames }: { number: number; frames: Frame[] },
    packet: { from: Address; length: number },
    now: number,
  ): void {
    const isVerdict = (frame: Frame) => frame.code === FrameCode.VERDICT;
    const ready = this.accepted && this.sessions.includes(session);
    // Without a verdict there is no place for messages; unacknowledged they come again.
    if (!ready && frames.some(isForMessages) && !frames.some(isVerdict)) return;
    const newest = number > session.receipt.highest;
    session.lastHeard = now;
    this.#setAlive(true, now);
    // A refusal counts before the acknowledgement of what is refused.
    const first = ({ code }: Frame) => code === FrameCode.VERDICT || code === FrameCode.REJECT;
    for (const frame of [...frames.filter(first), ...frames.filter((one) => !first(one))]) {
      if (isForMessages(frame) && !this.accepted) return;
      this.#onFrame(session, frame, packet.from, now);
    }
    const eliciting = frames.some(({ code }) => code !== FrameCode.ACK && code !== FrameCode.CLOSE);
    // A refusal must get there before what is refused is acknowledged, or it would count as delivered.
    if (!frames.some((frame) => this.#isRefused(frame))) {
      session.receipt.note(number, eliciting, now);
    }
    if (!sameAddress(packet.from, session.address)) this.#moved(session, packet, newest, now);
  }

  #isRefused(frame: Frame): boolean {
    if (frame.code === FrameCode.MSG_FIRST) return this.inbox.isRefusing(frame.head.id);
    return frame.code === FrameCode.MSG_CONT && this.inbox.isRefusing(frame.id);
  }

  #onFrame(session: Session, frame: Frame, from: Address, now: number): void {
    switch (frame.code) {
      case FrameCode.ACK: {
        const acked = session.recovery.onAck(
          frame,
          session.nextNumber,
          now,
          this.#departures.limited,
        );
        if (acked === null) throw new WireError("A packet is acknowledged that was never sent");
        session.checkPath(now);
        return;
      }
      case FrameCode.VERDICT:
        return this.#host.verdict(this, session, frame, now);
      case FrameCode.CLOSE:
        return this.#host.closed(this, session, frame.reason, frame.text, now);
      case FrameCode.PATH_CHALLENGE:
        return this.#answerChallenge(frame.data);
      case FrameCode.PATH_RESPONSE:
        return this.#onPathResponse(session, frame.data, from, now);
      case FrameCode.MAX:
        return this.outbox.onMax(frame.data, frame.messages);
      case FrameCode.GRANT:
        return this.outbox.onGrant(frame.id, frame.upTo);
      case FrameCode.REJECT:
        return this.outbox.onReject(frame.id, frame.reason, frame.text);
      case FrameCode.ABORT:
        return this.inbox.onAbort(frame.id, frame.total, frame.order);
      case FrameCode.MSG_FIRST:
        return this.inbox.onFirst(frame.head, frame.data, now);
      case FrameCode.MSG_CONT:
        return this.inbox.onCont(frame.id, frame.offset, frame.data, now);
      case FrameCode.PING:
        return;
    }
  }

  #setAlive(alive: boolean, now: number): void {
    if (alive === this.isAlive) return;
    this.isAlive = alive;
    this.#host.alive(this, alive, now);
  }

  /** Sends everything that may go now. */
  flush(now: number): void {
    const { session } = this;
    for (const one of this.sessions) {
      if (one !== session) this.#departures.acknowledge(one, now);
    }
    if (session) this.#departures.flush(session, this.accepted, now);
  }

  #transmit(packet: Uint8Array, to: Address): void {
    this.stats.packetsOut += 1;
    this.stats.bytesOut += packet.length;
    this.#host.send(packet, to);
  }

  /** Ends a session with a CLOSE. */
  close(session: Session, code: number, text: string, now: number): void {
    this.#departures.close(session, code, text, now);
  }

  /** Asks for a sign of life. */
  ping(now: number): void {
    if (this.session) this.#departures.ping(this.session, now);
  }

  /** When {@linkcode onTimer} is to be called next; Infinity when nothing waits. */
  timer(now: number): number {
    const { session } = this;
    let at = Math.min(this.outbox.nextExpiry(), this.inbox.nextExpiry());
    if (this.#old) at = Math.min(at, this.#old.until);
    for (const one of this.sessions) at = Math.min(at, one.receipt.ackAt ?? Infinity);
    if (!session) return at;
    at = Math.min(at, session.recovery.timer() ?? Infinity, session.widenAt);
    if (!this.controls.isEmpty) at = now;
    if (this.accepted && this.outbox.hasDue) {
      at = Math.min(at, session.recovery.paceTime(now) ?? Infinity);
    }
    const { alive } = this.#options;
    if (alive > 0 && !session.recovery.awaitsAck) at = Math.min(at, this.#nextPing(session));
    return at;
  }

  #nextPing(session: Session): number {
    return session.lastEliciting + this.#options.alive;
  }

  /** Does what is due. */
  onTimer(now: number): void {
    this.outbox.expire(now);
    this.inbox.expire(now);
    if (this.#old && this.#old.until <= now) this.#old = null;
    const { session } = this;
    if (session) {
      if (session.recovery.onTimer(now)) this.#probe(session, now);
      session.checkPath(now);
      if (session.widenAt <= now) this.#departures.widen(session, now);
      const { alive } = this.#options;
      if (alive > 0 && !session.recovery.awaitsAck && this.#nextPing(session) <= now) {
        this.ping(now);
      }
    }
    this.flush(now);
  }

  /** No answer came in time. */
  #probe(session: Session, now: number): void {
    const { recovery } = session;
    if (recovery.ptoCount >= DEAD_PROBES && now - session.lastHeard >= DEAD_MS) {
      this.#setAlive(false, now);
      if (this.session !== session) return;
      if (this.outbox.length === 0 && this.#options.responder) return recovery.loseAll();
    }
    this.#departures.probe(session, this.accepted, now);
  }

  #answerChallenge(data: Uint8Array): void {
    this.controls.set("path response", 9, (w) => {
      w.u8(FrameCode.PATH_RESPONSE);
      w.raw(data);
    });
  }

  /**
   * A peer's newest packet came from elsewhere: asks there, with no more bytes than came from there,
   * and goes on sending to the old address until it is answered. Only initiators move.
   */
  #moved(
    session: Session,
    { from, length }: { from: Address; length: number },
    newest: boolean,
    now: number,
  ): void {
    if (!this.#options.responder || session !== this.session) return;
    const challenge = this.#moves.heard(from, length, newest, now);
    if (challenge !== null) this.#departures.challenge(session, challenge, from, now);
  }

  #onPathResponse(session: Session, data: Uint8Array, from: Address, now: number): void {
    if (session !== this.session || !this.#moves.proves(data, from)) return;
    this.stats.pathChanges += 1;
    if (session.address.host !== from.host) session.recovery.restart(now);
    session.address = from;
  }
}

/** Frames of the association, which only an accepted peer may send. */
function isForMessages({ code }: Frame): boolean {
  return code >= FrameCode.MAX;
}
