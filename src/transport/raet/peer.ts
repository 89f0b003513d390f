/**
 * A remote of a master, and who it has proven to be.
 * @module
 */
import type { Address } from "./address.ts";
import type { JoinRecord } from "./join.ts";
import type { Remote } from "./remote.ts";

/** An initiator that has proven its address and its keys. */
export interface JoinRequest extends JoinRecord {
  pub: Uint8Array;
  address: Address;
}

/** Who a remote is, by its handshake. */
export interface Peer {
  readonly estate: string;
  readonly id: string;
  readonly kind: number;
  readonly pub: Uint8Array;
  readonly verify: Uint8Array;
  /** Names what both sides remember of each other; another one after either was restarted. */
  readonly association: Uint8Array;
  readonly remote: Remote;
}

/** A session as it outlasts its master. */
export interface KnownSession {
  cid: Uint8Array;
  address: Address;
}
