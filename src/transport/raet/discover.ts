/**
 * DISCOVER and IDENTITY: how an initiator that has no key of its master gets it. Nothing here is
 * authentic by itself: the key must be pinned, match a fingerprint or be vouched for by the RSA key.
 * @module
 */
import { same } from "./crypto.ts";
import {
  concat,
  FROM_RESPONDER,
  HEADER_BYTES,
  PacketType,
  Reader,
  utf8,
  WireError,
  writeHeader,
} from "./wire.ts";

/** What a master says about itself to anyone. */
export interface Identity {
  pub: Uint8Array;
  verify: Uint8Array;
  name: string;
  /** RSA signature over these keys; null when it did not fit or there is none. */
  vouch: Uint8Array | null;
}

/** A question of `size` bytes. `counter`: 8 random bytes that the answer repeats. */
export function makeDiscover(counter: Uint8Array, size: number): Uint8Array {
  const packet = new Uint8Array(size);
  writeHeader(packet, PacketType.DISCOVER, 0, null, counter);
  return packet;
}

/** The answer, never longer than the question. */
export function makeIdentity(discover: Uint8Array, identity: Identity): Uint8Array {
  const name = utf8(identity.name).subarray(0, 64);
  const header = new Uint8Array(HEADER_BYTES);
  writeHeader(header, PacketType.IDENTITY, FROM_RESPONDER, null, discover.subarray(16, 24));
  const base = concat(header, identity.pub, identity.verify, Uint8Array.of(name.length), name);
  const { vouch } = identity;
  const fits = vouch !== null && base.length + 3 + vouch.length <= discover.length;
  const size = fits ? vouch.length : 0;
  return concat(base, Uint8Array.of(0, size >> 8, size & 255), fits ? vouch : new Uint8Array(0));
}

/** Reads the answer to a question with that counter; null when it is none. */
export function openIdentityPacket(packet: Uint8Array, counter: Uint8Array): Identity | null {
  if (!same(packet.subarray(16, 24), counter)) return null;
  try {
    const r = new Reader(packet.subarray(HEADER_BYTES));
    const [pub, verify, name] = [r.raw(32).slice(), r.raw(32).slice(), r.text()];
    r.u8();
    const vouch = r.raw(r.u16()).slice();
    return { pub, verify, name, vouch: vouch.length > 0 ? vouch : null };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
