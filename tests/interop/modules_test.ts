/** The same calls of execution functions by real Salt and by saltx, on this host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allCalls, callsAround } from "../../scripts/compare_modules/all_calls.ts";
import type { Call } from "../../scripts/compare_modules/calls.ts";
import { compareCalls } from "../../scripts/compare_modules/compare.ts";

/** Calls that differ without a reason. */
async function unexplained(calls: readonly Call[]) {
  return (await compareCalls(calls)).filter(({ why }) => !why);
}

test("execution functions answer as real Salt's do, apart from what has a reason", async () => {
  const functions = new Set(allCalls.map(({ fun }) => fun));
  assert.ok(functions.size >= 250, `only ${functions.size} functions are compared`);
  const first = await unexplained(allCalls);
  // The host may have changed between the two answers: an interface came, a process went.
  const suspects = new Set(first.map(({ call }) => call.split(" ")[0]!));
  const again = suspects.size === 0
    ? []
    : await unexplained(callsAround(allCalls, ({ fun }) => suspects.has(fun)));
  const twice = new Set(first.map(({ call }) => call));
  assert.deepEqual(again.filter(({ call }) => twice.has(call)), []);
});

const callsOf = (...lines: string[]): Call[] =>
  lines.map((line) => {
    const [fun, ...words] = line.split(" ");
    return { fun: fun!, words };
  });

test("whitelist_modules, disable_modules and providers leave what they leave of real Salt's", async () => {
  const listing = ["sys.list_modules test cmd more random", "sys.list_functions more"];
  const white = callsOf("test.ping", "cmd.run x", "pkg.version bash", "grains.items", "no.such");
  const config = "whitelist_modules: [test, pkg]\n";
  assert.deepEqual(await compareCalls(white, { config }), []);
  const off = callsOf(
    ...["test.ping", "cmd.run x", ...listing],
    ...["more.digest x", "more.nosuch", "random.digest x", "random.seed 60 x"],
  );
  const providers = "providers: {more: hashutil, random: hashutil, service: nosuch}\n";
  const disabled = `disable_modules: [test, cmdmod]\n${providers}`;
  assert.deepEqual(await compareCalls(off, { config: disabled }), []);
});
