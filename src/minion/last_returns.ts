/**
 * The last returns, for a master that asks a little later for what another one has asked for.
 * @module
 */
import { packLocal } from "../serializers/msgpack.ts";
import type { DataMap, ReturnLoad } from "../types/mod.ts";

/** Returns kept, and bytes of each; larger ones are not kept. */
const MOST = 200;
const MOST_BYTES = 16 * 1024;

/** Bounded memory of returns by job id. */
export class LastReturns {
  readonly #returns = new Map<string, { load: ReturnLoad; masters: Set<string> }>();

  /** Keeps a return; `masters` get it already. */
  note(load: ReturnLoad, masters: readonly string[]): void {
    if (packLocal(load as unknown as DataMap).length > MOST_BYTES) return;
    this.#returns.set(load.jid, { load, masters: new Set(masters) });
    for (const oldest of this.#returns.keys()) {
      if (this.#returns.size <= MOST) break;
      this.#returns.delete(oldest);
    }
  }

  /** The return of a job for a master that does not get it yet; null when there is none. */
  for(jid: string, master: string): ReturnLoad | null {
    const known = this.#returns.get(jid);
    if (!known || known.masters.has(master)) return null;
    known.masters.add(master);
    return known.load;
  }
}
