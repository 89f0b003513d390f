/**
 * A minion's word (SUB) on whether it takes publications.
 * @module
 */

/** What it says from now on: publish to me. */
export const LISTENING = new Uint8Array(0);

/** What it says when it has gone to another master and only its last returns are still to come. */
export const NOT_LISTENING = Uint8Array.of(0);

/** Whether a word means that the minion listens. */
export function saysListening(word: Uint8Array): boolean {
  return word[0] !== NOT_LISTENING[0];
}
