/**
 * Signing in again without RSA, an extension of saltx: a minion that holds the key of its own session
 * asks for the keys in force under it. A herd that comes back after a restart, a rotation or a deletion
 * of a key costs the master a fifth of what signing in would.
 *
 * The session key is derived from the accepted public key, so whoever lost its acceptance has none; it
 * turns with `publish_session`, and minions sign in by RSA once in that time. Masters say in the signed
 * answer to a sign-in that they know this; real Salt's minions do not ask.
 * @module
 */
import type { Caller } from "../../channel/gate.ts";
import type { Data } from "../../types/mod.ts";
import { getLogger } from "../../logging/mod.ts";

const log = getLogger("saltx.auth");

/** What answering needs. */
export interface ResumeParts {
  fleetKey(): string;
  publishPort: number;
  /** The key string of a minion's session for now; null when its key is not accepted. */
  sessionKey(id: string): string | null;
  noteSignIn(id: string): void;
}

/** The keys in force, or an empty map when the minion has to sign in. */
export function resume(parts: ResumeParts, caller: Caller): Data {
  const { id, proven, version } = caller;
  const session = id !== null && proven && version >= 3 ? parts.sessionKey(id) : null;
  if (id === null || session === null) return {};
  parts.noteSignIn(id);
  log.info(() => `${id} goes on with its session`);
  return { aes: parts.fleetKey(), session, publish_port: parts.publishPort };
}
