import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

test("sys lists runners, their functions and returners, by module and by pattern", async () => {
  const ctx = await testContext();
  const list = async (fun: string, ...words: string[]) => await ctx.salt(fun, words) as string[];
  const runners = await list("sys.list_runners");
  assert.ok(runners.includes("jobs") && runners.includes("manage"));
  assert.deepEqual(runners, [...runners].sort());
  assert.deepEqual(await list("sys.list_runners", "jobs", "nosuch"), ["jobs"]);
  assert.deepEqual(await list("sys.list_runners", "jo*"), ["jobs"]);
  assert.deepEqual(await list("sys.list_runners", "jobs.active"), []);
  const functions = await list("sys.list_runner_functions", "jobs");
  assert.ok(functions.includes("jobs.lookup_jid"));
  assert.ok(functions.every((name) => name.startsWith("jobs.")));
  assert.deepEqual(await list("sys.list_runner_functions", "jobs.lookup*"), ["jobs.lookup_jid"]);
  assert.ok((await list("sys.list_returners")).includes("local"));
  assert.deepEqual(await list("sys.list_returners", "re*"), ["redis"]);
});

test("sys gives docs and arguments of runners' functions", async () => {
  const ctx = await testContext();
  const docs = await ctx.salt("sys.runner_doc", ["jobs.lookup_jid"]) as DataMap;
  assert.deepEqual(Object.keys(docs), ["jobs.lookup_jid"]);
  assert.match(String(docs["jobs.lookup_jid"]), /CLI Example/);
  const specs = await ctx.salt("sys.runner_argspec", ["jobs.lookup_jid"]) as DataMap;
  const { args } = specs["jobs.lookup_jid"] as { args: string[] };
  assert.equal(args[0], "jid");
});
