import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionCrypticles } from "../../../src/channel/session_crypticles.ts";
import { SessionKeys } from "../../../src/channel/session_keys.ts";
import { Crypticle } from "../../../src/crypt/mod.ts";

const day = 86_400;

test("SessionCrypticles.of() keeps ciphers until the key or the time's key is another", () => {
  let now = 0;
  let accepted: string | null = "PEM A";
  const keys = new SessionKeys(new Uint8Array(32), day, () => now);
  const sessions = new SessionCrypticles(() => accepted, keys);
  const opens = () => {
    const message = new Crypticle(keys.current("web1", accepted!)).dumps("a request");
    return opensWith(message);
  };
  const opensWith = (message: Uint8Array) =>
    [...sessions.of("web1")].some((crypticle) => crypticle.tryLoads(message) !== undefined);
  assert.ok(opens());
  const old = new Crypticle(keys.current("web1", accepted)).dumps("a request");
  const [first, before] = sessions.of("web1");
  assert.deepEqual([...sessions.of("web1")], [first, before], "they are kept");
  assert.equal([...sessions.of("web1")][0], first);
  now += day * 1000;
  assert.ok(opens());
  assert.ok(opensWith(old), "one who signed in before the turn");
  const [second] = sessions.of("web1");
  assert.notEqual(second, first);
  accepted = "PEM B";
  assert.ok(opens());
  assert.ok(!opensWith(old), "another key is another minion");
  assert.notEqual([...sessions.of("web1")][0], second);
  accepted = "PEM A";
  now += day * 1000;
  assert.ok(!opensWith(old), "two turns ago");
  accepted = null;
  assert.deepEqual([...sessions.of("web1")], []);
});
