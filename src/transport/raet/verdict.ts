/**
 * The responder's word on a join. (docs/raet.md, sections 4.3 and 7)
 * @module
 */
import { FrameCode } from "./frames.ts";
import type { Writer } from "./wire.ts";

/** What a master decides about who joins. */
export const VerdictStatus = {
  ACCEPTED: 0,
  PENDING: 1,
  REJECTED: 2,
  DENIED: 3,
  FULL: 4,
  BUSY: 5,
} as const;

/** Names of {@linkcode VerdictStatus}, by number. */
export const VERDICT_NAMES = ["accepted", "pending", "rejected", "denied", "full", "busy"] as const;

/** A verdict as a frame has it. */
export interface Verdict {
  status: number;
  /** s after which to ask again. */
  retryAfter: number;
  /** s over which minions should spread their return after a restart of the master. */
  spread: number;
  record: Uint8Array;
}

/** Bytes of a verdict besides its record. */
export const VERDICT_BYTES = 8;

/** Writes the frame VERDICT. */
export function writeVerdict(w: Writer, verdict: Verdict): void {
  w.u8(FrameCode.VERDICT);
  w.u8(verdict.status);
  w.u16(verdict.retryAfter);
  w.u16(verdict.spread);
  w.u16(verdict.record.length);
  w.raw(verdict.record);
}
