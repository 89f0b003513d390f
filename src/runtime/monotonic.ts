/**
 * A clock that never goes back. `performance` would do, but for Node's loading of it, which takes longer
 * than most tools need.
 * @module
 */

/** ms since some moment of the past, with fractions. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
