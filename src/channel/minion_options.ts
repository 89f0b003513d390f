/**
 * The options of a minion that its side of the channel honours; names and meaning are Salt's.
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";
import {
  type EncryptionAlgorithm,
  isEncryptionAlgorithm,
  isSigningAlgorithm,
  type SigningAlgorithm,
} from "../crypt/mod.ts";

/** A part of `MinionOpts`. Times in seconds. */
export interface MinionAuthOpts {
  readonly pki_dir: string;
  readonly keysize: number;
  readonly hash_type: string;
  readonly master_finger: string;
  readonly verify_master_pubkey_sign: boolean;
  readonly always_verify_signature: boolean;
  readonly master_sign_key_name: string;
  readonly open_mode: boolean;
  readonly autosign_grains: readonly unknown[];
  readonly encryption_algorithm: string;
  readonly signing_algorithm: string;
  readonly acceptance_wait_time: number;
  readonly acceptance_wait_time_max: number;
  readonly random_reauth_delay: number;
  readonly rejected_retry: boolean;
  readonly auth_timeout: number;
  readonly auth_tries: number;
  readonly auth_safemode: boolean;
  readonly request_channel_timeout: number;
  readonly request_channel_tries: number;
  readonly sign_pub_messages: boolean;
  readonly minion_sign_messages: boolean;
}

/** The RSA schemes that a minion uses with its master. */
export interface Algorithms {
  encryption: EncryptionAlgorithm;
  signing: SigningAlgorithm;
}

/** The schemes that the options name. Throws SaltConfigurationError. */
export function algorithmsOf(opts: MinionAuthOpts): Algorithms {
  const { encryption_algorithm: encryption, signing_algorithm: signing } = opts;
  if (!isEncryptionAlgorithm(encryption)) {
    throw new SaltConfigurationError(`Cannot use encryption_algorithm "${encryption}"`);
  }
  if (!isSigningAlgorithm(signing)) {
    throw new SaltConfigurationError(`Cannot use signing_algorithm "${signing}"`);
  }
  return { encryption, signing };
}
