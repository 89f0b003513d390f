/**
 * Large contents between two saltx: AES-256-GCM under a key that is made for one message alone and
 * travels in a sealed value beside it. A third of the work of Salt's cipher.
 *
 * Box = ciphertext ‖ tag (16). The nonce is all zero, since no key is used twice.
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AuthenticationError } from "../errors.ts";
import { releaseBytes } from "../runtime/release_bytes.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE = new Uint8Array(12);

/** Bytes that a box has more than what is in it. */
export const BULK_TAG_BYTES = 16;

/**
 * Bytes that go through the cipher at a time. It makes two copies of what it is given: of pieces as
 * small as this they stay in the processor's cache.
 */
const PIECE = 1 << 16;

/** What `read` of {@linkcode sealBulk} fills; a thread seals one message at a time. */
let scratch: Uint8Array | undefined;

/**
 * Encrypts under a new key what `read` gives, piece by piece, into `box`, which has room for `length`
 * bytes and the tag.
 * @param read Fills the bytes it is given from their front and says how many; fewer at the end.
 * @returns The key, and how many bytes of `box` are used: fewer when `read` came to an end before.
 */
export function sealBulk(
  box: Uint8Array,
  length: number,
  read: (into: Uint8Array) => number,
): { key: Uint8Array; used: number } {
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  const cipher = createCipheriv(CIPHER, key, NONCE);
  scratch ??= new Uint8Array(PIECE);
  let at = 0;
  while (at < length) {
    const wanted = Math.min(PIECE, length - at);
    const got = read(scratch.subarray(0, wanted));
    at += takePiece(cipher.update(scratch.subarray(0, got)), box, at);
    if (got < wanted) break;
  }
  cipher.final();
  box.set(cipher.getAuthTag(), at);
  return { key, used: at + BULK_TAG_BYTES };
}

/** Checks and decrypts a box. @throws AuthenticationError when it is not one under this key. */
export function openBulk(key: Uint8Array, box: Uint8Array): Uint8Array {
  const length = box.length - BULK_TAG_BYTES;
  if (key.length !== KEY_BYTES || length < 0) throw notAuthentic();
  const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: BULK_TAG_BYTES });
  decipher.setAuthTag(box.subarray(length));
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  for (let at = 0; at < length;) {
    const piece = box.subarray(at, Math.min(at + PIECE, length));
    at += takePiece(decipher.update(piece), bytes, at);
  }
  try {
    decipher.final();
  } catch {
    releaseBytes(bytes);
    throw notAuthentic();
  }
  return bytes;
}

/** Puts a piece in its place. */
function takePiece(piece: Uint8Array, into: Uint8Array, at: number): number {
  const { length } = piece;
  into.set(piece, at);
  releaseBytes(piece);
  return length;
}

function notAuthentic(): AuthenticationError {
  return new AuthenticationError("message authentication failed");
}
