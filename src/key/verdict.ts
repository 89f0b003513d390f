/**
 * The master's decision on an offered key: no I/O, so that every branch can be tested as a table.
 *
 * Order and outcomes are Salt's. (`salt/channel/server.py:ReqServerChannel._auth`)
 * @module
 */
import { cleanKey } from "../crypt/mod.ts";
import type { Verdict } from "./key_store.ts";

/** What is known when the decision is made. Functions are asked only where the order reaches them. */
export interface VerdictFacts {
  /** The offered text is a public key that can be used. */
  usable: boolean;
  openMode: boolean;
  /** More minions than `max_minions` are connected, and this one is not among them. */
  full: boolean;
  rejected: boolean;
  /** Key text filed as accepted and as pending; null when there is none. */
  accepted: string | null;
  pending: string | null;
  offered: string;
  autoReject(): boolean;
  autoSign(): boolean;
}

/** Where the offered key goes. */
export type Filing =
  /** Nothing is written. */
  | "none"
  /** New in `pending` or `rejected`; another key there already means: decide again. */
  | "create pending"
  | "create rejected"
  | "move pending to rejected"
  /** Overwrites what was denied before. */
  | "write denied"
  /** New in `accepted`; another key there already means: decide again. Removes the pending one. */
  | "create accepted"
  /** `open_mode`: replaces whatever is accepted. */
  | "overwrite accepted";

/** The decision and what has to be written for it to hold. */
export interface Decision {
  verdict: Verdict;
  filing: Filing;
}

/** Whether two PEM texts are the same key, as Salt compares. */
export function sameKey(a: string, b: string): boolean {
  return cleanKey(a) === cleanKey(b);
}

const accept = (reason: string): Verdict => ({ act: "accept", result: true, ret: true, reason });
const pend = (reason: string): Verdict => ({ act: "pend", result: true, ret: true, reason });
const reject = (reason: string): Verdict => ({ act: "reject", result: false, ret: false, reason });
const refuse = (reason: string): Verdict => ({ result: false, ret: false, reason });

/** The refusal of a second key for a known id. */
function deny(known: "accepted" | "pending"): Decision {
  const reason = `the offered key is not the ${known} one; this may be an attempt at intrusion`;
  return {
    verdict: { act: "denied", result: false, ret: false, reason },
    filing: "write denied",
  };
}

/** Decides on an offered key whose id is valid. */
export function decide(facts: VerdictFacts): Decision {
  if (facts.full) {
    const reason = "too many minions are connected (max_minions)";
    return { verdict: { act: "full", result: false, ret: "full", reason }, filing: "none" };
  }
  if (!facts.usable) {
    return { verdict: refuse("the offered text is not a usable public key"), filing: "none" };
  }
  if (facts.openMode) {
    const known = facts.accepted !== null && sameKey(facts.accepted, facts.offered);
    return { verdict: accept("open_mode"), filing: known ? "none" : "overwrite accepted" };
  }
  if (facts.rejected) return { verdict: refuse("its key is rejected"), filing: "none" };
  if (facts.accepted !== null) {
    if (!sameKey(facts.accepted, facts.offered)) return deny("accepted");
    return { verdict: accept("its key is accepted"), filing: "none" };
  }
  return facts.pending === null ? decideNew(facts) : decidePending(facts, facts.pending);
}

function decideNew(facts: VerdictFacts): Decision {
  if (facts.autoReject()) {
    return { verdict: reject("rejected by autoreject_file"), filing: "create rejected" };
  }
  if (facts.autoSign()) {
    return { verdict: accept("new key, signed automatically"), filing: "create accepted" };
  }
  return { verdict: pend("new key, placed in pending"), filing: "create pending" };
}

function decidePending(facts: VerdictFacts, pending: string): Decision {
  if (facts.autoReject()) {
    return {
      verdict: reject("pending key rejected by autoreject_file"),
      filing: "move pending to rejected",
    };
  }
  if (!sameKey(pending, facts.offered)) return deny("pending");
  if (facts.autoSign()) {
    return { verdict: accept("pending key, signed automatically"), filing: "create accepted" };
  }
  return { verdict: pend("its key waits to be accepted"), filing: "none" };
}
