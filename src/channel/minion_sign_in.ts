/**
 * Signing in, with its waits: while the key is pending, while nobody answers, before giving up.
 * (`salt/crypt.py:AsyncAuth._authenticate, sign_in`)
 * @module
 */
import { AuthenticationError, EX, SaltClientError, SaltReqTimeoutError } from "../errors.ts";
import type { MasterKeyFiles } from "../key/mod.ts";
import type { Logger } from "../logging/mod.ts";
import type { RequestClient } from "../transport/types.ts";
import type { DataMap } from "../types/mod.ts";
import type { Clock } from "./clock.ts";
import type { KnownMaster } from "./master_trust.ts";
import {
  buildSignIn,
  judgeAnswer,
  type MasterAnswer,
  type MinionIdentity,
  type SignInVerdict,
} from "./minion_auth.ts";
import type { MinionAuthOpts } from "./minion_options.ts";

/** ms between attempts when the options say none: a master is not to be flooded. */
const LEAST_WAIT_MS = 100;

/** Who signs in where, and with what. */
export interface SignInParts {
  identity: MinionIdentity;
  opts: MinionAuthOpts;
  masterUri: string;
  client: RequestClient;
  masterKeys: MasterKeyFiles;
  /** All grains; of these, `autosign_grains` are sent. */
  grains: () => DataMap | Promise<DataMap>;
  /** False: a key that is not accepted ends the sign-in at once (`salt-call`). */
  waitWhilePending: boolean;
  clock: Clock;
  log: Logger;
}

/**
 * Signs in once, however long that takes.
 * @throws AuthenticationError with exit code 77 when the key is refused, 42 when `master_finger` is
 * another; SaltClientError when nobody answers (unless `auth_safemode`); the signal's reason.
 */
export async function signInToMaster(
  parts: SignInParts,
  signal: AbortSignal,
): Promise<MasterAnswer> {
  const { opts, log, clock } = parts;
  let wait = opts.acceptance_wait_time;
  // Whether the next request is to wait at the master, so that a decision is heard of at once.
  let holds = false;
  for (;;) {
    // A tenth more or less, so that a fleet does not ask in step.
    const spread = wait * (0.9 + clock.random() * 0.2);
    const asked = clock.now().getTime();
    const verdict = await askForVerdict(parts, holds ? spread : 0, signal);
    if (verdict.next === "accepted") return verdict.answer;
    if (verdict.next === "refused") await refused(parts, signal);
    else if (!parts.waitWhilePending) throw stillPending();
    else {
      log.error(
        "The Salt Master has cached the public key for this node, this salt minion will wait for " +
          `${wait} seconds before attempting to re-authenticate`,
      );
    }
    const heldBefore = holds;
    holds = verdict.next === "pending" && verdict.holds;
    if (holds && !heldBefore) continue;
    const held = clock.now().getTime() - asked;
    await clock.sleep(Math.max(LEAST_WAIT_MS, spread * 1000 - held), signal);
    if (wait < opts.acceptance_wait_time_max) wait = Math.max(wait * 2, 1);
  }
}

function stillPending(): AuthenticationError {
  return new AuthenticationError(
    "Minion failed to authenticate with the master, has the minion key been accepted?",
    { exitCode: 2 },
  );
}

/** Returns when it is to be tried again; else throws after a while, for service managers restart at once. */
async function refused(parts: SignInParts, signal: AbortSignal): Promise<void> {
  const { opts, log, clock, identity } = parts;
  const repair = `To repair this issue, delete the public key for this minion on the Salt Master ` +
    `(saltx key -d ${identity.id})`;
  if (opts.rejected_retry) {
    log.error(
      `The Salt Master has rejected this minion's public key. ${repair}. ` +
        "The Salt Minion will attempt to re-authenticate",
    );
    return;
  }
  const message =
    `The Salt Master has rejected this minion's public key! ${repair} and restart this minion`;
  log.critical(`${message}. The Salt Minion will now exit`);
  if (parts.waitWhilePending) await clock.sleep(10_000 + clock.random() * 10_000, signal);
  throw new AuthenticationError(message, { exitCode: EX.NOPERM });
}

/** Asks until there is an answer, which the master may keep back for `hold` seconds, and judges it. */
async function askForVerdict(
  parts: SignInParts,
  hold: number,
  signal: AbortSignal,
): Promise<SignInVerdict> {
  const { opts, log, masterUri } = parts;
  const tries = Math.max(1, opts.auth_tries);
  for (;;) {
    for (let attempt = 1; attempt <= tries; attempt++) {
      // A master that was lost with the first request is to be found again soon.
      const held = attempt === 1 ? Math.round(hold * 10) / 10 : 0;
      const verdict = await askOnce(parts, held, signal);
      if (verdict !== null) return verdict;
      log.warning(
        `No answer from the master at ${masterUri} within ${opts.auth_timeout + held} s ` +
          `(attempt ${attempt} of ${tries}). Is a master running there, and does a firewall let ` +
          "this minion through to that port?",
      );
    }
    if (!opts.auth_safemode) {
      throw new SaltClientError(
        `Attempt to authenticate with the salt master failed with timeout error: nobody answers at ${masterUri}`,
      );
    }
    const seconds = parts.clock.random() * opts.random_reauth_delay;
    await parts.clock.sleep(Math.max(LEAST_WAIT_MS, seconds * 1000), signal);
  }
}

/** Null: nobody answered. */
async function askOnce(
  parts: SignInParts,
  hold: number,
  signal: AbortSignal,
): Promise<SignInVerdict | null> {
  const { client, identity, masterKeys, opts } = parts;
  const known: KnownMaster = {
    key: masterKeys.read(),
    keyPath: masterKeys.keyPath,
    verifyingKey: opts.verify_master_pubkey_sign ? masterKeys.readVerifying() : null,
    verifyingKeyPath: masterKeys.verifyingKeyPath,
  };
  const request = buildSignIn(identity, known, opts, await autosignGrains(parts), hold);
  const timeoutMs = (Math.max(1, opts.auth_timeout) + hold) * 1000;
  let reply: Uint8Array;
  try {
    reply = await client.request(request.payload, { timeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SaltReqTimeoutError) return null;
    throw error;
  }
  const verdict = judgeAnswer(reply, request, identity, known, opts);
  if (verdict.next === "accepted") keepMaster(parts, verdict.answer, known);
  return verdict;
}

async function autosignGrains(parts: SignInParts): Promise<DataMap> {
  const names = parts.opts.autosign_grains.filter((name) => typeof name === "string");
  if (names.length === 0) return {};
  const grains = await parts.grains();
  return Object.fromEntries(names.map((name) => [name, grains[name] ?? null]));
}

function keepMaster(parts: SignInParts, answer: MasterAnswer, known: KnownMaster): void {
  const { masterKeys, log, opts, masterUri } = parts;
  if (!answer.master.keep) return;
  masterKeys.keep(answer.master.key);
  if (known.key !== null) {
    log.warning(
      `The master at ${masterUri} has a new key, and ${opts.master_sign_key_name}.pub vouches for it; ` +
        `kept as "${known.keyPath}"`,
    );
  } else log.info(`Trusting the key of the master at ${masterUri}; kept as "${known.keyPath}"`);
}
