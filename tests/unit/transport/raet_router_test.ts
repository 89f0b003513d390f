import assert from "node:assert/strict";
import { test } from "node:test";
import { RoadError } from "../../../src/transport/raet/errors.ts";
import { Kind, type MessageHead, RejectCode } from "../../../src/transport/raet/frames.ts";
import { type Letter, Router, type Sender } from "../../../src/transport/raet/router.ts";

const WEB: Sender = { estate: "web1_minion", source: "minion" };

function lab(window = 3) {
  const sent: [string, Letter][] = [];
  const router = new Router("master", window, {
    send: (estate, letter, settled) => {
      if (estate === "gone_minion") {
        throw new RoadError("unreachable", "no session with gone_minion");
      }
      sent.push([estate, letter]);
      settled(null);
    },
  });
  const got: Letter[] = [];
  const open = (name: string, shares: Record<string, string[]>, now = 0) =>
    router.open(name, new Map(Object.entries(shares)), (letter) => got.push(letter), now);
  return { router, sent, got, open };
}

const head = (more: Partial<MessageHead> = {}): MessageHead => ({
  id: 0,
  total: 1,
  kind: Kind.EVT,
  priority: 2,
  ttl: 1000,
  corr: 0,
  order: null,
  dstYard: "inventory",
  dstShare: "updates",
  srcYard: "agent",
  srcShare: "",
  ...more,
});

const letter = (dst: Letter["dst"], more: Partial<Letter> = {}): Letter => ({
  src: ["forged_minion", "forged", null],
  dst,
  kind: Kind.EVT,
  corr: 0,
  ttl: 1000,
  body: Uint8Array.of(1),
  ...more,
});

test("Router - hands a message on to the yard, with the estate that was proven", () => {
  const { router, got, open } = lab();
  open("inventory", { updates: ["minion"] });
  assert.equal(router.refuse(WEB, head(), 0), null);
  router.arrive(WEB, head(), Uint8Array.of(5));
  assert.deepEqual(got[0]!.src, ["web1_minion", "agent", null]);
  assert.deepEqual([...got[0]!.body], [5]);
});

test("Router - refuses by name what has no yard, no share, or comes from the wrong source", () => {
  const { router, open } = lab();
  const code = (sender: Sender, more: Partial<MessageHead>) =>
    router.refuse(sender, head(more), 0)?.code;
  assert.equal(code(WEB, {}), RejectCode.NO_YARD);
  open("inventory", { updates: ["minion"], orders: ["local"] });
  assert.equal(code(WEB, {}), undefined);
  assert.equal(code(WEB, { dstShare: "other" }), RejectCode.NO_SHARE);
  assert.equal(code(WEB, { dstShare: "orders" }), RejectCode.NOT_ALLOWED);
  assert.equal(code({ estate: "x", source: "caller" }, {}), RejectCode.NOT_ALLOWED);
  assert.equal(code({ estate: "x", source: "pending" }, {}), RejectCode.NOT_ALLOWED);
  assert.equal(code(WEB, { kind: Kind.PUB }), RejectCode.NOT_ALLOWED);
  assert.equal(router.counters.refused, 6);
});

test("Router - a yard that does not read makes its senders wait", () => {
  const { router, open } = lab(3);
  open("inventory", { updates: ["minion"] });
  for (let i = 0; i < 3; i++) router.arrive(WEB, head(), Uint8Array.of(i));
  assert.equal(router.refuse(WEB, head(), 0)?.code, RejectCode.BUSY);
  router.took("inventory", 1);
  assert.equal(router.refuse(WEB, head(), 0), null);
  router.took("inventory", 99);
  for (let i = 0; i < 3; i++) router.arrive(WEB, head(), Uint8Array.of(i));
  assert.equal(router.refuse(WEB, head(), 0)?.code, RejectCode.BUSY, "more than given was taken");
});

test("Router - takes answers from the estate that was asked alone, and once", () => {
  const { router, open, sent } = lab();
  open("cli", {});
  router.send(
    "cli",
    letter(["web1_minion", "agent", "x"], { kind: Kind.REQ, corr: 9 }),
    () => {},
    0,
  );
  assert.deepEqual(sent[0]![1].src, [null, "cli", null], "the source is what the lane knows");
  const answer = head({ kind: Kind.REP, corr: 9, dstYard: "cli", dstShare: "" });
  assert.equal(
    router.refuse({ ...WEB, estate: "db1_minion" }, answer, 0)?.code,
    RejectCode.NOT_ALLOWED,
  );
  assert.equal(router.refuse(WEB, { ...answer, corr: 8 }, 0)?.code, RejectCode.NOT_ALLOWED);
  assert.equal(router.refuse(WEB, answer, 0), null);
  router.arrive(WEB, answer, Uint8Array.of(1));
  assert.equal(router.refuse(WEB, answer, 0)?.code, RejectCode.NOT_ALLOWED);
});

test("Router - answers come no later than their request lives", () => {
  const { router, open } = lab();
  open("cli", {});
  router.send("cli", letter(["web1_minion", "a", "x"], { kind: Kind.REQ, corr: 9 }), () => {}, 0);
  const answer = head({ kind: Kind.REP, corr: 9, dstYard: "cli", dstShare: "" });
  assert.equal(router.refuse(WEB, answer, 1001)?.code, RejectCode.NOT_ALLOWED);
});

test("Router - from yard to yard of one host", () => {
  const { router, open, got } = lab();
  open("cli", {});
  open("inventory", { updates: ["minion"], orders: ["local"] });
  let settled = 0;
  router.send("cli", letter([null, "inventory", "orders"]), () => settled += 1, 0);
  assert.equal(settled, 1);
  assert.deepEqual(got[0]!.src, [null, "cli", null]);
  const refused = { name: "RoadError", failure: "refused" };
  for (const dst of [["inventory", "updates"], ["inventory", "no"], ["gone", "x"]]) {
    const to: Letter["dst"] = [null, dst[0]!, dst[1]!];
    assert.throws(() => router.send("cli", letter(to), () => {}, 0), refused);
  }
});

test("Router - says what cannot be sent", () => {
  const { router, open } = lab();
  const send = (from: string, dst: Letter["dst"]) => router.send(from, letter(dst), () => {}, 0);
  assert.throws(() => send("cli", ["web1_minion", "a", "b"]), /"cli" is not open/);
  open("cli", {});
  assert.throws(() => send("cli", ["web1_minion", null, "fun"]), /yards alone/);
  assert.throws(() => send("cli", ["gone_minion", "a", "b"]), { failure: "unreachable" });
});

test("Router - a yard ends with its lease, and a request on its way to it is answered with ERR", () => {
  const { router, open, sent } = lab();
  open("inventory", { updates: ["minion"] }, 0);
  assert.deepEqual(router.yards(14_999), ["inventory"]);
  const request = head({ kind: Kind.REQ, corr: 4 });
  assert.equal(router.refuse(WEB, request, 14_999), null);
  assert.deepEqual(router.yards(15_000), []);
  router.arrive(WEB, request, Uint8Array.of(1));
  const [estate, { kind, corr, dst }] = sent[0]!;
  assert.deepEqual([estate, kind, corr, dst[1]], ["web1_minion", Kind.ERR, 4, "agent"]);
});

test("Router - names and numbers of yards are bounded", () => {
  const { open } = lab();
  for (const name of ["", "manor", "a/b", "x".repeat(65)]) {
    assert.throws(() => open(name, {}), /cannot be the name/);
  }
  assert.throws(() => open("a", { updates: ["everybody"] }), /"everybody" cannot be/);
  for (let i = 0; i < 256; i++) open(`y${i}`, {});
  assert.throws(() => open("one-more", {}), { failure: "overloaded" });
  open("y0", {});
});
