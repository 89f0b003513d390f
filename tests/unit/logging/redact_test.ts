import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { isSecretField, redact, REDACTED } from "../../../src/logging/mod.ts";

test("redact() hides passwords, keys, tokens and pillar at any depth", () => {
  deepEqual(
    redact({
      fun: "test.ping",
      password: "p",
      key: "root key",
      kwargs: [{ my_token: "t", user: "u", Private_Key: "k" }],
      pillar: { a: 1 },
      aes: new Uint8Array(3),
    }),
    {
      fun: "test.ping",
      password: REDACTED,
      key: REDACTED,
      kwargs: [{ my_token: REDACTED, user: "u", Private_Key: REDACTED }],
      pillar: REDACTED,
      aes: REDACTED,
    },
  );
});

test("redact() leaves the value it was given as it is, and tells bytes by their number", () => {
  const load = { data: new Uint8Array(5), secret: "s" };
  deepEqual(redact(load), { data: "<5 bytes>", secret: REDACTED });
  equal(load.secret, "s");
});

test("redact() ends on values that contain themselves", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  equal(JSON.stringify(redact(loop)).includes('"..."'), true);
});

test("isSecretField() does not take ordinary fields for secret ones", () => {
  for (const name of ["fun", "keysize", "user", "tgt", "keep_jobs", "monkey"]) {
    equal(isSecretField(name), false, name);
  }
});
