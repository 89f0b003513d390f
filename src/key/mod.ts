/**
 * Keys: the public keys of minions as a master keeps them, and the master's own.
 * @module
 */
export { parseSigningFile } from "./auto_key.ts";
export type {
  KeyAction,
  KeyChange,
  KeyListing,
  KeyRef,
  KeyStore,
  OfferFacts,
  Verdict,
} from "./key_store.ts";
export type { MasterKeys } from "./master_keys.ts";
export type { KeyStoreOptions } from "./options.ts";
export { KeyChangeError, PkiKeyStore, type PkiKeyStoreParts } from "./pki_key_store.ts";
export { KEY_STATES, STATE_FOLDERS, stateOfFolder } from "./states.ts";
export { cleanKey, sameKey } from "./verdict.ts";
