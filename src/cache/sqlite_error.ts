/**
 * What SQLite's errors mean for a store and its user.
 * @module
 */
import { EX, messageOf, SaltException } from "../errors.ts";

/** Kinds of failure that a store tells apart. */
export type StoreFault = "corrupt" | "full" | "busy" | "denied" | "io" | "newer" | "other";

/** A store could not do its work. The caller goes on without it, or says no to its own caller. */
export class StoreError extends SaltException {
  override name = "StoreError";
  readonly fault: StoreFault;
  constructor(message: string, fault: StoreFault, cause?: unknown) {
    super(message, { cause, exitCode: fault === "denied" ? EX.NOPERM : EX.GENERIC });
    this.fault = fault;
  }
}

/** Primary result codes of SQLite. (https://sqlite.org/rescode.html) */
const faults: Record<number, StoreFault> = {
  3: "denied",
  5: "busy",
  6: "busy",
  8: "denied",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "denied",
  26: "corrupt",
};

/** For errors that come without their code: Deno leaves it out when it prepares a statement. */
const faultTexts: [RegExp, StoreFault][] = [
  [/not a database|malformed|corrupt/i, "corrupt"],
  [/disk is full/i, "full"],
  [/locked/i, "busy"],
  [/readonly|unable to open|permission/i, "denied"],
  [/disk I\/O/i, "io"],
];

const advice: Record<StoreFault, string> = {
  corrupt: "the file is damaged",
  full: "no space left on its disk; free some, or move cachedir to a larger one",
  busy: "another process holds it for too long; see which one has the file open",
  denied: "permission denied; run as the user that the master runs as",
  io: "the disk reports an error; see the kernel's log",
  newer: "it was written by a newer version; use that version, or move the file away",
  other: "",
};

/** Which fault an error from `node:sqlite` stands for; null for what does not come from SQLite. */
export function faultOf(error: unknown): StoreFault | null {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  if (code !== "ERR_SQLITE_ERROR") return null;
  if (typeof errcode === "number") return faults[errcode & 0xff] ?? "other";
  return faultTexts.find(([pattern]) => pattern.test(message ?? ""))?.[1] ?? "other";
}

/** The error to show for what SQLite threw about the store in `path`. Other errors come back as they are. */
export function storeError(path: string, error: unknown): unknown {
  const fault = faultOf(error);
  if (fault === null) return error;
  const why = advice[fault] || messageOf(error);
  return new StoreError(`Cannot use the store "${path}": ${why}`, fault, error);
}
