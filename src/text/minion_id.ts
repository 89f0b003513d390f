/**
 * Which texts may be minion ids.
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";
import type { MinionId } from "../types/mod.ts";

/** Bytes of UTF-8 an id may have: with a suffix it must still be a file name. */
const MAX_BYTES = 253;

// deno-lint-ignore no-control-regex -- these are what the rule is about
const FORBIDDEN = /[\0-\x1f\x7f/\\]/;

/**
 * Whether `value` can be a minion id: text of 1 to 253 bytes without `/`, `\`, NUL or other control
 * characters, and not beginning with a dot, since a key's file has the id as its name and Salt
 * hides such files. (`salt/utils/verify.py:valid_id`, which allows a leading dot and any length)
 */
export function isValidMinionId(value: unknown): value is MinionId {
  if (typeof value !== "string" || value === "" || value.startsWith(".")) return false;
  if (value.length > MAX_BYTES || FORBIDDEN.test(value) || !value.isWellFormed()) return false;
  return new TextEncoder().encode(value).length <= MAX_BYTES;
}

/** `value` as a minion id. Throws SaltConfigurationError that says what an id may be. */
export function parseMinionId(value: unknown): MinionId {
  if (isValidMinionId(value)) return value;
  const shown = (typeof value === "string" ? JSON.stringify(value) : String(value)).slice(0, 80);
  throw new SaltConfigurationError(
    `Cannot use ${shown} as minion id: it must be 1 to ${MAX_BYTES} bytes of text without "/", "\\" ` +
      "and control characters, and not begin with a dot",
  );
}
