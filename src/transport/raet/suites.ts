/**
 * How DATA packets are sealed: by suite 1, XSalsa20-Poly1305 of tweetnacl, which every estate has, or by
 * suite 2, ChaCha20-Poly1305 (RFC 8439) of the runtime's own code, where both have it: a third of the
 * time, less for large packets. Handshakes are suite 1's always. (docs/raet.md, section 5)
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { open as openBox, seal as sealBox } from "./crypto.ts";
import { HEADER_BYTES } from "./wire.ts";

/** Numbers of suites. */
export const Suite = { XSALSA20: 1, CHACHA20: 2 } as const;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "chacha20-poly1305";

/** Bits of the suites that this process has: bit 0 is suite 1. */
export function ownSuites(): number {
  return hasChaCha() ? 3 : 1;
}

let known: boolean | undefined;

/** Not every build of OpenSSL has it: one that follows FIPS does not. */
function hasChaCha(): boolean {
  if (known !== undefined) return known;
  const [header, key] = [new Uint8Array(HEADER_BYTES).fill(1), new Uint8Array(32).fill(2)];
  try {
    const plain = new Uint8Array(32).fill(3);
    const opened = openPacket(Suite.CHACHA20, sealPacket(Suite.CHACHA20, plain, header, key), key);
    known = opened !== null && Buffer.from(opened).equals(plain);
  } catch {
    known = false;
  }
  return known;
}

/** The best suite of those that both have. @param mask bits as in {@linkcode ownSuites}. */
export function bestSuite(mask: number): number | null {
  if (mask & 2) return Suite.CHACHA20;
  return mask & 1 ? Suite.XSALSA20 : null;
}

/** Whether a suite is among those of a mask. */
export function hasSuite(mask: number, suite: number): boolean {
  return suite >= 1 && suite <= 2 && (mask & suite) !== 0;
}

/** A whole packet of a header and what is to be kept secret, 16 bytes longer. The header is not repeated. */
export function sealPacket(
  suite: number,
  plain: Uint8Array,
  header: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + plain.length + TAG_BYTES);
  packet.set(header);
  if (suite === Suite.XSALSA20) {
    packet.set(sealBox(plain, header, key), HEADER_BYTES);
    return packet;
  }
  const cipher = createCipheriv(CIPHER, key, nonceOf(header), { authTagLength: TAG_BYTES });
  cipher.setAAD(header, { plaintextLength: plain.length });
  packet.set(cipher.update(plain), HEADER_BYTES);
  cipher.final();
  packet.set(cipher.getAuthTag(), HEADER_BYTES + plain.length);
  return packet;
}

/** What a packet keeps secret; null when it is not authentic. */
export function openPacket(suite: number, packet: Uint8Array, key: Uint8Array): Uint8Array | null {
  const header = packet.subarray(0, HEADER_BYTES);
  if (suite === Suite.XSALSA20) return openBox(packet.subarray(HEADER_BYTES), header, key);
  const end = packet.length - TAG_BYTES;
  if (end < HEADER_BYTES) return null;
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(CIPHER, key, nonceOf(header), options);
  decipher.setAAD(header, { plaintextLength: end - HEADER_BYTES });
  decipher.setAuthTag(packet.subarray(end));
  const plain = decipher.update(packet.subarray(HEADER_BYTES, end));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
}

/** Four zeros and the packet number: a key serves one direction of one session. */
function nonceOf(header: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce.set(header.subarray(16, HEADER_BYTES), NONCE_BYTES - 8);
  return nonce;
}
