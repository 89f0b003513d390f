/**
 * Waiting for what other programs do.
 * @module
 */

/** ms between two looks. */
const INTERVAL = 50;

/**
 * Looks until `probe` gives something other than null, undefined or false, and returns that. What
 * `probe` throws counts as not yet.
 * @param timeoutMs how long it may take at most; a machine under load is slow.
 * @throws Error naming `what`, and the last error, when the time is up.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  while (true) {
    try {
      const found = await probe();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const why = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
