/**
 * What a responder counts.
 * @module
 */

/** What it did. */
export const EVENTS: readonly string[] = [
  "hellos",
  "retries",
  "cookies",
  "initiates",
  "handshakes",
  "resets",
  "closed",
  "reaped",
];

/** Why it dropped packets of those it does not know. */
export const DROPS: readonly string[] = [
  "legacy",
  "badMagic",
  "badVersion",
  "badMac",
  "badCookie",
  "usedCookie",
  "badJoin",
  "duplicates",
  "limited",
  "unknownCid",
];
