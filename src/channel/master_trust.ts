/**
 * Whether a minion trusts the master that answers. No I/O.
 * (`salt/crypt.py:AsyncAuth.verify_master, check_auth_deps, verify_signing_master`)
 * @module
 */
import { bareKey, cleanKey, pemFinger, publicKeyOf, verifyPublicKey } from "../crypt/mod.ts";
import { AuthenticationError, EX, messageOf } from "../errors.ts";
import type { DataMap } from "../types/mod.ts";
import { algorithmsOf, type MinionAuthOpts } from "./minion_options.ts";
import { textField } from "./wire_bytes.ts";

/** What a minion knows about its master before the master answers. */
export interface KnownMaster {
  /** The master's public key as kept from the first contact; null before that. */
  key: string | null;
  /** Where that is kept, for messages. */
  keyPath: string;
  /** The key that signs master keys (`<master_sign_key_name>.pub`); null when there is none. */
  verifyingKey: string | null;
  verifyingKeyPath: string;
}

/** A master key that is trusted. */
export interface TrustedKey {
  /** PEM, cleaned. */
  key: string;
  /** Whether it is the one that was known, so that the token in the request was for it. */
  known: boolean;
  /** Whether it is to be kept from now on. */
  keep: boolean;
}

/**
 * The key in an accepted answer, if it is to be trusted: on first contact, when it is the known one,
 * or when the verifying key vouches for it. Throws AuthenticationError that says what to do;
 * exit code 42 when `master_finger` is another.
 */
export function trustMaster(body: DataMap, known: KnownMaster, opts: MinionAuthOpts): TrustedKey {
  const offered = textField(body, "pub_key");
  const key = cleanKey(offered);
  try {
    publicKeyOf(key);
  } catch (error) {
    throw new AuthenticationError(`The master sent no usable public key: ${messageOf(error)}`);
  }
  checkFinger(key, opts);
  checkSigning(body, opts);
  const same = known.key !== null && bareKey(known.key.trim()) === bareKey(key);
  const compares = known.key !== null && !opts.open_mode;
  if (opts.verify_master_pubkey_sign) {
    if (!(compares && same) || opts.always_verify_signature) {
      checkVouched(offered, textOrBytes(body["pub_sig"]), known, opts);
    }
    return { key, known: same, keep: !same };
  }
  if (compares && !same) throw keyChanged(known, opts);
  return { key, known: same, keep: known.key === null };
}

function checkFinger(key: string, opts: MinionAuthOpts): void {
  const wanted = opts.master_finger.trim().toLowerCase();
  if (wanted === "") return;
  const finger = pemFinger(key, opts.hash_type);
  if (finger === wanted) return;
  throw new AuthenticationError(
    `The specified fingerprint in the minion configuration file (master_finger ${wanted}) does not ` +
      `match the authenticating master's key (${finger}, ${opts.hash_type}). Verify that the ` +
      "configured fingerprint is the one that `saltx key -F master` shows for master.pub on the " +
      "right master, and that this minion is not subject to a man-in-the-middle attack",
    { exitCode: EX.MASTER_KEY },
  );
}

/** Both or neither: a minion that checks signatures must get one, and the other way round. */
function checkSigning(body: DataMap, opts: MinionAuthOpts): void {
  const signed = body["pub_sig"] !== undefined;
  if (signed && !opts.verify_master_pubkey_sign) {
    throw new AuthenticationError(
      "The master sent its public-key signature, but signature verification is not enabled on the " +
        "minion: set verify_master_pubkey_sign here, or unset master_sign_pubkey on the master",
    );
  }
  if (!signed && opts.verify_master_pubkey_sign) {
    throw new AuthenticationError(
      "The master did not send its public-key signature, but signature verification is enabled on " +
        "the minion: unset verify_master_pubkey_sign here, or set master_sign_pubkey on the master",
    );
  }
}

function textOrBytes(value: DataMap[string] | undefined): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === "string" ? value : "";
}

function checkVouched(
  offered: string,
  signature: string,
  known: KnownMaster,
  opts: MinionAuthOpts,
): void {
  if (known.verifyingKey === null) {
    throw new AuthenticationError(
      `Cannot verify the master's public key: "${known.verifyingKeyPath}" does not exist. Copy ` +
        `${opts.master_sign_key_name}.pub from the master's pki_dir to there`,
    );
  }
  const { signing } = algorithmsOf(opts);
  let why = "";
  try {
    if (verifyPublicKey(known.verifyingKey, offered, signature, signing)) return;
  } catch (error) {
    why = ` (${messageOf(error)})`;
  }
  throw new AuthenticationError(
    "The signature on the master's public key does not hold: is " +
      `"${known.verifyingKeyPath}" up to date?${why}`,
  );
}

function keyChanged(known: KnownMaster, opts: MinionAuthOpts): AuthenticationError {
  const finger = pemFinger(known.key as string, opts.hash_type);
  return new AuthenticationError(
    "The master key has changed, the salt master could have been subverted, verify salt master's " +
      `public key. This minion knows the master by the key ${finger} (${opts.hash_type}). If you are ` +
      `confident that the master now has another key, remove "${known.keyPath}" on this minion`,
  );
}
