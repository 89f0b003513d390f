import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveMaster, resolveOnce, type Resolver } from "../../../src/minion/resolve.ts";
import { FakeClock } from "./fakes.ts";

const MASTER = { name: "salt", host: "salt", port: 4506, masterKeyName: "k", finger: "" };
const SETTINGS = { ipv6: null, retry_dns: 30, retry_dns_count: null, resolve_dns_fallback: true };

function resolver(answers: (string[] | Error)[], up: string[] = []): Resolver {
  return {
    lookup: () => {
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(
        answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    },
    reachable: (address) => Promise.resolve(up.includes(address)),
  };
}

test("resolveOnce() gives an address back as it is", async () => {
  const none = resolver([new Error("not asked")]);
  assert.equal(await resolveOnce({ ...MASTER, host: "192.0.2.1" }, null, none), "192.0.2.1");
  assert.equal(await resolveOnce({ ...MASTER, host: "::1" }, false, none), "::1");
});

test("resolveOnce() prefers IPv4, and what takes connections", async () => {
  const both = ["2001:db8::1", "192.0.2.1", "192.0.2.2"];
  assert.equal(await resolveOnce(MASTER, null, resolver([both])), "192.0.2.1");
  assert.equal(await resolveOnce(MASTER, null, resolver([both], ["192.0.2.2"])), "192.0.2.2");
  assert.equal(await resolveOnce(MASTER, true, resolver([both])), "2001:db8::1");
});

test("resolveOnce() names the master that has no address of the wanted kind", async () => {
  await assert.rejects(resolveOnce(MASTER, false, resolver([["::1"]])), /'salt' has no IPv4/);
  await assert.rejects(
    resolveOnce(MASTER, null, resolver([new Error("ENOTFOUND")])),
    /'salt' cannot be resolved \(ENOTFOUND\)/,
  );
});

test("resolveMaster() tries again after retry_dns seconds until the name resolves", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const parts = {
    resolver: resolver([new Error("no"), new Error("no"), ["192.0.2.9"]]),
    clock,
    signal,
  };
  const found = resolveMaster(MASTER, SETTINGS, parts);
  for (let i = 0; i < 2; i++) {
    const ms = await clock.sleeps.take();
    assert.equal(ms, 30_000);
    clock.advance(ms);
  }
  assert.equal(await found, "192.0.2.9");
});

test("resolveMaster() gives up after retry_dns_count tries, and when it is stopped", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const parts = { resolver: resolver([new Error("no")]), clock, signal: stop.signal };
  await assert.rejects(
    resolveMaster(MASTER, { ...SETTINGS, retry_dns_count: 0 }, parts),
    /cannot be resolved/,
  );
  const waiting = resolveMaster(MASTER, SETTINGS, parts);
  await clock.sleeps.take();
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
});

test("resolveMaster() falls back to this host without retry_dns, where that is allowed", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const parts = { resolver: resolver([new Error("no")]), clock, signal };
  assert.equal(await resolveMaster(MASTER, { ...SETTINGS, retry_dns: 0 }, parts), "127.0.0.1");
  await assert.rejects(
    resolveMaster(MASTER, { ...SETTINGS, retry_dns: 0, resolve_dns_fallback: false }, parts),
    /cannot be resolved/,
  );
});
