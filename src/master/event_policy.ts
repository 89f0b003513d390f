/**
 * Which events a minion may put on the master's bus. A bus reader trusts tags: a minion must not be
 * able to speak as the master or as another minion.
 * (`salt/daemons/masterapi.py:MINION_EVENT_BLACKLIST`, CVE-2025-22239)
 * @module
 */

/** What only the master says. */
const MASTER_ONLY = [
  /^salt\/(auth|key|presence|cloud|run|wheel|cluster|stats|fileserver|queue|raet)(\/|$)/,
  /^salt\/job\/[^/]+\/(publish|new|return|ret|error)(\/|$)/,
  /^saltx\//,
  /^(key|\d{20}(_\d+)?)$/,
];

/** Tags that carry the sender's id. */
const OWN_ONLY = [
  /^salt\/minion\/([^/]+)(?:\/|$)/,
  /^salt\/beacon\/([^/]+)(?:\/|$)/,
  /^salt\/syndic\/([^/]+)(?:\/|$)/,
  /^syndic\/([^/]+)(?:\/|$)/,
  /^salt\/job\/[^/]+\/prog\/([^/]+)(?:\/|$)/,
  /^salt\/job\/[^/]+\/sub\/([^/]+)(?:\/|$)/,
  /^salt\/state_result\/[^/]+\/([^/]+)(?:\/|$)/,
  /^(?:salt\/)?minion\/refresh\/([^/]+)$/,
];

/** Tags longer than this are no tags. */
const MAX_TAG = 512;

/** Null when minion `id` may fire `tag`, else why not. */
export function refuseEvent(id: string, tag: string): string | null {
  if (tag === "" || tag.length > MAX_TAG || tag.includes("\n")) return "it is not a valid tag";
  if (MASTER_ONLY.some((pattern) => pattern.test(tag))) return "only the master fires it";
  for (const pattern of OWN_ONLY) {
    const owner = pattern.exec(tag)?.[1];
    if (owner !== undefined && owner !== id) return `it belongs to ${owner}`;
  }
  return null;
}
