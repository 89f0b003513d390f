/**
 * Sessions by the connection id that packets name.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Remote } from "./remote.ts";
import type { Session } from "./session.ts";

/** Whose packets they are. */
export interface Owner {
  remote: Remote;
  session: Session;
}

/** All sessions of a stack. */
export class CidTable {
  readonly #owners = new Map<string, Owner>();
  readonly #cids = new Map<Remote, Set<string>>();

  get size(): number {
    return this.#owners.size;
  }

  find(cid: Uint8Array): Owner | undefined {
    return this.#owners.get(keyOf(cid));
  }

  /** Keeps the table in step with a remote's sessions. */
  follow(remote: Remote): void {
    const old = this.#cids.get(remote) ?? new Set();
    const fresh = new Set<string>();
    for (const session of remote.sessions) {
      const cid = keyOf(session.localCid);
      fresh.add(cid);
      if (!old.has(cid)) this.#owners.set(cid, { remote, session });
    }
    for (const cid of old) if (!fresh.has(cid)) this.#owners.delete(cid);
    if (fresh.size > 0) this.#cids.set(remote, fresh);
    else this.#cids.delete(remote);
  }
}

function keyOf(cid: Uint8Array): string {
  return Buffer.from(cid.buffer, cid.byteOffset, 8).toString("latin1");
}
