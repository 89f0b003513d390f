/**
 * Listings of keys as operators see them.
 * @module
 */
import type { KeyState } from "../types/mod.ts";
import type { KeyListing } from "./key_store.ts";

/** All ids by state, in Salt's order. */
export function listingOf(ids: (state: KeyState) => string[]): KeyListing {
  const sorted = (state: KeyState) => sortIgnoringCase(ids(state));
  return {
    accepted: sorted("accepted"),
    pending: sorted("pending"),
    rejected: sorted("rejected"),
    denied: sorted("denied"),
  };
}

/** Salt's order of listings: by lower case, else as found. (`salt/utils/data.py:sorted_ignorecase`) */
export function sortIgnoringCase(names: string[]): string[] {
  const keyed = names.map((name) => [name.toLowerCase(), name] as const);
  keyed.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return keyed.map(([, name]) => name);
}
