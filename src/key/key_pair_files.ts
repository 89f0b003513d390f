/**
 * Key pairs in files, as `salt-key --gen-keys` and a starting master make them: `NAME.pem` and
 * `NAME.pub` in one folder. (`salt/crypt.py:gen_keys`)
 * @module
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { generateRsaKeyPair, openPrivateKey, publicPemOf } from "../crypt/mod.ts";
import { SaltException } from "../errors.ts";
import { ensureDir, fileError } from "../fs/mod.ts";
import { createKeyFile, readKeyFile, replaceKeyFile } from "./key_files.ts";

/** Which pair, and how it is made when there is none. */
export interface KeyPairFiles {
  folder: string;
  /** File name without its ending. */
  name: string;
  /** Bits of a new pair. */
  bits: number;
  /** Opens the private key, and encrypts a new one. */
  passphrase?: string | undefined;
}

/** A pair as texts; the private one is not encrypted any more. */
export interface LoadedKeyPair {
  privateKey: string;
  publicKey: string;
}

/** Salt takes the name as it is; here it may not lead out of its folder. */
function checkName(name: string): void {
  if (name === "" || /[/\\\0]/.test(name)) {
    throw new SaltException(`"${name}" cannot be the name of a key pair: it is a file name`);
  }
}

/**
 * Makes the pair unless its private key is there already, also by another process at the same time:
 * then that one is left as it is. The private file has mode 0400 from the start, the public one 0644.
 * @returns whether a new pair was made.
 * @throws SaltException when the folder cannot be written.
 */
export async function createKeyPairFiles(pair: KeyPairFiles): Promise<boolean> {
  checkName(pair.name);
  if (readPrivate(pair) !== null) return false;
  // Known before seconds are spent on a large key.
  ensureDir(pair.folder);
  try {
    accessSync(pair.folder, constants.W_OK);
  } catch (error) {
    throw fileError("write keys to", pair.folder, error);
  }
  const { bits, passphrase } = pair;
  const made = await generateRsaKeyPair({ bits, ...(passphrase ? { passphrase } : {}) });
  if (!createKeyFile(pair.folder, `${pair.name}.pem`, made.privateKey, { mode: 0o400 })) {
    return false;
  }
  replaceKeyFile(pair.folder, `${pair.name}.pub`, made.publicKey);
  return true;
}

/**
 * Reads a pair, making it when there is none. A missing public file is made from the private one.
 * @throws SaltException that names the file: damaged, encrypted with another passphrase, or a public
 * key that is not the private one's.
 */
export async function loadKeyPairFiles(pair: KeyPairFiles): Promise<LoadedKeyPair> {
  await createKeyPairFiles(pair);
  const path = join(pair.folder, `${pair.name}.pem`);
  const privatePem = readPrivate(pair);
  if (privatePem === null) throw new SaltException(`Cannot read "${path}": it is not a key file`);
  const privateKey = openPrivateKey(privatePem, path, pair.passphrase);
  const own = publicPemOf(privateKey);
  const publicPath = join(pair.folder, `${pair.name}.pub`);
  const filed = readKeyFile(publicPath);
  if (filed === null) replaceKeyFile(pair.folder, `${pair.name}.pub`, own);
  else if (!samePublicKey(filed, own)) {
    throw new SaltException(
      `"${publicPath}" is not the public key of "${path}": put back the pair that belongs ` +
        `together, or remove the public file to have it made again`,
    );
  }
  return { privateKey, publicKey: filed ?? own };
}

function readPrivate(pair: KeyPairFiles): string | null {
  return readKeyFile(join(pair.folder, `${pair.name}.pem`));
}

/** Compares the keys themselves: writers differ in headers and line ends. */
function samePublicKey(a: string, b: string): boolean {
  const body = (pem: string) => pem.replaceAll(/-----[^-]*-----|\s/g, "");
  return body(a) === body(b);
}
