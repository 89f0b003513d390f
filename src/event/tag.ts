/**
 * Event bytes and tags. (`salt/utils/event.py:SaltEvent.pack, unpack, tagify`)
 * @module
 */
import { SaltDeserializationError } from "../errors.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { DataMap, SaltEvent } from "../types/mod.ts";

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** No tag of Salt's comes near this; a longer run without the separator is not an event. */
const MAX_TAG = 1024;

/** `salt/<prefix>/<part>/…`, empty parts left out. */
export function tagify(prefix: string, ...parts: string[]): string {
  return ["salt", prefix, ...parts].filter((part) => part !== "").join("/");
}

/** The time of an event as Salt writes it: UTC, microseconds, no zone. */
export function eventStamp(now: Date): string {
  return now.toISOString().replace("Z", "000");
}

/** What stands where a value was too large for an event. (`salt/utils/dicttrim.py:trim_dict`) */
export const VALUE_TRIMMED = "VALUE_TRIMMED";

/**
 * One frame: tag, two newlines, msgpack map. `_stamp` is added where it is missing.
 * @param maxBytes of the map; the largest values of a larger one are left out. (`max_event_size`)
 */
export function packEvent(tag: string, data: DataMap, maxBytes = Infinity): Uint8Array {
  const stamped = "_stamp" in data ? data : { ...data, _stamp: eventStamp(new Date()) };
  let body = packLocal(stamped);
  if (body.length > maxBytes) body = packLocal(trimmed(stamped, body.length - maxBytes));
  const head = encoder.encode(tag);
  const frame = new Uint8Array(head.length + 2 + body.length);
  frame.set(head);
  frame[head.length] = NEWLINE;
  frame[head.length + 1] = NEWLINE;
  frame.set(body, head.length + 2);
  return frame;
}

/** The map without its largest values, until it is `excess` bytes shorter. */
function trimmed(data: DataMap, excess: number): DataMap {
  const sizes = Object.entries(data)
    .map(([key, value]) => ({ key, bytes: packLocal(value).length }))
    .sort((a, b) => b.bytes - a.bytes);
  const kept = { ...data };
  for (const { key, bytes } of sizes) {
    if (excess <= 0) break;
    kept[key] = VALUE_TRIMMED;
    excess -= bytes - VALUE_TRIMMED.length;
  }
  return kept;
}

/** Where the tag ends, or -1 when the frame is no event. */
function tagEnd(frame: Uint8Array): number {
  const limit = Math.min(frame.length - 1, MAX_TAG);
  for (let i = 0; i < limit; i++) if (frame[i] === NEWLINE && frame[i + 1] === NEWLINE) return i;
  return -1;
}

/** The tag alone, without reading the data; null when the frame is no event. */
export function eventTag(frame: Uint8Array): string | null {
  const end = tagEnd(frame);
  return end < 0 ? null : decoder.decode(frame.subarray(0, end));
}

/** @throws {SaltDeserializationError} when the frame is no event. */
export function unpackEvent(frame: Uint8Array): SaltEvent {
  const end = tagEnd(frame);
  if (end < 0) throw new SaltDeserializationError("Not an event: no tag in front");
  const data = unpack(frame.subarray(end + 2));
  if (data === null || typeof data !== "object" || Array.isArray(data)) {
    throw new SaltDeserializationError("Not an event: its data is not a map");
  }
  return { tag: decoder.decode(frame.subarray(0, end)), data: data as DataMap };
}
