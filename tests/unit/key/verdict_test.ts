import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, type Filing, type VerdictFacts } from "../../../src/key/verdict.ts";

const never = () => {
  throw new Error("asked too early");
};
const yes = () => true;
const no = () => false;

/** A minion that nobody knows, on a master without any rules. */
const unknown: VerdictFacts = {
  usable: true,
  openMode: false,
  full: false,
  rejected: false,
  accepted: null,
  pending: null,
  offered: "A",
  autoReject: no,
  autoSign: no,
};

interface Row {
  when: string;
  facts: Partial<VerdictFacts>;
  act?: string;
  result: boolean;
  ret: boolean | "full";
  filing: Filing;
}

const refused = { result: false, ret: false } as const;
const denied = { ...refused, act: "denied", filing: "write denied" } as const;
const waits = { act: "pend", result: true, ret: true } as const;
const accepted = { act: "accept", result: true, ret: true } as const;

const rows: Row[] = [
  {
    when: "too many minions",
    facts: { full: true, openMode: true, accepted: "A" },
    act: "full",
    result: false,
    ret: "full",
    filing: "none",
  },
  {
    when: "an unusable key in open mode",
    facts: { usable: false, openMode: true },
    ...refused,
    filing: "none",
  },
  { when: "an unusable new key", facts: { usable: false }, ...refused, filing: "none" },
  {
    when: "open mode and a rejected key",
    facts: { openMode: true, rejected: true, autoReject: never },
    ...accepted,
    filing: "overwrite accepted",
  },
  {
    when: "open mode and another accepted key",
    facts: { openMode: true, accepted: "B" },
    ...accepted,
    filing: "overwrite accepted",
  },
  {
    when: "open mode and the same accepted key",
    facts: { openMode: true, accepted: "A" },
    ...accepted,
    filing: "none",
  },
  {
    when: "a rejected key, accepted too and signed automatically",
    facts: { rejected: true, accepted: "A", autoSign: never },
    ...refused,
    filing: "none",
  },
  {
    when: "the accepted key, whatever the rejection file says",
    facts: { accepted: "A", autoReject: never, autoSign: never },
    ...accepted,
    filing: "none",
  },
  {
    when: "the accepted key with other line ends",
    facts: { accepted: "A\r\nB\r\n", offered: "\nA\nB" },
    ...accepted,
    filing: "none",
  },
  { when: "another key than the accepted one", facts: { accepted: "B" }, ...denied },
  {
    when: "another key than the accepted one, which is pending",
    facts: { accepted: "B", pending: "A" },
    ...denied,
  },
  { when: "a new key", facts: {}, ...waits, filing: "create pending" },
  {
    when: "a new key that is signed automatically",
    facts: { autoSign: yes },
    ...accepted,
    filing: "create accepted",
  },
  {
    when: "a new key that is both to be signed and rejected",
    facts: { autoSign: never, autoReject: yes },
    act: "reject",
    ...refused,
    filing: "create rejected",
  },
  { when: "the pending key", facts: { pending: "A" }, ...waits, filing: "none" },
  {
    when: "the pending key with one more newline",
    facts: { pending: "A", offered: "A\n" },
    ...waits,
    filing: "none",
  },
  { when: "another key than the pending one", facts: { pending: "B" }, ...denied },
  {
    when: "another key than the pending one, signed automatically",
    facts: { pending: "B", autoSign: never },
    ...denied,
  },
  {
    when: "the pending key, now signed automatically",
    facts: { pending: "A", autoSign: yes },
    ...accepted,
    filing: "create accepted",
  },
  {
    when: "another key than the pending one, now rejected",
    facts: { pending: "B", autoReject: yes },
    act: "reject",
    ...refused,
    filing: "move pending to rejected",
  },
];

for (const { when, facts, filing, ...expected } of rows) {
  test(`decide() on ${when}`, () => {
    const decision = decide({ ...unknown, ...facts });
    const { reason, ...verdict } = decision.verdict;
    assert.deepEqual(verdict, expected);
    assert.equal(decision.filing, filing);
    assert.notEqual(reason, "");
  });
}
