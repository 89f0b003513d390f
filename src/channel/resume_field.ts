/**
 * How a master says that it knows `_resume`.
 * @module
 */

/**
 * The field of a signed answer to a sign-in by which a saltx master says that it answers `_resume`:
 * its minions then need no RSA to get another fleet key. Real minions do not look at it.
 */
export const RESUMES = "saltx_resume";
