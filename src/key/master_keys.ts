/**
 * The master's own key pairs: made at the first start, read at every later one.
 * (`salt/crypt.py:MasterKeys`)
 * @module
 */

/** What a master identifies itself by. All are PEM texts, so that they can be handed to threads. */
export interface MasterKeys {
  /** `master.pem`, decrypted. */
  readonly privateKey: string;
  /** `master.pub`, cleaned: as minions get it. */
  readonly publicKey: string;
  /** With `master_sign_pubkey` and no prepared signature: the private key that signs `publicKey` for each sign-in. */
  readonly signingKey: string | null;
  /** With `master_use_pubkey_signature`: the prepared signature, base64 text as it goes on the wire. */
  readonly publicKeySignature: string | null;
}
