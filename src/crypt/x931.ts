/**
 * RSA signatures with ANSI X9.31 padding over the message itself: Salt's minion token and the digest
 * of the fleet key are made so. Neither runtime offers the padding, so it is done by hand on the raw
 * RSA operation. (`salt/crypt.py:private_encrypt`, `public_decrypt`; vectors in tests/vectors/rsa.json)
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from "node:crypto";
import { AuthenticationError } from "../errors.ts";
import { privateKeyOf, publicKeyOf } from "./keys.ts";

const TRAILER = 0xcc;

const moduli = new WeakMap<KeyObject, { n: bigint; size: number }>();

/** The modulus and its length in bytes. */
function modulusOf(key: KeyObject): { n: bigint; size: number } {
  const known = moduli.get(key);
  if (known) return known;
  const hex = Buffer.from(key.export({ format: "jwk" }).n as string, "base64url").toString("hex");
  const modulus = { n: BigInt(`0x${hex}`), size: hex.length / 2 };
  moduli.set(key, modulus);
  return modulus;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`);
}

function toBytes(value: bigint, size: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex"));
}

/** `6b bb … bb ba m cc`, or `6a m cc` when the message leaves no room. */
function pad(message: Uint8Array, size: number): Uint8Array {
  const spare = size - message.length - 2;
  if (spare < 0) {
    throw new AuthenticationError(`Cannot sign ${message.length} bytes: the key is too short`);
  }
  const block = new Uint8Array(size);
  block.set(message, size - 1 - message.length);
  block[size - 1] = TRAILER;
  if (spare === 0) {
    block[0] = 0x6a;
    return block;
  }
  block.fill(0xbb, 1, spare);
  block[0] = 0x6b;
  block[spare] = 0xba;
  return block;
}

function unpad(block: Uint8Array): Uint8Array | null {
  const end = block.length - 1;
  if (block[end] !== TRAILER) return null;
  if (block[0] === 0x6a) return block.slice(1, end);
  if (block[0] !== 0x6b) return null;
  let at = 1;
  while (at < end && block[at] === 0xbb) at++;
  // OpenSSL's reader, which Salt uses, wants at least one filling byte and a message.
  if (block[at] !== 0xba || at === 1 || at + 1 >= end) return null;
  return block.slice(at + 1, end);
}

/** Signs a message, or a text's UTF-8. The same message gives the same signature. Throws AuthenticationError. */
export function signX931(privatePem: string, message: Uint8Array | string): Uint8Array {
  const key = privateKeyOf(privatePem);
  const { n, size } = modulusOf(key);
  const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
  const block = pad(bytes, size);
  // The private operation is the same for signing and decrypting, and only this one exists on both runtimes.
  const raw = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
  const s = toNumber(raw);
  return toBytes(s < n - s ? s : n - s, size);
}

/** The message in a signature. Throws AuthenticationError when it was not made by this key's private half. */
export function recoverX931(publicPem: string, signature: Uint8Array): Uint8Array {
  const key = publicKeyOf(publicPem);
  const { n, size } = modulusOf(key);
  const message = signature.length === size ? recover(key, n, size, signature) : null;
  if (message === null) throw new AuthenticationError("Signature was not made by this key");
  return message;
}

function recover(
  key: KeyObject,
  n: bigint,
  size: number,
  signature: Uint8Array,
): Uint8Array | null {
  if (toNumber(signature) >= n) return null;
  const raw = publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  const v = toNumber(raw);
  return unpad(toBytes((v & 0xfn) === 0xcn ? v : n - v, size));
}
