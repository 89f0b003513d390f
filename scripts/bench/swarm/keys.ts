/**
 * Key pairs for simulated minions, one for each id, kept in a folder between runs.
 *
 * Making a key takes most of its time for finding two primes. Here each prime serves many keys: 150
 * of them give 11,175 moduli. Such keys are worthless as secrets, for two that share a prime betray
 * each other, but RSA with them costs both sides what it always costs. The token that a minion signs
once, when it starts, is kept beside them.
 * @module
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, generatePrime } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type KeyPair, signX931 } from "../../../src/crypt/mod.ts";

/** What a minion has from the start. */
export interface SwarmKey extends KeyPair {
  /** The token that proves its identity, in base64. */
  token: string;
}

/** Key pairs in one file. */
export const KEYS_PER_FILE = 500;

const E = 65537n;
const PRIME_BITS = 1024;

const prime = promisify(
  generatePrime as (
    size: number,
    options: { bigint: true },
    callback: (error: Error | null, prime: bigint) => void,
  ) => void,
);

/** `value` as JWK has numbers. */
function encoded(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + hex.length % 2, "0"), "hex").toString("base64url");
}

/** The inverse of `a` modulo `m`. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, next, s, t] = [m, a % m, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, t] = [t, s - quotient * t];
  }
  return s < 0n ? s + m : s;
}

/** The RSA key pair of two primes. */
export function keyOf(p: bigint, q: bigint): KeyPair {
  const d = inverse(E, (p - 1n) * (q - 1n));
  const key = createPrivateKey({
    format: "jwk",
    key: {
      kty: "RSA",
      n: encoded(p * q),
      e: encoded(E),
      d: encoded(d),
      p: encoded(p),
      q: encoded(q),
      dp: encoded(d % (p - 1n)),
      dq: encoded(d % (q - 1n)),
      qi: encoded(inverse(q, p)),
    },
  });
  return {
    privateKey: key.export({ type: "pkcs1", format: "pem" }).toString(),
    publicKey: createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
  };
}

/** So many primes that any two make an RSA key of full length. */
async function findPrimes(count: number): Promise<bigint[]> {
  const primes = new Set<bigint>();
  // The largest primes of their length, as it were: any product has 2048 bits.
  const least = 3n << BigInt(PRIME_BITS - 2);
  while (primes.size < count) {
    const found = await prime(PRIME_BITS, { bigint: true });
    if (found > least && (found - 1n) % E !== 0n) primes.add(found);
  }
  return [...primes];
}

function fileOf(folder: string, index: number): string {
  return join(folder, `minions-${index}.json`);
}

function withToken(pair: KeyPair): SwarmKey {
  const token = Buffer.from(signX931(pair.privateKey, Buffer.from("salt"))).toString("base64");
  return { ...pair, token };
}

/** Makes what is missing of `count` key pairs. A file that has too few is made anew. */
export async function ensureKeys(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const missing: { index: number; size: number }[] = [];
  for (let index = 0; index * KEYS_PER_FILE < count; index++) {
    const size = Math.min(KEYS_PER_FILE, count - index * KEYS_PER_FILE);
    const text = await readFile(fileOf(folder, index), "utf8").catch(() => "[]");
    if ((JSON.parse(text) as SwarmKey[]).length < size) missing.push({ index, size });
  }
  const wanted = missing.reduce((sum, { size }) => sum + size, 0);
  if (wanted === 0) return;
  // n primes make n(n-1)/2 pairs.
  const primes = await findPrimes(Math.ceil((1 + Math.sqrt(1 + 8 * wanted)) / 2));
  const pairs = primes.flatMap((p, i) => primes.slice(0, i).map((q) => [p, q] as const)).values();
  for (const { index, size } of missing) {
    const own = pairs.take(size).map(([p, q]) => withToken(keyOf(p, q)));
    await writeFile(fileOf(folder, index), JSON.stringify([...own]), { mode: 0o600 });
  }
}

/** Key pairs `from` to `to`. */
export async function readKeys(folder: string, from: number, to: number): Promise<SwarmKey[]> {
  const pairs: SwarmKey[] = [];
  const first = Math.floor(from / KEYS_PER_FILE);
  for (let i = first; i * KEYS_PER_FILE < to; i++) {
    pairs.push(...JSON.parse(await readFile(fileOf(folder, i), "utf8")) as SwarmKey[]);
  }
  return pairs.slice(from - first * KEYS_PER_FILE, to - first * KEYS_PER_FILE);
}
