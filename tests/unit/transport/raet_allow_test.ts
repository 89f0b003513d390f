import assert from "node:assert/strict";
import { test } from "node:test";
import { isAllowed, type Role, type Source, sourceOf } from "../../../src/transport/raet/allow.ts";
import { Kind } from "../../../src/transport/raet/frames.ts";
import { EstateKind } from "../../../src/transport/raet/join.ts";

const SOURCES: Source[] = ["master", "minion", "syndic", "caller", "pending", "local"];
const ROLES: Role[] = ["master", "minion"];
const SHARES = ["remote_cmd", "local_cmd", "fun", "pub_ret", "event_fire", "event_req", "own", ""];

/** All that may be: source, role, yard, share (`*`: each but ""), kind, and whether it was awaited. */
const EXPECTED = new Set([
  "minion>master manor/remote_cmd REQ",
  "caller>master manor/remote_cmd REQ",
  "minion>master manor/fun SUB",
  "master>minion manor/fun PUB",
  "master>minion manor/ REP awaited",
  "master>minion manor/ ERR awaited",
  ...["minion>master", "local>master", "master>minion", "local>minion"].flatMap((way) => [
    ...SHARES.filter((share) => share !== "").flatMap((share) =>
      ["REQ", "EVT"].map((kind) => `${way} yard/${share} ${kind}`)
    ),
    ...SHARES.flatMap((
      share,
    ) => [`${way} yard/${share} REP awaited`, `${way} yard/${share} ERR awaited`]),
  ]),
]);

test("isAllowed() - the cross product of sources, roles, yards, shares and kinds", () => {
  let seen = 0;
  for (const from of SOURCES) {
    for (const to of ROLES) {
      for (const yard of ["", "inventory"]) {
        for (const share of SHARES) {
          for (const [name, kind] of Object.entries(Kind)) {
            for (const awaited of [false, true]) {
              const letter = { kind, yard, share, corr: 7, awaited };
              const line = `${from}>${to} ${yard === "" ? "manor" : "yard"}/${share} ${name}`;
              const expected = EXPECTED.has(line) || (awaited && EXPECTED.has(`${line} awaited`));
              assert.equal(isAllowed(from, to, letter), expected, `${line} awaited=${awaited}`);
              seen += 1;
            }
          }
        }
      }
    }
  }
  assert.equal(seen, 6 * 2 * 2 * 8 * 6 * 2);
});

test("isAllowed() - a request without a number for its answer is none", () => {
  const letter = { kind: Kind.REQ, yard: "", share: "remote_cmd", corr: 0, awaited: false };
  assert.equal(isAllowed("minion", "master", letter), false);
});

test("sourceOf() - an estate whose key is not accepted is pending, whatever its kind", () => {
  assert.equal(sourceOf(EstateKind.MINION, false), "pending");
  assert.equal(sourceOf(EstateKind.MINION, true), "minion");
  assert.equal(sourceOf(EstateKind.SYNDIC, true), "syndic");
  assert.equal(sourceOf(EstateKind.CALLER, true), "caller");
});
