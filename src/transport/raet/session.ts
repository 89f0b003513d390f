/**
 * One session: keys, packet numbers and the path between two estates. A remote may have two at a time
 * while keys are renewed.
 * @module
 */
import type { Address } from "./address.ts";
import { type Frame, parseFrames } from "./frames.ts";
import { Receipt } from "./receipt.ts";
import { Recovery, type SentItem } from "./recovery.ts";
import { openPacket, sealPacket } from "./suites.ts";
import {
  DATA_OVERHEAD,
  FROM_RESPONDER,
  FULL_PATH,
  HEADER_BYTES,
  PacketType,
  readNumber,
  SMALL_PATH,
  writeHeader,
  Writer,
} from "./wire.ts";

/** ms after which a path that looked narrow is tried at full size again, doubled up to the second. */
const WIDEN_FIRST = 10_000;
const WIDEN_MAX = 600_000;
const BLOCK = 32;

/** What a session is made with. */
export interface SessionOptions {
  /** How packets are sealed. (suites.ts) */
  suite: number;
  sendKey: Uint8Array;
  receiveKey: Uint8Array;
  /** Names the session in packets to us, and in packets to the peer. */
  localCid: Uint8Array;
  remoteCid: Uint8Array;
  /** Whether we are the responder. */
  responder: boolean;
  address: Address;
  sid: string;
  /** Bytes of a datagram that have come through. */
  pathSize: number;
  now: number;
  /** Packets that may be under way whatever is lost. */
  minWindow?: number;
  /** First packet number. Other than 0 in tests only. */
  firstNumber?: number;
}

/** What became of a received packet. */
export type Opened = { number: number; frames: Frame[] } | "forged" | "seen";

/** Keys, numbers, recovery and path. */
export class Session {
  readonly localCid: Uint8Array;
  readonly sid: string;
  readonly receipt = new Receipt();
  readonly recovery: Recovery;
  readonly startedAt: number;
  readonly #options: SessionOptions;
  /** The size that is tried when the path has room. */
  #wanted = FULL_PATH;
  address: Address;
  lastHeard: number;
  lastEliciting: number;
  nextNumber: number;
  #pathSize: number;
  #widenAt = Infinity;
  #widenAfter = WIDEN_FIRST;
  #widening = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.localCid = options.localCid;
    this.sid = options.sid;
    this.address = options.address;
    this.#pathSize = options.pathSize;
    this.startedAt = this.lastHeard = this.lastEliciting = options.now;
    this.nextNumber = options.firstNumber ?? 0;
    if (options.pathSize < FULL_PATH) this.#widenAt = options.now + WIDEN_FIRST;
    this.recovery = new Recovery(options.pathSize, options.now, options.minWindow);
  }

  /** By which packets to the peer name the session. */
  get remoteCid(): Uint8Array {
    return this.#options.remoteCid;
  }

  get pathSize(): number {
    return this.#pathSize;
  }

  /** Decrypts and parses. Marks nothing as seen. @throws WireError for frames that are none. */
  open(packet: Uint8Array): Opened {
    const fromResponder = (packet[6]! & FROM_RESPONDER) !== 0;
    if (fromResponder === this.#options.responder || packet[16] !== 0 || packet[17] !== 0) {
      return "forged";
    }
    const number = readNumber(packet.subarray(16, HEADER_BYTES));
    const plain = openPacket(this.#options.suite, packet, this.#options.receiveKey);
    if (plain === null) return "forged";
    if (this.receipt.seen(number)) return "seen";
    return { number, frames: parseFrames(plain) };
  }

  /** A writer for the frames of one packet. */
  writer(narrow = false): Writer {
    return new Writer(
      (narrow ? Math.min(SMALL_PATH, this.#pathSize) : this.#pathSize) - DATA_OVERHEAD,
    );
  }

  /** Encrypts frames into the next packet and notes it as sent. `eliciting`: the peer is to acknowledge. */
  seal(
    w: Writer,
    now: number,
    sent: { items: SentItem[]; eliciting: boolean; narrow?: boolean },
  ): Uint8Array {
    const padded = Math.min(w.bytes.length, Math.max(BLOCK, Math.ceil(w.at / BLOCK) * BLOCK));
    const { suite, sendKey, remoteCid, responder } = this.#options;
    const number = this.nextNumber++;
    const header = new Uint8Array(HEADER_BYTES);
    writeHeader(header, PacketType.DATA, responder ? FROM_RESPONDER : 0, remoteCid, number);
    const packet = sealPacket(suite, w.bytes.subarray(0, padded), header, sendKey);
    if (sent.eliciting) this.lastEliciting = now;
    this.recovery.onSent({
      number,
      time: now,
      size: packet.length,
      eliciting: sent.eliciting,
      items: sent.items,
      narrow: sent.narrow ?? false,
    });
    return packet;
  }

  /** Looks whether large packets vanish on this path, and changes the size if so. */
  checkPath(now: number): void {
    if (this.#pathSize <= SMALL_PATH || !this.recovery.looksNarrow) return;
    this.#setPath(this.#pathSize > FULL_PATH ? FULL_PATH : SMALL_PATH);
    this.#widenAt = now + this.#widenAfter;
    this.#widenAfter = Math.min(WIDEN_MAX, this.#widenAfter * 2);
  }

  #setPath(size: number): void {
    this.#pathSize = size;
    this.recovery.setPacketSize(size);
  }

  /** Both sides take datagrams of that size: tries whether the path does. (`raet_mtu`) */
  wantSize(size: number, now: number): void {
    this.#wanted = Math.max(FULL_PATH, size);
    if (this.#pathSize === FULL_PATH && this.#wanted > FULL_PATH) this.#widenAt = now;
  }

  /** When a larger size is to be tried. */
  get widenAt(): number {
    return this.#widenAt;
  }

  /** A packet of the next larger size, which shows whether the path is as wide. */
  widen(w: (full: Writer) => void, now: number): Uint8Array {
    this.#widenAt = now + this.#widenAfter;
    this.#widening = true;
    this.#widenAfter = Math.min(WIDEN_MAX, this.#widenAfter * 2);
    const size = this.#pathSize < FULL_PATH ? FULL_PATH : this.#wanted;
    const full = new Writer(size - DATA_OVERHEAD);
    w(full);
    full.at = full.bytes.length;
    const item: SentItem = {
      acked: () => {
        if (!this.#widening) return;
        this.#widening = false;
        this.#setPath(size);
        this.#widenAt = size < this.#wanted ? -Infinity : Infinity;
      },
      lost: () => {},
    };
    return this.seal(full, now, { items: [item], eliciting: true });
  }
}
