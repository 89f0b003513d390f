/**
 * Errors of sockets, told apart by `code`.
 * @module
 */

/** What went wrong with a socket; `code` is a POSIX name, or `ECLOSED`. */
export class ZmqError extends Error {
  override name = "ZmqError";
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The socket is closed. */
export function closedError(): ZmqError {
  return new ZmqError("ECLOSED", "The socket is closed");
}

/** Nothing came in time. */
export function timeoutError(): ZmqError {
  return new ZmqError("EAGAIN", "No message came in time");
}

/** More sends wait for one socket than may. */
export function floodedError(limit: number): ZmqError {
  return new ZmqError("ENOBUFS", `${limit} messages already wait for this socket`);
}

/** The `code` of anything thrown. */
export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}
