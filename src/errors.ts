/**
 * Every error class that a caller tells apart, and the exit codes. Names are Salt's.
 *
 * An error that is the user's or a peer's doing is a {@linkcode SaltException}: the CLI prints its
 * message alone. Anything else is a defect and keeps its stack.
 * @module
 */

/** Exit codes. (`salt.defaults.exitcodes`) */
export const EX = {
  OK: 0,
  GENERIC: 1,
  /** A state run had failures, or the pillar did. */
  STATE_FAILURE: 2,
  /** The master's key is not the expected one. */
  MASTER_KEY: 42,
  USAGE: 64,
  NOUSER: 67,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  CANTCREAT: 73,
  NOPERM: 77,
} as const;

/** The base of all errors whose message is for the user. */
export class SaltException extends Error {
  override name = "SaltException";
  /** With which code a command line tool ends. */
  readonly exitCode: number;
  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? EX.GENERIC;
  }
}

/** A setting is wrong; the message names file, line and key where there is one. */
export class SaltConfigurationError extends SaltException {
  override name = "SaltConfigurationError";
}
/** A text is not the YAML it should be. */
export class YamlError extends SaltException {
  override name = "YamlError";
  readonly reason: string;
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  constructor(
    reason: string,
    place: { file: string | undefined; line: number; column: number },
  ) {
    const where = place.file === undefined ? "YAML" : `"${place.file}"`;
    super(`Cannot parse ${where}, line ${place.line}, column ${place.column}: ${reason}`);
    this.reason = reason;
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
  }
}
/** A function was called with arguments that it does not take. */
export class SaltInvocationError extends SaltException {
  override name = "SaltInvocationError";
}
/** A function could not do its work. */
export class CommandExecutionError extends SaltException {
  override name = "CommandExecutionError";
  /** What states want to know besides the message: `changes` that came about all the same. */
  readonly info: unknown;
  constructor(
    message: string,
    options: ErrorOptions & { exitCode?: number; info?: unknown } = {},
  ) {
    super(message, options);
    this.info = options.info;
  }
}
/** A program that a function needs is not installed. */
export class CommandNotFoundError extends SaltException {
  override name = "CommandNotFoundError";
}
/** A peer did not answer in time. */
export class SaltReqTimeoutError extends SaltException {
  override name = "SaltReqTimeoutError";
}
/** The master or its CLI interface is not there. */
export class SaltClientError extends SaltException {
  override name = "SaltClientError";
}
/** Who are you: a key, signature or password does not hold. */
export class AuthenticationError extends SaltException {
  override name = "AuthenticationError";
}
/** You may not: the rules do not allow this. */
export class AuthorizationError extends SaltException {
  override name = "AuthorizationError";
}
/** Bytes from a peer are not what the protocol says. */
export class SaltDeserializationError extends SaltException {
  override name = "SaltDeserializationError";
}
/** The master refused or could not do a publication. */
export class PublishError extends SaltException {
  override name = "PublishError";
}
/** A plug-in could not be registered or found. */
export class LoaderError extends SaltException {
  override name = "LoaderError";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
