/**
 * The AES key that all minions share for publications. It lives in memory only and is made anew at
 * every start. (`salt/master.py:SMaster.secrets`)
 * @module
 */
import { Crypticle } from "../crypt/mod.ts";

/** The key in force, as one thread knows it. */
export class FleetKey {
  #text: string;
  #crypticle: Crypticle;
  readonly #now: () => number;
  #serial = 0;

  /**
   * @param now ms, for a key that outlives this process or is in force on several masters: serials then
   * keep to the time, so that they rise from one to the other. From 1 when absent.
   */
  constructor(text: string, now: () => number = () => 0) {
    this.#text = text;
    this.#crypticle = new Crypticle(text);
    this.#now = now;
  }

  /** The key string that minions get at sign-in. */
  get text(): string {
    return this.#text;
  }

  get crypticle(): Crypticle {
    return this.#crypticle;
  }

  /** Rises by one with each publication; minions drop what does not rise. Starts anew with a key. */
  nextSerial(): number {
    return this.#serial = Math.max(this.#serial + 1, this.#now());
  }

  /** Puts another key in force. */
  replace(text: string): void {
    this.#text = text;
    this.#crypticle = new Crypticle(text);
    this.#serial = 0;
  }
}
