/**
 * How a sign-in waits at the master for an operator's word, instead of coming again and again.
 * @module
 */

/**
 * The field of a signed answer to a sign-in by which a saltx master says that it keeps requests whose
 * key is pending, and the field of a request that says for how long: seconds. Real masters and minions
 * do not look at it.
 */
export const HOLD = "saltx_hold";

/** Seconds for which a master keeps a request at most: peers and what lies between forget idle links. */
export const MAX_HOLD = 60;
