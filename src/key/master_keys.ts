/**
 * The master's own key pairs: made at the first start, read at every later one.
 * (`salt/crypt.py:MasterKeys`)
 * @module
 */
import { join } from "node:path";
import { cleanKey } from "../crypt/mod.ts";
import { SaltException } from "../errors.ts";
import { ensurePkiFolder, readKeyFile } from "./key_files.ts";
import { loadKeyPairFiles } from "./key_pair_files.ts";

/** What a master identifies itself by. All are texts, so that they can be handed to threads. */
export interface MasterKeys {
  /** `master.pem`, decrypted. */
  readonly privateKey: string;
  /** `master.pub`, cleaned: as minions get it. */
  readonly publicKey: string;
  /**
   * With `master_sign_pubkey` and no prepared signature: the private key that signs `publicKey` for
   * each sign-in. (`signPublicKey`)
   */
  readonly signingKey: string | null;
  /** With `master_use_pubkey_signature`: the prepared signature, base64 text as it goes on the wire. */
  readonly publicKeySignature: string | null;
}

/** The master options that are read; `MasterOpts` has them all. */
export interface MasterKeyOptions {
  pki_dir: string;
  keysize?: number | undefined;
  key_pass?: string | null | undefined;
  signing_key_pass?: string | null | undefined;
  master_sign_pubkey?: boolean | undefined;
  master_sign_key_name?: string | undefined;
  master_use_pubkey_signature?: boolean | undefined;
  master_pubkey_signature?: string | undefined;
  permissive_pki_access?: boolean | undefined;
}

/** Salt's name of the file with the prepared signature. */
export const DEFAULT_SIGNATURE_FILE = "master_pubkey_signature";

/** Bits that a key has at least, whatever `keysize` says. */
const MIN_BITS = 2048;

/**
 * Reads `master.pem` and `master.pub`, and the signing pair when `master_sign_pubkey` wants one; makes
 * what is missing. Several masters may start on one folder at once: they end with the same keys.
 * @throws SaltException that names the file and says what to do.
 */
export async function openMasterKeys(options: MasterKeyOptions): Promise<MasterKeys> {
  const folder = options.pki_dir;
  ensurePkiFolder(folder, options.permissive_pki_access ?? false);
  const bits = Math.max(options.keysize ?? MIN_BITS, MIN_BITS);
  const own = await loadKeyPairFiles({
    folder,
    name: "master",
    bits,
    passphrase: options.key_pass ?? undefined,
  });
  const keys = { privateKey: own.privateKey, publicKey: cleanKey(own.publicKey) };
  if (!options.master_sign_pubkey) return { ...keys, signingKey: null, publicKeySignature: null };
  if (options.master_use_pubkey_signature) {
    return { ...keys, signingKey: null, publicKeySignature: readSignature(options) };
  }
  const signing = await loadKeyPairFiles({
    folder,
    name: options.master_sign_key_name ?? "master_sign",
    bits,
    passphrase: options.signing_key_pass ?? undefined,
  });
  return { ...keys, signingKey: signing.privateKey, publicKeySignature: null };
}

function readSignature(options: MasterKeyOptions): string {
  const path = join(options.pki_dir, options.master_pubkey_signature ?? DEFAULT_SIGNATURE_FILE);
  const signature = readKeyFile(path);
  if (signature === null) {
    throw new SaltException(
      `There is no signature of the master's public key at "${path}", but ` +
        `master_use_pubkey_signature is set: make it by "saltx key --gen-signature", or correct ` +
        `master_pubkey_signature`,
    );
  }
  return `${cleanKey(signature)}\n`;
}
