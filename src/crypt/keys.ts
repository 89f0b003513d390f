/**
 * RSA key pairs as PEM texts, and the parsed keys behind them.
 *
 * Keys are passed around as text, because text can be compared, stored and handed to threads. What
 * a text parses to is remembered, so that calls in a row cost the arithmetic alone.
 * @module
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { AuthenticationError, messageOf, SaltException } from "../errors.ts";

/** A key pair: PKCS#1 private and SPKI public PEM, each with a final newline. */
export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

/** How to make a key pair. */
export interface KeyPairOptions {
  /** Bits of the modulus; 2048 when absent. */
  bits?: number;
  /** Encrypts the private PEM. */
  passphrase?: string;
}

/**
 * Parsed keys kept of each kind; beyond it the oldest go. A parsed key takes some 5 KiB, and a peer's is
 * used a few times within one sign-in and hardly again.
 */
const MAX_CACHED = 256;

const publicKeys = new Map<string, KeyObject>();
const privateKeys = new Map<string, KeyObject>();

/** Makes an RSA key pair on a pool thread. (`salt/crypt.py:gen_keys`, e = 65537) */
export function generateRsaKeyPair(options: KeyPairOptions = {}): Promise<KeyPair> {
  const { passphrase } = options;
  return new Promise((resolve, reject) => {
    generateKeyPair(
      "rsa",
      { modulusLength: options.bits ?? 2048, publicExponent: 65537 },
      (error, publicKey, privateKey) => {
        if (error) return reject(error);
        resolve({
          privateKey: privateKey.export({
            type: "pkcs1",
            format: "pem",
            ...(passphrase ? { cipher: "aes-256-cbc", passphrase } : {}),
          }).toString(),
          publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
        });
      },
    );
  });
}

/**
 * A key text as peers compare and send it: no space around it, LF line ends.
 * (`salt/crypt.py:clean_key`)
 */
export function cleanKey(pem: string): string {
  return pem.trim().replace(/\r\n?/g, "\n");
}

/** A key text without any line end: how a minion compares the master's key with its copy. */
export function bareKey(pem: string): string {
  return pem.replace(/[\r\n]/g, "");
}

/**
 * The public key in a PEM of either header, parsed once. Throws AuthenticationError for what is not an RSA
 * public key. (`salt/crypt.py:get_rsa_pub_key`: `BEGIN RSA PUBLIC KEY` may stand over an SPKI body)
 */
export function publicKeyOf(pem: string): KeyObject {
  return remembered(publicKeys, pem, () => {
    const key = parsePublic(pem);
    if (key.asymmetricKeyType !== "rsa") throw new Error("it is not an RSA key");
    return key;
  }, "public");
}

function parsePublic(pem: string): KeyObject {
  if (pem.includes("PRIVATE KEY") || pem.length > 65_536) throw new Error("it is not a public key");
  if (!pem.includes("BEGIN RSA PUBLIC KEY")) return createPublicKey(pem.trim());
  try {
    return createPublicKey(pem.trim());
  } catch {
    return createPublicKey(pem.trim().replaceAll("RSA PUBLIC KEY", "PUBLIC KEY"));
  }
}

/** The private key in an unencrypted PEM, parsed once. Throws AuthenticationError. */
export function privateKeyOf(pem: string): KeyObject {
  return remembered(privateKeys, pem, () => createPrivateKey(pem), "private");
}

function remembered(
  cache: Map<string, KeyObject>,
  pem: string,
  parse: () => KeyObject,
  kind: string,
): KeyObject {
  const known = cache.get(pem);
  if (known) return known;
  let key: KeyObject;
  try {
    key = parse();
  } catch (error) {
    throw new AuthenticationError(`Cannot use the ${kind} key: ${messageOf(error)}`);
  }
  for (const oldest of cache.keys()) {
    if (cache.size < MAX_CACHED) break;
    cache.delete(oldest);
  }
  cache.set(pem, key);
  return key;
}

/**
 * Reads a private PEM, PKCS#1 or PKCS#8, encrypted or not, and gives it unencrypted as PKCS#1.
 * Throws SaltException that says what to do; `name` is what the message calls the key.
 */
export function openPrivateKey(pem: string, name: string, passphrase?: string): string {
  const encrypted = /^Proc-Type: 4,ENCRYPTED|^-----BEGIN ENCRYPTED /m.test(pem);
  if (encrypted && !passphrase) {
    throw new SaltException(`Cannot read "${name}": it is encrypted, set its passphrase`);
  }
  try {
    const key = createPrivateKey(encrypted ? { key: pem, passphrase: passphrase ?? "" } : pem);
    if (key.asymmetricKeyType !== "rsa") throw new Error("it is not an RSA key");
    return key.export({ type: "pkcs1", format: "pem" }).toString();
  } catch (error) {
    const why = encrypted ? "the passphrase is wrong or the file is damaged" : messageOf(error);
    throw new SaltException(`Cannot read "${name}" as a private RSA key: ${why}`, { cause: error });
  }
}

/** The public PEM (SPKI) that belongs to an unencrypted private PEM. Throws AuthenticationError. */
export function publicPemOf(privatePem: string): string {
  const key = createPublicKey(privateKeyOf(privatePem));
  return key.export({ type: "spki", format: "pem" }).toString();
}
