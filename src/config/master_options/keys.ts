/**
 * Keys and sessions.
 * @module
 */
import { anything, bool, choice, int, list, oneOf, optional, path, str } from "../option.ts";

/** Options of the master. */
export const masterKeys = {
  autosign_file: optional(
    path("", "yes", "File of ids, patterns and expressions; keys of such ids are accepted."),
  ),
  autoreject_file: optional(
    path(
      "",
      "yes",
      "File of ids, patterns and expressions; keys of such ids are rejected. Wins over `autosign_file`.",
    ),
  ),
  autosign_grains_dir: optional(
    path(
      "",
      "yes",
      "Folder with a file for each grain; a minion that has one of its values is accepted.",
    ),
  ),
  key_cache: str("", "no", "Keep a list of accepted keys; saltx reads the folders fast enough."),
  key_logfile: str("/var/log/salt/key", "yes", "Log file of key decisions.", {
    rooted: true,
    emptyIsNone: true,
  }),
  key_pass: oneOf(["null", "str"], null, "yes", "Passphrase of the master's private key."),
  signing_key_pass: oneOf(["null", "str"], null, "yes", "Passphrase of the signing key."),
  cluster_key_pass: oneOf(["null", "str"], null, "no", "Passphrase of the cluster's key."),
  max_minions: int(0, "yes", "How many minions may be accepted; 0 for any number.", { min: 0 }),
  rotate_aes_key: bool(true, "yes", "Change the session key when a minion's key is deleted."),
  publish_session: int(86400, "yes", "Seconds until the session key is changed.", { min: 0 }),
  ping_on_rotate: bool(
    false,
    "yes",
    "Ping all minions when the session key changed, so that they take the new one.",
  ),
  preserve_minion_cache: bool(false, "yes", "Keep a minion's cached data when its key is deleted."),
  allow_minion_key_revoke: bool(
    true,
    "yes",
    "Let a minion have its own key rejected (`saltutil.revoke_auth`).",
  ),
  master_sign_pubkey: bool(false, "yes", "Sign the public key in answers to minions."),
  master_pubkey_signature: str(
    "master_pubkey_signature",
    "yes",
    "File with a ready signature of the public key.",
  ),
  master_use_pubkey_signature: bool(
    false,
    "yes",
    "Send the ready signature instead of signing each time.",
  ),
  minimum_auth_version: int(
    2,
    "yes",
    "Oldest protocol that minions may speak. Salt's default of 3 shuts out minions before 3006.17; saltx serves version 2 too, unless told otherwise.",
    { min: 0, max: 3 },
  ),
  publish_signing_algorithm: choice(
    "PKCS1v15-SHA1",
    ["PKCS1v15-SHA1", "PKCS1v15-SHA224"],
    "yes",
    "Padding and hash of signatures on publications.",
  ),
  request_server_aes_session: int(
    0,
    "later",
    "Seconds a minion's own session key lasts; 0 for no such keys.",
    { min: 0 },
  ),
  request_server_ttl: int(0, "yes", "Seconds after which a request counts as stale; 0 for never.", {
    min: 0,
  }),
  require_minion_sign_messages: bool(
    false,
    "later",
    "Refuse returns and events that a minion has not signed.",
  ),
  drop_messages_signature_fail: bool(false, "later", "Drop messages whose signature is wrong."),
  auth_mode: int(1, "no", "Unused."),
  auth_events: bool(true, "yes", "Fire an event for each authentication."),
  auth_events_autosign_grains: optional(list([], "no", "Grains shown in authentication events.")),
  auth_events_pend_autosign_grains: anything(
    false,
    "no",
    "Show grains of minions that wait for acceptance.",
  ),
};
