/**
 * A minion's own key pair and what it keeps about its master's, in Salt's files.
 * (`salt/crypt.py:AsyncAuth.get_keys`)
 * @module
 */
import { join } from "node:path";
import { cleanKey } from "../crypt/mod.ts";
import { atomicWriteSync, ensureDir } from "../fs/mod.ts";
import { readKeyFile } from "./key_files.ts";
import { loadKeyPairFiles } from "./key_pair_files.ts";

/** A minion's pair: PEMs, the private one unencrypted, the public one cleaned as it is sent. */
export interface MinionKeys {
  privateKey: string;
  publicKey: string;
}

/**
 * Reads `minion.pem` and `minion.pub`, making them with `bits` when there are none. The folder is
 * made with mode 0700.
 * @throws SaltException that names the file and what to do.
 */
export async function loadMinionKeys(pkiDir: string, bits: number): Promise<MinionKeys> {
  ensureDir(pkiDir, 0o700);
  const pair = await loadKeyPairFiles({ folder: pkiDir, name: "minion", bits });
  return { privateKey: pair.privateKey, publicKey: cleanKey(pair.publicKey) };
}

/** Keys of masters that a minion keeps as files. */
export interface MasterKeyFiles {
  /** `minion_master.pub`: the master of the first contact. */
  readonly keyPath: string;
  /** `<master_sign_key_name>.pub`: put there by hand. */
  readonly verifyingKeyPath: string;
  /** The kept key; null when there is none. Read anew each time: removing the file is how trust is reset. */
  read(): string | null;
  readVerifying(): string | null;
  keep(key: string): void;
}

/** The files in `pkiDir`. A syndic keeps its master's key as `syndic_master.pub`. */
export function masterKeyFiles(
  pkiDir: string,
  signKeyName: string,
  keyName: string = "minion_master.pub",
): MasterKeyFiles {
  const keyPath = join(pkiDir, keyName);
  const verifyingKeyPath = join(pkiDir, `${signKeyName}.pub`);
  return {
    keyPath,
    verifyingKeyPath,
    read: () => readKeyFile(keyPath),
    readVerifying: () => readKeyFile(verifyingKeyPath),
    keep: (key) => atomicWriteSync(keyPath, key, { mode: 0o644 }),
  };
}
