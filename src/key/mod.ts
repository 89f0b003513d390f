/**
 * Keys: the public keys of minions as a master keeps them, and the master's own.
 * @module
 */
export { parseSigningFile } from "./auto_key.ts";
export { dropFilePath, requestRotation } from "./drop_file.ts";
export { createKeyPairFiles, type KeyPairFiles, loadKeyPairFiles } from "./key_pair_files.ts";
export type {
  KeyAction,
  KeyChange,
  KeyListing,
  KeyRef,
  KeyStore,
  OfferFacts,
  Verdict,
} from "./key_store.ts";
export {
  DEFAULT_SIGNATURE_FILE,
  type MasterKeyOptions,
  type MasterKeys,
  openMasterKeys,
} from "./master_keys.ts";
export {
  loadMinionKeys,
  type MasterKeyFiles,
  masterKeyFiles,
  type MinionKeys,
} from "./minion_keys.ts";
export { EstateKeyStore, keyFinger } from "./estate_key_store.ts";
export { sortIgnoringCase } from "./listing.ts";
export type { KeyStoreOptions } from "./options.ts";
export { KeyChangeError, PkiKeyStore, type PkiKeyStoreParts } from "./pki_key_store.ts";
export { KEY_STATES, STATE_FOLDERS, stateOfFolder } from "./states.ts";
export { sameKey } from "./verdict.ts";
