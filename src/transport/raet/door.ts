/**
 * What a responder does for those of whom it knows nothing yet: answers questions for its key, hellos
 * and initiations, within limits, and keeps nothing until an address and a key are proven.
 * (docs/raet.md, sections 8.2 and 14)
 * @module
 */
import { Buffer } from "node:buffer";
import { type Address, ipBytes, sourceKey } from "./address.ts";
import { mac1Key, publicOf } from "./crypto.ts";
import { type Identity, makeIdentity } from "./discover.ts";
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
import { ownSuites } from "./suites.ts";
import { Bucket, SourceLimit } from "./limits.ts";
import { FROM_RESPONDER, SMALL_PATH } from "./wire.ts";

const TOKEN_TURN_MS = 60_000;
const TOKEN_LIFE_MS = 15_000;
const COOKIE_TURN_MS = 30_000;
const COOKIE_LIFE_MS = 30_000;
/** Cookies whose use is remembered. */
const MAX_USED = 100_000;

/** What a door is made with. */
export interface DoorOptions {
  keys: KeyPair;
  identity: Omit<Identity, "pub">;
  /** Answers DISCOVER. */
  discover: boolean;
  random: (length: number) => Uint8Array;
  /** Hellos a second that are answered without a token. With one, 2.5 times as many. */
  helloRate: number;
  /** Bits of the suites that may be used: all that this process has, where it is absent. */
  suites?: number;
}

/** What a door does to the outside. */
export interface DoorHost {
  send(packet: Uint8Array, to: Address): void;
  count(name: string): void;
}

/** Keys that are replaced after some time, and hold for that long again. */
class Turning {
  readonly #ms: number;
  readonly #make: () => Uint8Array;
  current: Uint8Array;
  #previous: Uint8Array | null = null;
  #turnAt: number;

  constructor(ms: number, make: () => Uint8Array, now: number) {
    this.#ms = ms;
    this.#make = make;
    this.current = make();
    this.#turnAt = now + ms;
  }

  turn(now: number): void {
    if (now < this.#turnAt) return;
    this.#previous?.fill(0);
    // After a long silence the current key is too old as well.
    this.#previous = now < this.#turnAt + this.#ms ? this.current : null;
    this.current = this.#make();
    this.#turnAt = now + this.#ms;
  }

  /** The keys that still hold. */
  get valid(): Uint8Array[] {
    return this.#previous ? [this.current, this.#previous] : [this.current];
  }
}

/** An initiation: somebody new who has proven who it is, or a cookie that was used before. */
export type Initiation<T> =
  | { proven: Proven; nonce: string }
  | { proven: null; used: T | null };

/** One master's door. `T`: what an initiation has led to. */
export class Door<T> {
  readonly #options: DoorOptions;
  readonly #host: DoorHost;
  readonly #macKey: Uint8Array;
  readonly #tokenKeys: Turning;
  readonly #cookieKeys: Turning;
  readonly #used = new Map<string, { at: number; result: T | null }>();
  readonly #freeHellos: Bucket;
  readonly #tokenHellos: Bucket;
  readonly #initiates: Bucket;
  readonly #resets: Bucket;
  readonly #identities: Bucket;
  readonly #helloSources = new SourceLimit(0.5, 5);
  readonly #tokenSources: SourceLimit;
  // Scripts on a minion's host call salt-call often, and each call shakes hands.
  readonly #initiateKeys = new SourceLimit(2, 60);
  readonly #resetSources = new SourceLimit(1, 1);
  readonly #identitySources: SourceLimit;

  constructor(options: DoorOptions, host: DoorHost, now: number) {
    this.#options = options;
    this.#host = host;
    this.#macKey = mac1Key(options.keys.pub);
    const make = () => options.random(32);
    this.#tokenKeys = new Turning(TOKEN_TURN_MS, make, now);
    this.#cookieKeys = new Turning(COOKIE_TURN_MS, make, now);
    this.#freeHellos = new Bucket(options.helloRate, options.helloRate, now);
    // An address that a token proves may be that of many behind one NAT.
    this.#tokenSources = new SourceLimit(options.helloRate / 2, options.helloRate);
    this.#tokenHellos = new Bucket(2.5 * options.helloRate, 2.5 * options.helloRate, now);
    this.#initiates = new Bucket(1.5 * options.helloRate, 1.5 * options.helloRate, now);
    this.#resets = new Bucket(100, 100, now);
    // An IDENTITY costs nothing and is no longer than the question; many may be behind one NAT.
    this.#identities = new Bucket(2.5 * options.helloRate, 2.5 * options.helloRate, now);
    this.#identitySources = new SourceLimit(options.helloRate / 2, options.helloRate);
  }

  /** Cookies whose use is remembered. */
  get usedCookies(): number {
    return this.#used.size;
  }

  /** Renews what has to be renewed. */
  turn(now: number): void {
    this.#tokenKeys.turn(now);
    this.#cookieKeys.turn(now);
    for (const [nonce, { at }] of this.#used) {
      if (now - at < 2 * COOKIE_TURN_MS && this.#used.size <= MAX_USED) break;
      this.#used.delete(nonce);
    }
  }

  onDiscover(packet: Uint8Array, from: Address, now: number): void {
    const { discover, identity, keys } = this.#options;
    if (!discover || packet.length < SMALL_PATH) return;
    if (!this.#identitySources.take(sourceKey(from.host), now) || !this.#identities.take(now)) {
      return this.#host.count("limited");
    }
    this.#host.send(makeIdentity(packet, { ...identity, pub: keys.pub }), from);
  }

  onHello(packet: Uint8Array, from: Address, now: number): void {
    this.#host.count("hellos");
    if (!helloHolds(packet, this.#macKey)) return this.#host.count("badMac");
    const { short, token } = helloFields(packet);
    const source = sourceKey(from.host);
    const ip = ipBytes(from.host);
    const lifetime = TOKEN_LIFE_MS;
    if (tokenHolds(token, this.#tokenKeys.valid, { now, lifetime, ip, short })) {
      if (!this.#tokenSources.take(source, now) || !this.#tokenHellos.take(now)) {
        return this.#host.count("limited");
      }
    } else if (!this.#helloSources.take(source, now) || !this.#freeHellos.take(now)) {
      this.#host.count("retries");
      const fresh = makeToken(this.#tokenKeys.current, Math.floor(now), ip, short);
      const retry = makeRetry(packet, fresh, this.#options.random(8), this.#macKey);
      return this.#host.send(retry, from);
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
      suites: this.#options.suites ?? ownSuites(),
    });
    if (cookie === null) return this.#host.count("badMac");
    this.#host.count("cookies");
    this.#host.send(cookie, from);
  }

  /** Null: dropped, and counted. */
  onInitiate(packet: Uint8Array, from: Address, now: number): Initiation<T> | null {
    const drop = (why: string) => {
      this.#host.count(why);
      return null;
    };
    this.#host.count("initiates");
    if (packet.length < INITIATE_BYTES + 16) return drop("badCookie");
    const state = openSealed(packet, this.#cookieKeys.valid, {
      now,
      maxAge: COOKIE_LIFE_MS,
      ip: ipBytes(from.host),
    });
    if (state === null) return drop("badCookie");
    const nonce = Buffer.from(state.nonce).toString("latin1");
    const used = this.#used.get(nonce);
    if (used) {
      this.#host.count("usedCookie");
      return { proven: null, used: used.result };
    }
    if (!this.#initiates.take(now)) return drop("limited");
    const first = openIdentity(packet, state);
    if (first === null) return drop("badCookie");
    const key = Buffer.from(first.identity).toString("latin1");
    if (!this.#initiateKeys.take(key, now)) return drop("limited");
    const proven = openJoin(packet, state, first);
    if (proven === null) return drop("badCookie");
    this.#used.set(nonce, { at: now, result: null });
    return { proven, nonce };
  }

  /** What the initiation with that cookie led to; null: nothing that is kept. */
  remember(nonce: string, result: T | null, now: number): void {
    this.#used.set(nonce, { at: now, result });
  }

  /** Tells the sender of a packet for a session that is not here that it is not. */
  reset(cid: Uint8Array, from: Address, now: number): void {
    if (!this.#resetSources.take(sourceKey(from.host), now) || !this.#resets.take(now)) return;
    this.#host.count("resets");
    this.#host.send(this.resetOf(cid), from);
  }

  /** Proves to the owner of a session that it is not here any more. */
  resetOf(cid: Uint8Array): Uint8Array {
    const { keys, random } = this.#options;
    return makeReset(cid, keys, random(8), FROM_RESPONDER);
  }
}
