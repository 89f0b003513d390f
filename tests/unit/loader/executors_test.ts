import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltInvocationError } from "../../../src/errors.ts";
import { executorNames, executorOptions } from "../../../src/loader/executors/mod.ts";
import { valueWord } from "../../../src/loader/executors/sudo.ts";
import { splayDelay, splayPlace } from "../../../src/loader/executors/splay.ts";
import { executeJob, parseCliArgs } from "../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";
import { testContext, testJob } from "../../support/exec_context.ts";
import { withPrograms } from "../../support/fake_programs.ts";

test("executorNames() takes the job's, then the configuration's, then direct_call", () => {
  const rows: [opts: DataMap, wanted: Data | undefined, names: string[]][] = [
    [{}, undefined, ["direct_call"]],
    [{}, [], ["direct_call"]],
    [{}, "splay", ["splay"]],
    [{}, ["splay", "direct_call"], ["splay", "direct_call"]],
    [{ module_executors: ["splay"] }, undefined, ["splay"]],
    [{ module_executors: [] }, "", ["direct_call"]],
    [{ module_executors: ["splay"] }, ["direct_call"], ["direct_call"]],
    [{ sudo_user: "ann" }, undefined, ["sudo"]],
    [{ sudo_user: "ann" }, ["splay", "direct_call"], ["splay", "sudo"]],
    [{ sudo_user: "ann" }, ["splay", "sudo"], ["splay", "sudo"]],
  ];
  for (const [opts, wanted, names] of rows) assert.deepEqual(executorNames(opts, wanted), names);
  for (const wrong of [5, { a: 1 }, [1], true] as Data[]) {
    assert.throws(() => executorNames({}, wrong), /Wrong executors specification: .*expected/);
  }
  assert.deepEqual(executorOptions("text"), {});
  assert.deepEqual(executorOptions({ splaytime: 3 }), { splaytime: 3 });
});

test("splay waits as long as Salt's would", () => {
  const places: [id: string, place: number, of300: number, of7: number][] = [
    ["web-1", 1503, 55, 1],
    ["db.example.com", 10, 0, 0],
    ["m", 2421, 88, 2],
    ["münchen", 7777, 284, 6],
    ["a".repeat(64), 7957, 291, 6],
  ];
  for (const [id, place, of300, of7] of places) {
    assert.deepEqual([splayPlace(id), splayDelay(id, 300), splayDelay(id, 7)], [place, of300, of7]);
  }
});

test("splay lets the next executor go on, refuses a time that is none, and can be cut", async () => {
  const cut = new AbortController();
  const ctx = await testContext({ job: testJob("test.echo"), signal: cut.signal });
  const run = (splaytime: Data, module_executors: Data = ["splay", "direct_call"]) =>
    executeJob(ctx, {
      fun: "test.echo",
      arg: ["x"],
      module_executors,
      executor_opts: { splaytime },
    });
  assert.equal((await run(1)).return, "x");
  assert.equal((await run(1, "splay")).return, null);
  for (const wrong of [0, -5, "soon"]) {
    const result = await run(wrong);
    assert.match(String(result.return), /splaytime must be a positive integer/);
    assert.equal(result.retcode, 1);
  }
  const waiting = run(1e6);
  cut.abort(new Error("killed"));
  await assert.rejects(waiting, /killed/);
});

test("an executor that is not there fails the job by name", async () => {
  const ctx = await testContext({ job: testJob("test.ping") });
  for (const name of ["docker", "sudo", "toString"]) {
    const result = await executeJob(ctx, { fun: "test.ping", arg: [], module_executors: name });
    assert.match(String(result.return), new RegExp(`Executor '${name}' is not available`));
    assert.equal(result.success, false);
  }
  assert.throws(() => executorNames({}, 5), SaltInvocationError);
});

test("valueWord() writes values so that a command line reads them back", () => {
  for (
    const value of ["x", "x=1", "007", "a: b", "None", "", "a\nb", 5, null, [1, "b"], { a: 1 }]
  ) {
    assert.deepEqual(parseCliArgs([valueWord(value)]), [value], JSON.stringify(value));
  }
});

/** Prints what the call would print, and keeps the words. */
const SUDO =
  `printf '{"local": {"return": {"a": [1]}, "retcode": %s}}' "$CODE"; exit "\${EXIT:-0}"`;

test("sudo gives what the call gave, and its return code", async () => {
  const opts = { sudo_user: "ann", conf_file: "/etc/salt/minion" };
  const sudo = (body: string, use: Parameters<typeof withPrograms>[1]) =>
    withPrograms({ sudo: body }, use, { opts, job: testJob("test.arg") });
  await sudo(`CODE=7 EXIT=1; ${SUDO}`, async ({ ctx, calls }) => {
    const arg = parseCliArgs(["5", "'007'", "a b", "name={b: c}", "flag='no'", "-x"]);
    const result = await executeJob(ctx, { fun: "test.arg", arg });
    assert.deepEqual([result.return, result.retcode, result.success], [{ a: [1] }, 7, false]);
    const words = calls()[0]!;
    assert.deepEqual(words.slice(0, 5), ["sudo", "-n", "-u", "ann", "--"]);
    assert.deepEqual(words.slice(words.indexOf("-c")), [
      ...["-c", "/etc/salt", "--", "test.arg"],
      ...["5", '"007"', "a b", "-x", 'name={"b":"c"}', 'flag="no"'],
    ]);
    // What the call reads is what the job had.
    assert.deepEqual(parseCliArgs(words.slice(words.indexOf("test.arg") + 1)), arg);
  });
  await sudo("echo no such user >&2; exit 3", async ({ ctx }) => {
    const result = await executeJob(ctx, { fun: "test.ping", arg: [] });
    assert.deepEqual([result.return, result.retcode], ["no such user", 3]);
  });
  await sudo("exit 0", async ({ ctx }) => {
    const result = await executeJob(ctx, { fun: "test.ping", arg: [] });
    assert.deepEqual([result.success, result.retcode], [false, 1]);
  });
});
