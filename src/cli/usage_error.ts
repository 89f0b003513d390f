/**
 * What is wrong with a command line.
 * @module
 */
import { EX, SaltException } from "../errors.ts";

/** The command line cannot be read. Shown with the usage line; exit code 64. (`optparse.error`) */
export class UsageError extends SaltException {
  override name = "UsageError";
  constructor(message: string) {
    super(message, { exitCode: EX.USAGE });
  }
}
