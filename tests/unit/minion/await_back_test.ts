import assert from "node:assert/strict";
import { test } from "node:test";
import type { MinionOpts } from "../../../src/config/mod.ts";
import { AuthenticationError, EX } from "../../../src/errors.ts";
import { awaitBack, type AwaitBackParts } from "../../../src/minion/await_back.ts";
import { FakeClock, tempFolder, testOpts } from "./fakes.ts";

const MASTER = { name: "m", host: "m", port: 4506, masterKeyName: "k", finger: "" };

test("awaitBack() ends when a master listens again, and looks only in haste", async (t) => {
  const clock = new FakeClock();
  clock.random = () => 1;
  const asked: string[] = [];
  let listens = false;
  const base: AwaitBackParts = {
    opts: testOpts(tempFolder(t), {
      master_alive_interval: 4,
      master_ip: "127.0.0.9",
    }) as MinionOpts,
    master: MASTER,
    error: new Error("no link"),
    resolver: {
      lookup: () => Promise.reject(new Error("no names here")),
      reachable: (address, port) => {
        asked.push(`${address}:${port}`);
        return Promise.resolve(listens);
      },
    },
    clock,
    signal: new AbortController().signal,
  };
  const next = async () => {
    const ms = await clock.sleeps.take();
    clock.advance(ms);
    return ms;
  };
  const back = awaitBack(10_000, base);
  assert.equal(await next(), 2000);
  assert.equal(await next(), 2000);
  listens = true;
  assert.equal(await next(), 2000);
  await back;
  assert.deepEqual(asked.splice(0), Array(3).fill("127.0.0.9:4506"));

  const calm = testOpts(tempFolder(t), { master_alive_interval: 0, master_ip: "127.0.0.9" });
  const refused = new AuthenticationError("no", { exitCode: EX.NOPERM });
  for (const parts of [{ ...base, opts: calm as MinionOpts }, { ...base, error: refused }]) {
    const wait = awaitBack(10_000, parts);
    assert.equal(await next(), 10_000);
    await wait;
  }
  assert.deepEqual(asked, []);
});
