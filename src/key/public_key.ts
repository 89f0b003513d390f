/**
 * Which texts are public keys that a minion can be talked to with.
 * @module
 */
import { createPublicKey } from "node:crypto";

/** Whether `pem` is a public RSA key in PEM, with either header. Never throws. */
export function isPublicKey(pem: string): boolean {
  try {
    // Salt takes "BEGIN RSA PUBLIC KEY" for a mere other spelling of the header.
    const key = pem.includes("RSA PUBLIC KEY") ? pem.replaceAll("RSA PUBLIC", "PUBLIC") : pem;
    return pem.includes("PUBLIC KEY") && createPublicKey(key).asymmetricKeyType === "rsa";
  } catch {
    return pem.includes("RSA PUBLIC KEY") && isPkcs1(pem);
  }
}

function isPkcs1(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
