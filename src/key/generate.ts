/**
 * Key pairs and signatures of public keys in files: `saltx key --gen-keys`, `--gen-signature`.
 * (`salt/key.py:Key.gen_keys, gen_keys_signature`, `salt/crypt.py:gen_signature`)
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanKey, openPrivateKey, pemFingerOfFile, signPublicKeyAsync } from "../crypt/mod.ts";
import { SaltException } from "../errors.ts";
import { fileError } from "../fs/mod.ts";
import { createKeyFile, isFile } from "./key_files.ts";
import { createKeyPairFiles, DEFAULT_SIGNATURE_FILE } from "./mod.ts";

/** The master options that are read. */
export interface GenerateOpts {
  pki_dir: string;
  hash_type: string;
  signing_key_pass?: string | null;
  master_sign_key_name: string;
  master_pubkey_signature: string;
}

/** The options of `--gen-signature`. */
export interface SignatureRequest {
  /** The private key to sign with; by default `master_sign.pem`. */
  priv: string | undefined;
  /** The public key to sign; by default `master.pub`. */
  pub: string | undefined;
  /** The folder for the signature; by default the pki folder. */
  signaturePath: string | undefined;
  autoCreate: boolean;
  bits: number;
}

/** Makes a pair, or leaves the one of that name; gives the public key's fingerprint. */
export async function generateKeys(
  opts: GenerateOpts,
  pair: { folder: string; name: string; bits: number },
): Promise<string> {
  await createKeyPairFiles({ ...pair, passphrase: opts.signing_key_pass ?? undefined });
  return await pemFingerOfFile(join(pair.folder, `${pair.name}.pub`), opts.hash_type);
}

/** Signs the master's public key: true when the signature was written, else why not, as Salt says it. */
export async function generateSignature(
  opts: GenerateOpts,
  request: SignatureRequest,
): Promise<true | string> {
  const { pki_dir: pkiDir } = opts;
  if (request.pub !== undefined && !isFile(request.pub)) {
    return `Public-key ${request.pub} does not exist`;
  }
  if (request.priv !== undefined && !isFile(request.priv)) {
    return `Private-key ${request.priv} does not exist`;
  }
  const pub = request.pub ?? existing(join(pkiDir, "master.pub"));
  const priv = request.priv ?? existing(join(pkiDir, `${opts.master_sign_key_name}.pem`)) ??
    await createSigningKey(opts, request);
  if (priv === undefined) return "No usable private-key found";
  if (pub === undefined) return "No usable public-key found";
  const signingKey = openPrivateKey(readText(priv), priv, opts.signing_key_pass ?? undefined);
  const signature = await signPublicKeyAsync(signingKey, cleanKey(readText(pub)));
  const folder = request.signaturePath ?? pkiDir;
  const name = opts.master_pubkey_signature || DEFAULT_SIGNATURE_FILE;
  if (!createKeyFile(folder, name, signature)) {
    throw new SaltException(`"${join(folder, name)}" exists: remove it to have it made again`);
  }
  return true;
}

async function createSigningKey(
  opts: GenerateOpts,
  request: SignatureRequest,
): Promise<string | undefined> {
  if (!request.autoCreate) return undefined;
  const name = opts.master_sign_key_name;
  const passphrase = opts.signing_key_pass ?? undefined;
  await createKeyPairFiles({ folder: opts.pki_dir, name, bits: request.bits, passphrase });
  return join(opts.pki_dir, `${name}.pem`);
}

function existing(path: string): string | undefined {
  return isFile(path) ? path : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError("read", path, error);
  }
}
