/**
 * Brings messages to the yards of this host, and from them to other hosts: `[estate, yard, share]`.
 *
 * A yard is a process that opened a name. Each of its shares says whose messages it takes; what it has
 * not read yet is bounded, and who sends more is told. (docs/raet.md, section 3)
 * @module
 */
import { isAllowed, type Role, type Source } from "./allow.ts";
import { rejection, RoadError } from "./errors.ts";
import { Kind, type MessageHead, RejectCode } from "./frames.ts";
import type { Outgoing } from "./out_message.ts";

/** Estate, yard, share. Estate null: this host. Yard null: the process that owns the road. */
export type Route = readonly [estate: string | null, yard: string | null, share: string | null];

/** A message between yards. */
export interface Letter {
  src: Route;
  dst: Route;
  kind: number;
  /** Joins an answer to its request; 0 for none. */
  corr: number;
  /** ms */
  ttl: number;
  body: Uint8Array;
}

/** Who sends over the road, as proven. */
export interface Sender {
  estate: string;
  source: Source;
}

/** Why a message is not taken. */
export interface Refused {
  code: number;
  text: string;
}

/** What a router reaches. */
export interface RouterHost {
  /**
   * Sends to another estate. `settled` is called once.
   * @throws RoadError when there is no such estate, or its queue is full.
   */
  send(estate: string, letter: Letter, settled: (error: RoadError | null) => void): void;
}

const SOURCES: readonly string[] = ["master", "minion", "syndic", "caller", "local"];
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
/** ms after which a yard that was not opened again is gone. */
const LEASE_MS = 15_000;
const MAX_YARDS = 256;
const MAX_SHARES = 32;
/** Requests of one yard that may wait for answers. */
const MAX_AWAITED = 1000;

interface Yard {
  shares: ReadonlyMap<string, readonly string[]>;
  deliver(letter: Letter): void;
  until: number;
  /** Messages handed over, and those of them that the yard has taken. */
  given: number;
  taken: number;
  /** Answers that may come: by estate and corr, until when. */
  awaited: Map<string, number>;
}

/** The yards of one daemon. */
export class Router {
  readonly #role: Role;
  readonly #window: number;
  readonly #host: RouterHost;
  readonly #yards = new Map<string, Yard>();
  readonly counters = { delivered: 0, refused: 0, sent: 0 };

  /** @param window messages that a yard may have unread. (`raet_lane_bufcnt`) */
  constructor(role: Role, window: number, host: RouterHost) {
    this.#role = role;
    this.#window = window;
    this.#host = host;
  }

  /** Names of open yards. */
  yards(now: number): string[] {
    this.#expire(now);
    return [...this.#yards.keys()].sort();
  }

  /**
   * Opens a yard, or prolongs its lease.
   * @param shares names of shares, each with the sources that it takes messages of.
   * @throws RoadError when a name is none, or there are too many.
   */
  open(
    name: string,
    shares: ReadonlyMap<string, readonly string[]>,
    deliver: (letter: Letter) => void,
    now: number,
  ): void {
    this.#expire(now);
    const bad = [name, ...shares.keys()].find((one) => !NAME.test(one)) ??
      [...shares.values()].flat().find((source) => !SOURCES.includes(source));
    if (bad !== undefined || name === "manor") {
      throw new RoadError(
        "refused",
        `"${bad ?? name}" cannot be the name of a yard, share or source`,
      );
    }
    const known = this.#yards.get(name);
    if ((!known && this.#yards.size >= MAX_YARDS) || shares.size > MAX_SHARES) {
      throw new RoadError("overloaded", `There are too many yards or shares to open "${name}"`);
    }
    const state = known ?? { given: 0, taken: 0, awaited: new Map() };
    this.#yards.set(name, { ...state, shares, deliver, until: now + LEASE_MS });
  }

  close(name: string): void {
    this.#yards.delete(name);
  }

  /** A yard has read so many messages since it was opened. */
  took(name: string, count: number): void {
    const yard = this.#yards.get(name);
    if (yard) yard.taken = Math.min(yard.given, Math.max(yard.taken, count));
  }

  #expire(now: number): void {
    for (const [name, { until }] of this.#yards) if (until <= now) this.#yards.delete(name);
  }

  /** Whether a message from the road is taken; asked before its data is looked at. */
  refuse({ estate, source }: Sender, head: MessageHead, now: number): Refused | null {
    const { kind, corr, dstYard, dstShare } = head;
    return this.#refusal(source, estate, { kind, corr, yard: dstYard, share: dstShare }, now);
  }

  #refusal(
    source: Source,
    estate: string | null,
    to: { kind: number; corr: number; yard: string; share: string },
    now: number,
  ): Refused | null {
    this.#expire(now);
    const refused = (code: number, text: string): Refused => {
      this.counters.refused += 1;
      return { code, text };
    };
    const yard = this.#yards.get(to.yard);
    const awaited = (yard?.awaited.get(waitKey(estate, to.corr)) ?? -Infinity) > now;
    if (!isAllowed(source, this.#role, { ...to, awaited })) {
      return refused(RejectCode.NOT_ALLOWED, "that is not allowed from here");
    }
    if (!yard) return refused(RejectCode.NO_YARD, `no yard "${to.yard}" is open`);
    if (!awaited) {
      const sources = yard.shares.get(to.share);
      if (!sources) return refused(RejectCode.NO_SHARE, `yard "${to.yard}" has no such share`);
      if (!sources.includes(source)) {
        return refused(RejectCode.NOT_ALLOWED, `"${to.share}" takes nothing of a ${source}`);
      }
    }
    if (yard.given - yard.taken < this.#window) return null;
    return refused(RejectCode.BUSY, `yard "${to.yard}" has ${this.#window} messages unread`);
  }

  /** Hands on a message from the road that was not refused. */
  arrive({ estate }: Sender, head: MessageHead, body: Uint8Array): void {
    const { kind, corr, ttl, dstYard, dstShare, srcYard, srcShare } = head;
    const src: Route = [estate, srcYard || null, srcShare || null];
    const letter = { src, dst: [null, dstYard, dstShare] as Route, kind, corr, ttl, body };
    if (this.#hand(dstYard, estate, letter)) return;
    // It closed while the message was on its way.
    if (kind !== Kind.REQ) return;
    const answer = {
      ...letter,
      src: letter.dst,
      dst: src,
      kind: Kind.ERR,
      body: new Uint8Array(0),
    };
    try {
      this.#host.send(estate, answer, () => {});
    } catch (error) {
      if (!(error instanceof RoadError)) throw error;
    }
  }

  #hand(name: string, estate: string | null, letter: Letter): boolean {
    const yard = this.#yards.get(name);
    if (!yard) return false;
    if (letter.kind === Kind.REP || letter.kind === Kind.ERR) {
      yard.awaited.delete(waitKey(estate, letter.corr));
    }
    yard.given += 1;
    this.counters.delivered += 1;
    yard.deliver(letter);
    return true;
  }

  /**
   * Sends what a yard of this host wants to send. `settled` is called once: null when the other yard's
   * host, or yard, has it.
   * @throws RoadError when it is not taken.
   */
  send(
    from: string,
    letter: Letter,
    settled: (error: RoadError | null) => void,
    now: number,
  ): void {
    this.#expire(now);
    const yard = this.#yards.get(from);
    if (!yard) throw new RoadError("refused", `The yard "${from}" is not open`);
    const [estate, to, share] = letter.dst;
    const answers = letter.kind === Kind.REP || letter.kind === Kind.ERR;
    if (!to || (!share && !answers)) {
      throw new RoadError("refused", "A yard sends to yards alone: name one, and its share");
    }
    const addressed = { ...letter, src: [null, from, letter.src[2]] as Route };
    if (letter.kind === Kind.REQ) this.#await(yard, from, letter, now);
    this.counters.sent += 1;
    if (estate !== null) return this.#host.send(estate, addressed, settled);
    const refused = this.#refusal("local", null, { ...letter, yard: to, share: share ?? "" }, now);
    if (refused) throw rejection(`"${to}"`, refused.code, refused.text);
    this.#hand(to, null, addressed);
    settled(null);
  }

  #await(yard: Yard, name: string, { dst: [estate], corr, ttl }: Letter, now: number): void {
    for (const [key, until] of yard.awaited) if (until <= now) yard.awaited.delete(key);
    if (yard.awaited.size >= MAX_AWAITED) {
      throw new RoadError("overloaded", `${MAX_AWAITED} requests of "${name}" wait for answers`);
    }
    yard.awaited.set(waitKey(estate, corr), now + ttl);
  }
}

/** A letter as it goes over the road. */
export function outgoing({ src, dst, kind, corr, ttl, body }: Letter): Outgoing {
  return {
    kind,
    yard: dst[1] ?? "",
    share: dst[2] ?? "",
    source: { yard: src[1] ?? "", share: src[2] ?? "" },
    data: body,
    ttl,
    priority: 2,
    corr,
  };
}

function waitKey(estate: string | null, corr: number): string {
  return `${corr} ${estate ?? ""}`;
}
