/**
 * The RSA schemes that Salt offers: PKCS#1 v1.5 signatures and OAEP, each with SHA-1 or SHA-224.
 * (`salt/crypt.py:VALID_SIGNING_ALGORITHMS`, `VALID_ENCRYPTION_ALGORITHMS`)
 *
 * Keys are PEM texts. The `…Async` forms do the arithmetic on a pool thread.
 * @module
 */
import { constants, privateDecrypt, publicEncrypt, sign, verify } from "node:crypto";
import { AuthenticationError } from "../errors.ts";
import { privateKeyOf, publicKeyOf } from "./keys.ts";

/** Names of signature schemes on the wire. */
export const SIGNING_ALGORITHMS = ["PKCS1v15-SHA1", "PKCS1v15-SHA224"] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** Names of encryption schemes on the wire. */
export const ENCRYPTION_ALGORITHMS = ["OAEP-SHA1", "OAEP-SHA224"] as const;
export type EncryptionAlgorithm = (typeof ENCRYPTION_ALGORITHMS)[number];

/** Whether a peer's word names a signature scheme that Salt knows. */
export function isSigningAlgorithm(name: unknown): name is SigningAlgorithm {
  return (SIGNING_ALGORITHMS as readonly unknown[]).includes(name);
}

/** Whether a peer's word names an encryption scheme that Salt knows. */
export function isEncryptionAlgorithm(name: unknown): name is EncryptionAlgorithm {
  return (ENCRYPTION_ALGORITHMS as readonly unknown[]).includes(name);
}

function hashOf(algorithm: SigningAlgorithm | EncryptionAlgorithm): "sha1" | "sha224" {
  return algorithm.endsWith("SHA224") ? "sha224" : "sha1";
}

/** Signs `data`. Throws AuthenticationError when the PEM is not a private key. */
export function pkcs1Sign(
  privatePem: string,
  data: Uint8Array,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): Uint8Array {
  return plain(sign(hashOf(algorithm), data, privateKeyOf(privatePem)));
}

/** {@linkcode pkcs1Sign} on a pool thread. */
export function pkcs1SignAsync(
  privatePem: string,
  data: Uint8Array,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign(hashOf(algorithm), data, privateKeyOf(privatePem), (error, signature) => {
      if (error) reject(error);
      else resolve(plain(signature));
    });
  });
}

/** Whether `signature` over `data` holds. Throws AuthenticationError only when the PEM is not a public key. */
export function pkcs1Verify(
  publicPem: string,
  data: Uint8Array,
  signature: Uint8Array,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): boolean {
  const key = publicKeyOf(publicPem);
  try {
    return verify(hashOf(algorithm), data, key, signature);
  } catch {
    return false;
  }
}

/** {@linkcode pkcs1Verify} on a pool thread. */
export function pkcs1VerifyAsync(
  publicPem: string,
  data: Uint8Array,
  signature: Uint8Array,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): Promise<boolean> {
  return new Promise((resolve) => {
    const key = publicKeyOf(publicPem);
    verify(hashOf(algorithm), data, key, signature, (error, holds) => resolve(!error && holds));
  });
}

function oaep(algorithm: EncryptionAlgorithm) {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hashOf(algorithm) };
}

/** Encrypts bytes, or a text's UTF-8, for the holder of the private key. Throws AuthenticationError. */
export function oaepEncrypt(
  publicPem: string,
  data: Uint8Array | string,
  algorithm: EncryptionAlgorithm = "OAEP-SHA1",
): Uint8Array {
  const key = publicKeyOf(publicPem);
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    return plain(publicEncrypt({ key, ...oaep(algorithm) }, bytes));
  } catch {
    throw new AuthenticationError(
      `Cannot encrypt ${bytes.length} bytes with a ${key.asymmetricKeyDetails?.modulusLength}-bit RSA key`,
    );
  }
}

/** Decrypts what was encrypted for this key. Throws AuthenticationError that does not tell why. */
export function oaepDecrypt(
  privatePem: string,
  data: Uint8Array,
  algorithm: EncryptionAlgorithm = "OAEP-SHA1",
): Uint8Array {
  const key = privateKeyOf(privatePem);
  try {
    return plain(privateDecrypt({ key, ...oaep(algorithm) }, data));
  } catch {
    throw new AuthenticationError("Cannot decrypt: this was not encrypted for this key");
  }
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
