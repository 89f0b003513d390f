/**
 * Which request is served next: lanes by what a request is, and in each lane the peers in turn.
 *
 * A peer that floods waits behind itself: others wait for one request of each peer at most. Signing
 * in costs ten times what another request does, so that it gets a small share of the turns while
 * others wait, and all of them when none do.
 * @module
 */
import { Buffer } from "node:buffer";
import { Fifo } from "../../runtime/fifo.ts";

/**
 * Lanes: this host's own programs; minions' requests; requests of those whose last one took long (a
 * pillar, a piece of a file); sign-ins.
 */
export const LANES = ["clear", "encrypted", "heavy", "sign-in"] as const;
export type Lane = (typeof LANES)[number];

/** Turns in one round, when all lanes have requests. */
const ROUND: Readonly<Record<Lane, number>> = { clear: 4, encrypted: 8, heavy: 1, "sign-in": 2 };

/** The round, with the turns of each lane spread over it. */
const TURNS: readonly Lane[] = LANES
  .flatMap((lane) =>
    Array.from({ length: ROUND[lane] }, (_, i) => ({ lane, at: (i + 0.5) / ROUND[lane] }))
  )
  .sort((a, b) => a.at - b.at)
  .map(({ lane }) => lane);

const AUTH_WORD = Buffer.from("_auth", "latin1");
const CLEAR_WORD = Buffer.from("clear", "latin1");

/** How far into a message the word that tells a sign-in is looked for, in bytes. */
const PEEK = 4096;

/** Guesses the lane from a message that nobody has checked: it decides about turns alone. */
export function laneOf(payload: Uint8Array): Lane {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, PEEK));
  // `enc` comes first in what Salt and saltx send.
  if (!bytes.subarray(0, 16).includes(CLEAR_WORD)) return "encrypted";
  return bytes.includes(AUTH_WORD) ? "sign-in" : "clear";
}

const NONE: ReadonlySet<Lane> = new Set();

function ofLanes<T>(make: () => T): Record<Lane, T> {
  return { clear: make(), encrypted: make(), heavy: make(), "sign-in": make() };
}

interface Waiting<P, R> {
  peer: P;
  requests: Fifo<R>;
}

/** Requests of peers `P` that wait for their turn. */
export class RequestLanes<P, R> {
  readonly #rings = ofLanes(() => new Fifo<Waiting<P, R>>());
  readonly #byPeer = ofLanes(() => new Map<P, Waiting<P, R>>());
  readonly #counts = ofLanes(() => 0);
  #turn = 0;

  /** Requests that wait. */
  get length(): number {
    return LANES.reduce((sum, lane) => sum + this.#counts[lane], 0);
  }

  lengthOf(lane: Lane): number {
    return this.#counts[lane];
  }

  add(lane: Lane, peer: P, request: R): void {
    this.#counts[lane] += 1;
    const known = this.#byPeer[lane].get(peer);
    if (known) {
      known.requests.push(request);
      return;
    }
    const waiting = { peer, requests: new Fifo<R>() };
    waiting.requests.push(request);
    this.#byPeer[lane].set(peer, waiting);
    this.#rings[lane].push(waiting);
  }

  /** The next one. Lanes of `skip` have to wait. */
  take(skip: ReadonlySet<Lane> = NONE): { lane: Lane; peer: P; request: R } | undefined {
    for (let tries = 0; tries < TURNS.length; tries++) {
      const lane = TURNS[this.#turn]!;
      this.#turn = (this.#turn + 1) % TURNS.length;
      if (this.#counts[lane] === 0 || skip.has(lane)) continue;
      return this.#takeOf(lane);
    }
    return undefined;
  }

  /** Forgets what a peer that is gone has asked. */
  forget(peer: P): R[] {
    const gone: R[] = [];
    for (const lane of LANES) {
      const waiting = this.#byPeer[lane].get(peer);
      if (!waiting) continue;
      this.#byPeer[lane].delete(peer);
      this.#counts[lane] -= waiting.requests.length;
      gone.push(...waiting.requests.drain());
    }
    return gone;
  }

  #takeOf(lane: Lane): { lane: Lane; peer: P; request: R } | undefined {
    const ring = this.#rings[lane];
    for (let waiting = ring.shift(); waiting; waiting = ring.shift()) {
      // A peer that is gone has left its place in the ring, with nothing in it.
      const request = waiting.requests.shift();
      if (request === undefined) continue;
      this.#counts[lane] -= 1;
      if (waiting.requests.length > 0) ring.push(waiting);
      else this.#byPeer[lane].delete(waiting.peer);
      return { lane, peer: waiting.peer, request };
    }
    return undefined;
  }
}
