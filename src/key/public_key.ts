/**
 * Which texts are public keys that a minion can be talked to with.
 * @module
 */
import { publicKeyOf } from "../crypt/mod.ts";

/** Whether `pem` is a public RSA key in PEM, with either header. Never throws. */
export function isPublicKey(pem: string): boolean {
  try {
    publicKeyOf(pem);
    return true;
  } catch {
    return false;
  }
}
