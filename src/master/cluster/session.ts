/**
 * The session key that all masters of a cluster use: a rotation on one is a rotation on all. It is
 * sealed wherever it goes.
 * @module
 */
import { Crypticle } from "../../crypt/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { isMap } from "../../types/mod.ts";
import type { ClusterLink, Concern, Entry } from "./link.ts";
import type { ClusterNames } from "./names.ts";

const log = getLogger("saltx.cluster");

/** What it works with. */
export interface SharedSessionParts {
  link: ClusterLink;
  names: ClusterNames;
  /** Puts a key of another master into force here. */
  adopt(key: string): void;
}

/** One master's part in the session key of all. */
export class SharedSession implements Concern {
  readonly #parts: SharedSessionParts;
  /** The key in force here. */
  #key: string;
  /** A rotation that the others do not know yet. */
  #untold = false;

  constructor(parts: SharedSessionParts, key: string) {
    this.#parts = parts;
    this.#key = key;
  }

  /** The key in force. */
  get key(): string {
    return this.#key;
  }

  /** This master has rotated. */
  rotated(key: string): void {
    if (key === this.#key) return;
    this.#key = key;
    this.#untold = true;
    this.#parts.link.wake();
  }

  /** A rotation of this master while it was alone goes to all; else theirs comes here. */
  async merge(): Promise<void> {
    if (this.#untold) return;
    const { link, names } = this.#parts;
    await link.send("SET", names.session, this.#sealed(), "NX");
    const shared = link.opened(names.session, "", await link.send("GET", names.session));
    if (isMap(shared)) this.#adopt(shared["key"]);
  }

  async tell(): Promise<void> {
    if (!this.#untold) return;
    const { link, names } = this.#parts;
    const key = this.#key;
    // Together: the stream has the rotations in the order in which Redis got them.
    await link.transaction([
      ["SET", names.session, this.#sealed()],
      link.entry("session", { key }),
    ]);
    if (key === this.#key) this.#untold = false;
  }

  hear(entries: readonly Entry[]): void {
    if (this.#untold) return;
    this.#adopt(entries.at(-1)?.body["key"]);
  }

  #adopt(key: unknown): void {
    if (typeof key !== "string" || key === this.#key) return;
    try {
      // One that is no key must not take the place of one that is.
      new Crypticle(key);
    } catch {
      log.error("The cluster's session key is no key; this master keeps its own");
      return;
    }
    this.#key = key;
    this.#parts.adopt(key);
  }

  #sealed(): Uint8Array {
    const { link, names } = this.#parts;
    return link.sealed(names.session, "", { key: this.#key });
  }
}
