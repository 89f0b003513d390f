import assert from "node:assert/strict";
import { test } from "node:test";
import { Seal, SealError, secretOfPrivateKey } from "../../../../src/master/cluster/seal.ts";
import { generateKeyPairSync } from "node:crypto";

test("Seal opens what another process with the same secret closed", () => {
  const [one, other] = [new Seal("secret", "c"), new Seal("secret", "c")];
  for (const value of [null, "x", { a: [1, "é"] }, "y".repeat(100_000)]) {
    assert.deepEqual(other.open("place", one.close("place", value)), value);
  }
});

test("Seal refuses another secret, another cluster, another place, and any change", () => {
  const seal = new Seal("secret", "c");
  const sealed = seal.close("place", { key: "value" });
  const refused = (by: Seal, place: string, bytes: Uint8Array) =>
    assert.throws(() => by.open(place, bytes), SealError);
  refused(new Seal("other", "c"), "place", sealed);
  refused(new Seal("secret", "d"), "place", sealed);
  refused(seal, "elsewhere", sealed);
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed);
    changed[i]! ^= 1;
    refused(seal, "place", changed);
    refused(seal, "place", sealed.subarray(0, i));
  }
});

test("Seal never closes the same value into the same bytes", () => {
  const seal = new Seal("secret", "c");
  assert.notDeepEqual(seal.close("place", "x"), seal.close("place", "x"));
});

test("secretOfPrivateKey() is that of the key, however its PEM is written", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (type: "pkcs1" | "pkcs8") => String(privateKey.export({ type, format: "pem" }));
  assert.deepEqual(secretOfPrivateKey(pem("pkcs1")), secretOfPrivateKey(pem("pkcs8")));
});
