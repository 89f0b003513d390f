/**
 * Why a message did not get to a remote.
 * @module
 */
import { SaltClientError } from "../../errors.ts";

/** What became of a message that was not delivered. */
export type Failure =
  | "expired"
  | "rejected"
  | "restarted"
  | "revoked"
  | "refused"
  | "queue full"
  | "too large"
  | "closed";

/** A message that was not delivered; the text names the remote and what to do. */
export class RoadError extends SaltClientError {
  override name = "RoadError";
  readonly failure: Failure;
  constructor(failure: Failure, message: string, options: { exitCode?: number } = {}) {
    super(message, options);
    this.failure = failure;
  }
}
