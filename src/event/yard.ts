/**
 * A program's yard: a name by which programs of this host and of others reach it over RAET.
 * (docs/raet.md, section 3.1)
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { type Failure, RoadError } from "../transport/raet/errors.ts";
import { bodyBytes, LANE_TAG } from "../transport/raet/lane.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import type { EventClient, EventSubscription } from "./types.ts";

const log = getLogger("saltx.event");

/** ms between renewals of a yard's lease. */
const RENEW_MS = 5000;
/** ms that the daemon has for an answer of its own. */
const DAEMON_MS = 10_000;

/** `[estate, yard, share]`; estate null: this host. */
export type YardRoute = [estate: string | null, yard: string | null, share: string | null];

/** A message that came. */
export interface Mail {
  src: YardRoute;
  share: string;
  kind: string;
  corr: number;
  body: Uint8Array;
}

/** How to send. */
export interface MailOptions {
  /** s until it is given up. */
  ttl?: number;
  /** The own share that answers are to name. */
  share?: string;
}

/** An open yard. */
export class Yard implements AsyncDisposable {
  readonly name: string;
  readonly #bus: EventClient;
  readonly #shares: Record<string, string[]>;
  readonly #events: EventSubscription;
  readonly #fates = new Map<number, (error: RoadError | null) => void>();
  readonly #answers = new Map<number, (mail: Mail) => void>();
  readonly #renewal: ReturnType<typeof setInterval>;
  readonly #onMail: (mail: Mail) => void | Promise<void>;
  #number = 0;
  #taken = 0;

  private constructor(
    bus: EventClient,
    name: string,
    shares: Record<string, string[]>,
    onMail: (mail: Mail) => void | Promise<void>,
  ) {
    this.#bus = bus;
    this.name = name;
    this.#shares = shares;
    this.#onMail = onMail;
    this.#events = bus.subscribe(`${LANE_TAG}to/${name}`, `${LANE_TAG}fate/${name}`);
    this.#renewal = setInterval(() => void this.#fire("open", { shares }), RENEW_MS);
  }

  /**
   * Opens a yard.
   * @param shares each share's name with whose messages it takes: `master`, `minion`, `local`.
   * @param onMail one message after the other; the next one counts as unread until it returns.
   * @throws RoadError when the daemon refuses, or has no RAET.
   */
  static async open(
    bus: EventClient,
    name: string,
    shares: Record<string, string[]>,
    onMail: (mail: Mail) => void | Promise<void> = () => {},
  ): Promise<Yard> {
    const yard = new Yard(bus, name, shares, onMail);
    try {
      await yard.#events.ready;
      void yard.#read();
      await yard.#told(0, "open", { shares: yard.#shares });
      return yard;
    } catch (error) {
      await yard.close();
      throw error;
    }
  }

  /** Sends; resolves when the other yard's host has it for its yard. @throws RoadError. */
  async send(dst: YardRoute, body: Uint8Array, options: MailOptions = {}): Promise<void> {
    await this.#send("evt", dst, body, { ...options, corr: 0 });
  }

  /** Asks and gets the answer. @throws RoadError when it is not delivered or not answered in time. */
  async ask(dst: YardRoute, body: Uint8Array, options: MailOptions = {}): Promise<Uint8Array> {
    const corr = ++this.#number;
    const ttl = options.ttl ?? 60;
    const answer = Promise.withResolvers<Mail>();
    this.#answers.set(corr, answer.resolve);
    const timer = setTimeout(() => {
      answer.reject(new RoadError("expired", `${dst.join("/")} did not answer within ${ttl} s`));
    }, ttl * 1000);
    try {
      answer.promise.catch(() => {});
      await this.#send("req", dst, body, { ...options, corr });
      const { kind, body: reply } = await answer.promise;
      if (kind === "rep") return reply;
      throw new RoadError("closed", `${dst.join("/")} could not answer: it has ended`);
    } finally {
      clearTimeout(timer);
      this.#answers.delete(corr);
    }
  }

  /** Answers a message of the kind `req`. */
  async answer({ src, corr }: Mail, body: Uint8Array): Promise<void> {
    await this.#send("rep", src, body, { corr });
  }

  async #send(
    kind: string,
    dst: YardRoute,
    body: Uint8Array,
    { ttl = 60, share, corr }: MailOptions & { corr: number },
  ): Promise<void> {
    const number = ++this.#number;
    const data = { number, kind, dst, body, corr, ttl, share: share ?? null };
    await this.#told(number, "send", data, ttl * 1000 + DAEMON_MS);
  }

  /** Fires, and waits for the daemon's word on it. */
  async #told(number: number, what: string, data: DataMap, ms = DAEMON_MS): Promise<void> {
    const fate = Promise.withResolvers<RoadError | null>();
    this.#fates.set(number, fate.resolve);
    const timer = setTimeout(() => {
      fate.resolve(new RoadError("unreachable", "The daemon does not answer: has it RAET?"));
    }, ms);
    try {
      await this.#fire(what, data);
      const error = await fate.promise;
      if (error !== null) throw error;
    } finally {
      clearTimeout(timer);
      this.#fates.delete(number);
    }
  }

  async #fire(what: string, data: DataMap): Promise<void> {
    await this.#bus.fire(`${LANE_TAG}${what}`, { ...data, yard: this.name });
  }

  async #read(): Promise<void> {
    // Mail waits for mail, but not the word on what its reader sends meanwhile.
    let reading = Promise.resolve();
    for await (const { tag, data } of this.#events) {
      if (tag === `${LANE_TAG}fate/${this.name}`) {
        const { number, error, failure } = data;
        const why = typeof error === "string" ? new RoadError(failure as Failure, error) : null;
        this.#fates.get(Number(number))?.(why);
      } else if (tag === `${LANE_TAG}to/${this.name}` && isMap(data)) {
        if (data["kind"] === "req" || data["kind"] === "evt") {
          reading = reading.then(() => this.#take(data));
        } else void this.#take(data);
      }
    }
  }

  async #take({ src, dst, kind, corr, body }: DataMap): Promise<void> {
    const bytes = bodyBytes(body);
    if (!Array.isArray(src) || !Array.isArray(dst) || bytes === null) return;
    const mail: Mail = {
      src: src as YardRoute,
      share: String(dst[2] ?? ""),
      kind: String(kind),
      corr: Number(corr),
      body: bytes,
    };
    try {
      if (kind === "rep" || kind === "err") this.#answers.get(mail.corr)?.(mail);
      else await this.#onMail(mail);
    } catch (error) {
      log.error(`A message to the yard "${this.name}" failed: ${messageOf(error)}`, error);
    }
    this.#taken += 1;
    await this.#fire("took", { count: this.#taken }).catch(() => {});
  }

  /** Gives the name back. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#fire("close", {}).catch(() => {});
    this.#events.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
