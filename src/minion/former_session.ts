/**
 * The session with a master that the minion went back from. Jobs of that master may still run: until
 * they have returned, it gets what they return.
 * @module
 */
import type { Clock } from "../channel/clock.ts";
import type { Session } from "./session.ts";

/** ms for which a master that the minion went back from still gets the returns of its jobs. */
const FORMER_MS = 300_000;

/** Holds one such session at most. */
export class FormerSession {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  #session: Session | null = null;

  /** `stop` ends the wait for its end; the session itself is to be closed by {@linkcode close}. */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Whether it is this session. */
  is(session: Session): boolean {
    return session === this.#session;
  }

  /** Takes no more commands of a session, and keeps it for returns. Closes the one held before. */
  retire(session: Session): void {
    this.#session?.close();
    this.#session = session;
    session.closeSubscription();
    this.#clock.sleep(FORMER_MS, this.#stop).then(() => {
      if (this.#session !== session) return;
      this.#session = null;
      session.close();
    }, () => {});
  }

  /** The way to this master; undefined when the session is with another one, or there is none. */
  channelTo(master: string): Session["channel"] | undefined {
    return this.#session?.master === master ? this.#session.channel : undefined;
  }

  /** Closes the session, if there is one. */
  close(): void {
    this.#session?.close();
  }
}
