import assert from "node:assert/strict";
import { test } from "node:test";
import { eventTag, packEvent, tagify, unpackEvent } from "../../../src/event/tag.ts";
import { assertShown, b64, loadVectors } from "../../support/vectors.ts";

const vectors = loadVectors("events.json");

test("tagify() joins as Salt does", () => {
  for (const { prefix, suffix, result } of vectors.tagify) {
    if (suffix === null) continue;
    assert.equal(tagify(prefix, ...[suffix].flat()), result);
  }
});

test("unpackEvent() splits at the first double newline, packEvent() makes Salt's bytes", () => {
  for (const event of vectors.packed) {
    const bytes = b64(event.event_b64);
    const { tag, data } = unpackEvent(bytes);
    assert.equal(tag, event.unpacked[0]);
    assert.equal(eventTag(bytes), event.tag);
    assertShown(data, event.unpacked[1], tag);
    assert.deepEqual(packEvent(tag, data), bytes);
  }
});

test("unpackEvent() reads every event of a real master's bus", () => {
  for (const event of vectors.captured_bus.events) {
    const { tag, data } = unpackEvent(b64(event.event_b64));
    assert.equal(tag, event.tag);
    assertShown(data, event.data, tag);
  }
});
