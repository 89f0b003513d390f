/**
 * What can go wrong before a job is under way.
 * @module
 */
import { SaltClientError } from "../errors.ts";

/** Nobody is expected to answer, so nothing was sent. */
export class NoMinionsError extends SaltClientError {
  override name = "NoMinionsError";
  constructor() {
    super("No minions matched the target. No command was sent, no jid was assigned.", {
      exitCode: 2,
    });
  }
}
