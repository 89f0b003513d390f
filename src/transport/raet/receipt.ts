/**
 * The receiver's side of one session's packet numbers: what was seen, and what is to be acknowledged.
 * @module
 */
import { writeAck } from "./frames.ts";
import { RangeSet } from "./ranges.ts";
import { MAX_ACK_DELAY } from "./recovery.ts";
import type { Writer } from "./wire.ts";

/** Packet numbers that are remembered one by one; what is older counts as seen. */
const REPLAY_WINDOW = 2048;
const MAX_RANGES = 32;
/** Acknowledged at once after so many. */
const EAGER_AFTER = 2;

/** Replay window and acknowledgements. */
export class Receipt {
  readonly #bits = new Uint8Array(REPLAY_WINDOW / 8);
  readonly #ranges = new RangeSet();
  #highest = -1;
  #unacked = 0;
  #ackAt: number | null = null;
  #largestAt = 0;

  get highest(): number {
    return this.#highest;
  }

  /** Whether a number was seen before or is too old to tell. */
  seen(number: number): boolean {
    if (number > this.#highest) return false;
    if (number <= this.#highest - REPLAY_WINDOW) return true;
    const bit = number % REPLAY_WINDOW;
    return (this.#bits[bit >> 3]! & (1 << (bit & 7))) !== 0;
  }

  /** Notes an authentic packet whose frames are stored. */
  note(number: number, eliciting: boolean, now: number): void {
    const inOrder = number === this.#highest + 1;
    if (number > this.#highest) {
      this.#advance(number);
      this.#largestAt = now;
    }
    const bit = number % REPLAY_WINDOW;
    this.#bits[bit >> 3]! |= 1 << (bit & 7);
    this.#ranges.add(number, number + 1);
    this.#ranges.keepHighest(MAX_RANGES);
    if (!eliciting) return;
    this.#unacked += 1;
    const eager = !inOrder || this.#unacked >= EAGER_AFTER;
    const at = eager ? now : now + MAX_ACK_DELAY;
    this.#ackAt = Math.min(this.#ackAt ?? Infinity, at);
  }

  #advance(number: number): void {
    if (number - this.#highest >= REPLAY_WINDOW) this.#bits.fill(0);
    else {
      for (let n = this.#highest + 1; n <= number; n++) {
        const bit = n % REPLAY_WINDOW;
        this.#bits[bit >> 3]! &= ~(1 << (bit & 7));
      }
    }
    this.#highest = number;
  }

  /** A packet came again: its acknowledgement may be lost. */
  repeat(now: number): void {
    this.#ackAt = Math.min(this.#ackAt ?? Infinity, now + MAX_ACK_DELAY);
  }

  /** When an acknowledgement must leave; null: none is owed. */
  get ackAt(): number | null {
    return this.#ackAt;
  }

  /** Adds an ACK when one is owed, due or not. */
  write(w: Writer, now: number): boolean {
    if (this.#ackAt === null || !writeAck(w, this.#ranges.ranges, now - this.#largestAt)) {
      return false;
    }
    this.#ackAt = null;
    this.#unacked = 0;
    return true;
  }

  /** Forgets what is below a number of which the peer knows that it arrived. */
  forgetBelow(number: number): void {
    this.#ranges.remove(0, number);
  }
}
