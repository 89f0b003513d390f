import assert from "node:assert/strict";
import { test } from "node:test";
import { Controls } from "../../../src/transport/raet/controls.ts";
import { Kind } from "../../../src/transport/raet/frames.ts";
import { Outbox } from "../../../src/transport/raet/outbox.ts";
import type { SentItem } from "../../../src/transport/raet/recovery.ts";
import { Writer } from "../../../src/transport/raet/wire.ts";

function outbox(): Outbox {
  const limits = { remote: "web1_minion", messages: 10, bytes: 1 << 20, maxMessage: 1 << 20 };
  const made = new Outbox(limits, new Controls());
  made.onMax(1 << 20, 256);
  return made;
}

test("Outbox - sends on when the head of a large message came again in a smaller piece", () => {
  for (let size = 1050; size < 1160; size++) {
    const out = outbox();
    const data = new Uint8Array(82_066);
    out.add({ kind: Kind.EVT, share: "x", data, ttl: 9000, priority: 2 }, 0);
    const items: SentItem[] = [];
    out.fill(new Writer(1160), items, 0);
    for (const item of items) item.lost();
    // Less room than before leaves a few bytes below what was once sent without a grant.
    for (let i = 0; i < 2; i++) out.fill(new Writer(size), [], 0);
    assert.equal(out.hasDue, false, `${size} bytes: the rest waits for a grant`);
  }
});
