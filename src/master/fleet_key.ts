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
  #serial = 0;

  constructor(text: string) {
    this.#text = text;
    this.#crypticle = new Crypticle(text);
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
    return ++this.#serial;
  }

  /** Puts another key in force. */
  replace(text: string): void {
    this.#text = text;
    this.#crypticle = new Crypticle(text);
    this.#serial = 0;
  }
}
