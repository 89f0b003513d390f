/**
 * Keeps a master's road in step with what operators do with RAET keys: who was accepted may talk, who
 * is not any more may not.
 * @module
 */
import type { RaetKeyStore } from "../key/raet_keys.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { MasterRoad } from "../transport/raet/master_road.ts";
import type { Peer } from "../transport/raet/peer.ts";

const log = getLogger("saltx.master");

/** ms between looks. */
const WATCH_MS = 200;
/** Key files that are read again at each look; whether they are there is seen for all. */
const READ_AT_ONCE = 500;

type Road = Pick<MasterRoad, "peers" | "peer" | "accept" | "revoke">;

/** Looks at the folders when they have changed. {@linkcode KeyFollower.stop} ends it. */
export class KeyFollower {
  readonly #road: Road;
  readonly #store: RaetKeyStore;
  readonly #changed: () => boolean;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Estates whose key files are to be read again. */
  readonly #unread = new Set<string>();

  constructor(road: Road, store: RaetKeyStore) {
    this.#road = road;
    this.#store = store;
    this.#changed = store.watch("accepted", "pending", "rejected");
    this.#timer = setInterval(() => this.look(), WATCH_MS);
  }

  /** Does what the keys say now. */
  look(): void {
    try {
      if (this.#changed()) this.#compare();
      // A fleet that joins changes the folders at every look: its files are read in turn.
      let left = READ_AT_ONCE;
      for (const estate of this.#unread) {
        if (left-- === 0) break;
        this.#unread.delete(estate);
        const peer = this.#road.peer(estate);
        if (peer) this.#check(peer);
      }
    } catch (error) {
      log.error(`The RAET keys cannot be read: ${messageOf(error)}`);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Files that came or went count at once; changed ones when they are read. */
  #compare(): void {
    const [accepted, pending] = [this.#store.ids("accepted"), this.#store.ids("pending")]
      .map((ids) => new Set(ids)) as [Set<string>, Set<string>];
    for (const peer of this.#road.peers) {
      const { id, estate, remote } = peer;
      const stands = remote.accepted ? accepted.has(id) : pending.has(id) && !accepted.has(id);
      if (!stands) this.#check(peer);
      else this.#unread.add(estate);
    }
  }

  #check({ estate, id, pub, verify, remote }: Peer): void {
    const keys = { pub, verify };
    if (this.#store.has("accepted", id, keys)) {
      if (!remote.accepted) this.#road.accept(estate);
    } else if (remote.accepted || !this.#store.has("pending", id, keys)) {
      this.#road.revoke(estate);
    }
  }
}
