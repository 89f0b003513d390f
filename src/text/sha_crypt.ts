/**
 * Password hashes as glibc's `crypt` makes them: `$6$` (SHA-512) and `$5$` (SHA-256), by Ulrich
 * Drepper's specification "Unix crypt using SHA-256 and SHA-512".
 * @module
 */
import { createHash } from "node:crypto";

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Which bytes of the digest stand together in a group of the result. */
const orders = {
  sha512: Array.from({ length: 21 }, (_, i) => {
    const triple = [i, i + 21, i + 42];
    return [...triple.slice(i % 3), ...triple.slice(0, i % 3)];
  }),
  sha256: Array.from({ length: 10 }, (_, i) => {
    const triple = [i, i + 10, i + 20];
    const turn = (3 - (i % 3)) % 3;
    return [...triple.slice(turn), ...triple.slice(0, turn)];
  }),
} as const;

function group(value: number, count: number): string {
  let text = "";
  for (let left = count, rest = value; left > 0; left--, rest >>= 6) text += alphabet[rest & 63];
  return text;
}

function encode(kind: "sha512" | "sha256", digest: Uint8Array): string {
  let text = "";
  for (const [a, b, c] of orders[kind]) {
    text += group((digest[a!]! << 16) | (digest[b!]! << 8) | digest[c!]!, 4);
  }
  return kind === "sha512"
    ? text + group(digest[63]!, 2)
    : text + group((digest[31]! << 8) | digest[30]!, 3);
}

/** The bytes of a digest, repeated to a length. */
function fill(digest: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += digest.length) {
    bytes.set(digest.subarray(0, Math.min(digest.length, length - i)), i);
  }
  return bytes;
}

/**
 * The hash of a password.
 * @param salt At most 16 characters are used.
 * @param rounds How often it is hashed; named in the result when it is not 5000.
 */
export function shaCrypt(
  kind: "sha512" | "sha256",
  password: string,
  salt: string,
  rounds = 5000,
): string {
  const key = Buffer.from(password);
  const seasoning = Buffer.from(salt).subarray(0, 16);
  const hash = (...parts: Uint8Array[]) => {
    const hasher = createHash(kind);
    for (const part of parts) hasher.update(part);
    return hasher.digest();
  };
  const b = hash(key, seasoning, key);
  const parts: Uint8Array[] = [key, seasoning, fill(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? b : key);
  let a = hash(...parts);
  const p = fill(hash(...new Array<Uint8Array>(key.length).fill(key)), key.length);
  const times = 16 + a[0]!;
  const s = fill(hash(...new Array<Uint8Array>(times).fill(seasoning)), seasoning.length);
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    const step: Uint8Array[] = [odd ? p : a];
    if (round % 3 !== 0) step.push(s);
    if (round % 7 !== 0) step.push(p);
    step.push(odd ? a : p);
    a = hash(...step);
  }
  const id = kind === "sha512" ? "$6$" : "$5$";
  const count = rounds === 5000 ? "" : `rounds=${rounds}$`;
  return `${id}${count}${seasoning.toString()}$${encode(kind, a)}`;
}
