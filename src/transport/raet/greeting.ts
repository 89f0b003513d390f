/**
 * One handshake as its initiator goes through it: the question for the master's key where it is not
 * known, hello, initiation, and the session that comes of them. (docs/raet.md, section 8.1)
 * @module
 */
import type { Address } from "./address.ts";
import { publicOf, same } from "./crypto.ts";
import { type Identity, makeDiscover, openIdentityPacket } from "./discover.ts";
import {
  type HelloState,
  type KeyPair,
  makeHello,
  makeInitiate,
  openCookie,
  openRetry,
  sizedHello,
} from "./handshake.ts";
import { writeJoin } from "./join.ts";
import { Session } from "./session.ts";
import { ownSuites } from "./suites.ts";
import { FULL_PATH, PacketType, SMALL_PATH } from "./wire.ts";

const HELLO_FIRST_MS = 1000;
const HELLO_MAX_MS = 8000;
/** Hellos without an answer after which the key that they were for is doubted. */
const HELLO_TRIES = 5;
/** Small cookies too small for the initiation after which the path counts as narrow. */
const NARROW_TRIES = 3;
const INITIATE_TRIES = 5;
const INITIATE_MAX_MS = 4000;
const INITIATE_MIN_MS = 200;

/** Who says hello, and to whom. Times in ms. */
export interface GreetingOptions {
  id: string;
  kind: number;
  keys: KeyPair;
  verify: Uint8Array;
  address: Address;
  version: string;
  grains: Uint8Array | null;
  /** The RSA key's signature over our keys and the master's. */
  vouch: (masterPub: Uint8Array) => Uint8Array | null;
  random: (length: number) => Uint8Array;
  /** 0 to 1 */
  chance: () => number;
  maxMessage: number;
  alive: number;
  /** Packets that may be under way whatever is lost; 10 where it is absent. (`raet_min_cwnd`) */
  minWindow?: number;
  /** Bytes of the largest datagram, where the path has room for more than usual. (`raet_mtu`) */
  mtu?: number;
  /** Bits of the suites that may be used: all that this process has, where it is absent. */
  suites?: number;
}

/** What a handshake tells the stack that holds it. */
export interface GreetingHost {
  /** Sends to the master. `hello`: whether it is one. */
  send(packet: Uint8Array, hello: boolean): void;
  /** Whether an offered key may be the master's: null, or why not. */
  trust(identity: Identity): string | null;
  /** Keys of the master other than the ones known were offered, and are tried now. */
  offered(identity: Identity): void;
  /** The master did not answer the initiation: it is time for a new handshake. */
  failed(now: number): void;
  /** It cannot be. */
  refused(why: string, now: number, refusal: "rejected" | "untrusted"): void;
}

/** A handshake under way. */
export class Greeting {
  readonly #options: GreetingOptions;
  readonly #host: GreetingHost;
  readonly #boot: Uint8Array;
  #masterPub: Uint8Array | null;
  #phase: "discover" | "hello" | "initiate";
  #tries = 0;
  #timer: number;
  #sentAt: number;
  #counter: Uint8Array;
  #hello: HelloState | null = null;
  #sent: Uint8Array | null = null;
  #token: Uint8Array | null = null;
  #initiate: Uint8Array | null = null;
  #session: Session | null = null;
  #rtt = NaN;
  #narrow = 0;

  constructor(
    options: GreetingOptions,
    host: GreetingHost,
    { masterPub, boot, now }: { masterPub: Uint8Array | null; boot: Uint8Array; now: number },
  ) {
    this.#options = options;
    this.#host = host;
    this.#masterPub = masterPub;
    this.#boot = boot;
    this.#phase = masterPub ? "hello" : "discover";
    this.#timer = this.#sentAt = now;
    this.#counter = options.random(8);
  }

  /** When {@linkcode onTimer} is to be called. */
  get timer(): number {
    return this.#timer;
  }

  /** The session that waits for the master's verdict; null before its cookie came. */
  get session(): Session | null {
    return this.#session;
  }

  /** ms of a round trip; NaN where it could not be measured. */
  get rtt(): number {
    return this.#rtt;
  }

  /** Sends what is due, again or for the first time. */
  onTimer(now: number): void {
    if (this.#timer > now) return;
    if (this.#phase === "initiate") return this.#sendInitiate(now);
    if (this.#phase === "hello" && this.#tries >= HELLO_TRIES) {
      // The master may have another key by now; then it is better said than waited for.
      this.#phase = "discover";
      this.#tries = 0;
    }
    this.#ask(now);
  }

  #ask(now: number): void {
    this.#tries += 1;
    const wait = Math.min(HELLO_MAX_MS, HELLO_FIRST_MS * 2 ** (this.#tries - 1));
    this.#timer = now + wait * (0.8 + 0.4 * this.#options.chance());
    // A path that swallows large packets is found by trying small ones in turn.
    const size = this.#tries >= 3 && this.#tries % 2 === 1 ? SMALL_PATH : FULL_PATH;
    this.#sentAt = now;
    if (this.#phase === "discover") {
      this.#counter = this.#options.random(8);
      return this.#host.send(makeDiscover(this.#counter, size), false);
    }
    this.#sendHello(size, now);
  }

  #sendHello(size: number, now: number): void {
    const { random } = this.#options;
    if (this.#hello === null) {
      const secret = random(32);
      this.#hello = makeHello({
        responderPub: this.#masterPub!,
        short: { secret, pub: publicOf(secret) },
        cid: random(8),
        clock: Math.floor(now),
        bootId: this.#boot,
        suites: this.#options.suites ?? ownSuites(),
      });
      if (this.#hello === null) return this.#refused("the master's key cannot be used", now);
    }
    this.#sent = sizedHello(this.#hello, this.#token, size);
    this.#host.send(this.#sent, true);
  }

  #refused(why: string, now: number): void {
    this.#host.refused(why, now, "rejected");
  }

  /** Takes a packet of a handshake. False: it does not belong here, or is not authentic. */
  receive(type: number, packet: Uint8Array, now: number): boolean {
    if (type === PacketType.IDENTITY && this.#phase === "discover") {
      return this.#onIdentity(packet, now);
    }
    if (this.#phase !== "hello") return false;
    if (type === PacketType.RETRY) return this.#onRetry(packet, now);
    return type === PacketType.COOKIE && this.#onCookie(packet, now);
  }

  #onIdentity(packet: Uint8Array, now: number): boolean {
    const identity = openIdentityPacket(packet, this.#counter);
    if (identity === null) return false;
    const why = this.#host.trust(identity);
    if (why !== null) {
      this.#host.refused(why, now, "untrusted");
      return true;
    }
    if (this.#masterPub === null || !same(this.#masterPub, identity.pub)) {
      this.#masterPub = identity.pub;
      this.#hello = this.#token = null;
      this.#host.offered(identity);
    }
    this.#phase = "hello";
    this.#tries = 0;
    this.#ask(now);
    return true;
  }

  #onRetry(packet: Uint8Array, now: number): boolean {
    if (!this.#sent || this.#token) return false;
    const token = openRetry(packet, this.#sent, this.#masterPub!);
    if (!token) return false;
    this.#token = token;
    this.#sentAt = now;
    this.#sendHello(this.#sent.length, now);
    return true;
  }

  #onCookie(packet: Uint8Array, now: number): boolean {
    const hello = this.#hello;
    const cookie = hello && openCookie(packet, hello);
    if (!cookie || !hello) return false;
    const initiation = makeInitiate(hello, cookie, this.#options.keys, this.#join());
    if (!initiation) {
      this.#refused("the master's short-term key cannot be used", now);
      return true;
    }
    if (initiation.packet.length > packet.length && packet.length < FULL_PATH) {
      // A master that was away answers whichever hello finds it first: a large one may do as well.
      this.#narrow += 1;
      if (this.#narrow < NARROW_TRIES) {
        this.#ask(now);
        return true;
      }
      const why = `the path takes ${packet.length} bytes only, and the id or autosign_grains are ` +
        "too long for it";
      this.#refused(why, now);
      return true;
    }
    if (this.#tries === 1) this.#rtt = now - this.#sentAt;
    this.#phase = "initiate";
    this.#tries = 0;
    this.#initiate = initiation.packet;
    this.#session = new Session({
      suite: initiation.keys.suite,
      sendKey: initiation.keys.toResponder,
      receiveKey: initiation.keys.toInitiator,
      localCid: hello.cid,
      remoteCid: initiation.keys.responderCid,
      responder: false,
      address: this.#options.address,
      sid: initiation.keys.sid,
      pathSize: packet.length,
      ...(this.#options.minWindow === undefined ? {} : { minWindow: this.#options.minWindow }),
      now,
    });
    this.#sendInitiate(now);
    return true;
  }

  #join(): Uint8Array {
    const { id, kind, verify, version, grains, vouch, maxMessage, alive } = this.#options;
    return writeJoin({
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
        maxDatagram: this.#options.mtu ?? FULL_PATH,
      },
      grains,
      vouch: vouch(this.#masterPub!),
    });
  }

  #sendInitiate(now: number): void {
    if (this.#tries >= INITIATE_TRIES) return this.#host.failed(now);
    const first = Math.max(INITIATE_MIN_MS, 2 * (Number.isNaN(this.#rtt) ? 0 : this.#rtt));
    this.#timer = now + Math.min(INITIATE_MAX_MS, first * 2 ** this.#tries);
    this.#tries += 1;
    this.#host.send(this.#initiate!, false);
  }
}
