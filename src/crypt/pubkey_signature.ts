/**
 * The signature over a master's public key that `master_sign_pubkey` sends along, and
 * `salt-key --gen-signature` prepares. (`salt/crypt.py:MasterKeys`, `salt/key.py:Key.gen_signature`)
 * @module
 */
import { Buffer } from "node:buffer";
import { pkcs1Sign, pkcs1SignAsync, pkcs1Verify, type SigningAlgorithm } from "./rsa.ts";

const utf8 = new TextEncoder();

/** Base64 in one line with a newline after it. (`binascii.b2a_base64`) */
function base64Line(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64") + "\n";
}

/** Signs the text of a public key: a line of base64, as it is stored and sent. */
export function signPublicKey(
  signingPem: string,
  publicKeyText: string,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): string {
  return base64Line(pkcs1Sign(signingPem, utf8.encode(publicKeyText), algorithm));
}

/** {@linkcode signPublicKey} on a pool thread. */
export async function signPublicKeyAsync(
  signingPem: string,
  publicKeyText: string,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): Promise<string> {
  return base64Line(await pkcs1SignAsync(signingPem, utf8.encode(publicKeyText), algorithm));
}

/** Whether base64 `signature` over the text of a public key holds. Throws AuthenticationError for a bad PEM. */
export function verifyPublicKey(
  verifyingPem: string,
  publicKeyText: string,
  signature: string,
  algorithm: SigningAlgorithm = "PKCS1v15-SHA1",
): boolean {
  const bytes = new Uint8Array(Buffer.from(signature, "base64"));
  return pkcs1Verify(verifyingPem, utf8.encode(publicKeyText), bytes, algorithm);
}
