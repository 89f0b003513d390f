/**
 * Why a message did not get to a remote.
 * @module
 */
import { SaltClientError } from "../../errors.ts";
import { RejectCode } from "./frames.ts";

/**
 * What became of a message that was not delivered.
 *
 * `unreachable`   there is no session with the remote
 * `expired`       the remote did not take it in its time
 * `refused`       the remote does not take such messages from here
 * `rejected key`  one side does not take the other's key (any more)
 * `too large`     over one of the two sides' `raet_max_message`
 * `overloaded`    too much waits for the remote, or at it
 * `restarted`     the remote was started anew and knows nothing of it
 * `closed`        one side ended
 */
export type Failure =
  | "unreachable"
  | "expired"
  | "refused"
  | "rejected key"
  | "too large"
  | "overloaded"
  | "restarted"
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

const REJECTIONS: Readonly<Record<number, [failure: Failure, advice: string]>> = {
  [RejectCode.NOT_ALLOWED]: ["refused", "it may not be sent from here"],
  [RejectCode.NO_YARD]: ["refused", "start the program that opens it"],
  [RejectCode.NO_SHARE]: ["refused", "check its name"],
  [RejectCode.TOO_BIG]: ["too large", "raise raet_max_message there, or send less"],
  [RejectCode.NO_MEMORY]: ["overloaded", "try again later, or raise raet_rx_memory there"],
  [RejectCode.BUSY]: ["overloaded", "try again later"],
  [RejectCode.TIMEOUT]: ["expired", "the path to it is too slow or was cut"],
};

/** What a remote's REJECT means for the sender. */
export function rejection(remote: string, code: number, text: string): RoadError {
  const [failure, advice] = REJECTIONS[code] ?? ["refused", "see its log"];
  const why = text === "" ? `code ${code}` : text;
  return new RoadError(failure, `${remote} did not take a message: ${why} (${advice})`);
}
