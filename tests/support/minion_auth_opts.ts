/**
 * Options of a minion's channel for tests.
 * @module
 */
import type { MinionAuthOpts } from "../../src/channel/minion_options.ts";

/** Salt's defaults, with `changes`. */
export function minionAuthOpts(changes: Partial<MinionAuthOpts> = {}): MinionAuthOpts {
  return {
    pki_dir: "/nonexistent",
    keysize: 2048,
    hash_type: "sha256",
    master_finger: "",
    verify_master_pubkey_sign: false,
    always_verify_signature: false,
    master_sign_key_name: "master_sign",
    open_mode: false,
    autosign_grains: [],
    encryption_algorithm: "OAEP-SHA1",
    signing_algorithm: "PKCS1v15-SHA1",
    acceptance_wait_time: 10,
    acceptance_wait_time_max: 0,
    random_reauth_delay: 10,
    rejected_retry: false,
    auth_timeout: 5,
    auth_tries: 7,
    auth_safemode: false,
    request_channel_timeout: 60,
    request_channel_tries: 3,
    sign_pub_messages: false,
    minion_sign_messages: false,
    ...changes,
  };
}
