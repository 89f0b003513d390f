/**
 * A peer that may have moved to another address: it is asked there before anything else is sent
 * there. (docs/raet.md, section 9)
 * @module
 */
import { type Address, sameAddress } from "./address.ts";
import { same } from "./crypto.ts";

/** ms between challenges of an address. */
const CHALLENGE_MS = 1000;
/** Bytes of the packet that carries a challenge. */
const CHALLENGE_BYTES = 72;

interface Candidate {
  address: Address;
  data: Uint8Array;
  received: number;
  sent: number;
  triedAt: number;
}

/** The one address that a peer is asked at. */
export class Moves {
  readonly #random: (length: number) => Uint8Array;
  #candidate: Candidate | null = null;

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
  }

  /**
   * An authentic packet came from another address.
   * @param newest whether it is the newest of its session; older ones may be an attacker's copies.
   * @returns what to ask there; null when nothing may be sent: no more bytes go there than came.
   */
  heard(from: Address, length: number, newest: boolean, now: number): Uint8Array | null {
    let candidate = this.#candidate;
    if (!candidate || !sameAddress(candidate.address, from)) {
      if (!newest || (candidate && now - candidate.triedAt < CHALLENGE_MS)) return null;
      candidate = this.#candidate = {
        address: from,
        data: this.#random(8),
        received: 0,
        sent: 0,
        triedAt: -Infinity,
      };
    }
    candidate.received += length;
    if (now - candidate.triedAt < CHALLENGE_MS) return null;
    if (candidate.sent + CHALLENGE_BYTES > candidate.received) return null;
    candidate.triedAt = now;
    candidate.sent += CHALLENGE_BYTES;
    return candidate.data;
  }

  /** Whether this answer, from there, proves that the peer is at that address. */
  proves(data: Uint8Array, from: Address): boolean {
    const candidate = this.#candidate;
    if (!candidate || !sameAddress(from, candidate.address)) return false;
    if (!same(data, candidate.data)) return false;
    this.#candidate = null;
    return true;
  }

  /** Asks nowhere any more. */
  clear(): void {
    this.#candidate = null;
  }
}
