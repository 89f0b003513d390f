import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CommandExecutionError,
  CommandNotFoundError,
  SaltInvocationError,
} from "../../../src/errors.ts";
import { createContext, createRegistry, executeJob, fn } from "../../../src/loader/mod.ts";
import type { ExecutionModule } from "../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";
import { testJob, testOpts } from "../../support/exec_context.ts";

const doc = "Does.";

function thrower(error: () => Error) {
  return fn({
    doc,
    args: {},
    run() {
      throw error();
    },
  });
}

const m: ExecutionModule = {
  name: "m",
  doc,
  functions: {
    ping: fn({ doc, args: {}, run: () => true }),
    echo: fn({ doc, args: { text: { type: "any", required: true, doc } }, run: (_c, a) => a.text }),
    code: fn({
      doc,
      args: {},
      run(ctx) {
        ctx.context.retcode = 42;
        return false;
      },
    }),
    shown: fn({ doc, args: {}, out: "highstate", run: () => ({}) }),
    both: fn({ doc, args: {}, run: async (ctx) => [await ctx.salt("m.echo", [1]), ctx.jid] }),
    cmdfail: thrower(() => new CommandExecutionError("no luck")),
    notfound: thrower(() => new CommandNotFoundError("lspci")),
    invalid: thrower(() => new SaltInvocationError("bad word")),
    crash: thrower(() => new Error("boom")),
  },
};

async function context(more: { pillar?: DataMap; opts?: Record<string, unknown> } = {}) {
  const opts = testOpts(more.opts);
  const registry = await createRegistry([m], { opts, grains: {} });
  return createContext({
    opts,
    grains: {},
    registry,
    pillar: more.pillar ?? {},
    job: testJob("m.x"),
  });
}

async function run(fun: string | string[], arg: Data[] = [], more = {}) {
  return await executeJob(await context(more), { fun, arg });
}

test("executeJob() returns values with retcode 0", async () => {
  assert.deepEqual(await run("m.ping"), { return: true, retcode: 0, success: true });
  assert.deepEqual((await run("m.both")).return, [1, "20260101000000000000"]);
});

test("executeJob() counts a map with a false result or success as a failure", async () => {
  for (const key of ["result", "success"]) {
    const value = { [key]: false };
    assert.deepEqual(await run("m.echo", [value]), { return: value, retcode: 1, success: false });
  }
  assert.equal((await run("m.echo", [{ result: true }])).retcode, 0);
});

test("executeJob() takes the retcode that a function sets, and its outputter", async () => {
  assert.deepEqual(await run("m.code"), { return: false, retcode: 42, success: false });
  assert.equal((await run("m.shown")).out, "highstate");
});

test("executeJob() turns errors into Salt's texts", async () => {
  const failure = (text: string) => ({ return: text, retcode: 1, success: false, out: "nested" });
  assert.deepEqual(await run("m.cmdfail"), failure("ERROR: no luck"));
  assert.deepEqual(await run("m.invalid"), failure("ERROR executing 'm.invalid': bad word"));
  assert.deepEqual(
    await run("m.notfound"),
    failure("Command required for 'm.notfound' not found: lspci"),
  );
  assert.deepEqual(
    await run("m.ping", ["a=1"]),
    failure("ERROR executing 'm.ping': The following keyword arguments are not valid: a=1"),
  );
  assert.deepEqual(
    await run("m.ping", [1]),
    failure(
      "Passed invalid arguments to m.ping: ping() takes 0 positional arguments but 1 was given\n\n    Does.\n    ",
    ),
  );
  const crash = await run("m.crash");
  assert.match(
    String(crash.return),
    /^The minion function caused an exception: Traceback \(most recent call last\):\n[^]*\nException: boom\n$/,
  );
});

test("executeJob() shows the docs of what a missing function may have meant", async () => {
  const missing = await run("m");
  assert.equal(missing.retcode, 1);
  const docs = missing.return as DataMap;
  assert.equal(docs["m"], "'m' is not available.");
  assert.ok("m.ping" in docs);
  assert.equal((await run("no.such")).return, "'no.such' is not available.");
});

test("executeJob() runs several functions and keys their results by name", async () => {
  const result = await run(["m.ping", "m.code", "m.cmdfail", "no.such"], [[], [], [], []]);
  assert.deepEqual(result, {
    return: {
      "m.ping": true,
      "m.code": false,
      "m.cmdfail": "ERROR: no luck",
      "no.such": "'no.such' is not available.",
    },
    retcode: { "m.ping": 0, "m.code": 42, "m.cmdfail": 1, "no.such": 1 },
    success: { "m.ping": true, "m.code": false, "m.cmdfail": false, "no.such": false },
  });
  const ordered = await run(["m.ping", "m.ping"], [[], []], { opts: { multifunc_ordered: true } });
  assert.deepEqual(ordered, { return: [true, true], retcode: [0, 0], success: [true, true] });
});

test("executeJob() runs only what is allowed while the minion is blacked out", async () => {
  const pillar = { minion_blackout: true, minion_blackout_whitelist: ["m.ping"] };
  assert.equal((await run("m.ping", [], { pillar })).return, true);
  assert.match(String((await run("m.code", [], { pillar })).return), /Minion in blackout mode/);
});

test("executeJob() refuses executors that are not there", async () => {
  const result = await executeJob(await context(), {
    fun: "m.ping",
    arg: [],
    module_executors: ["docker"],
  });
  assert.equal(result.return, "ERROR executing 'm.ping': Executor 'docker' is not available");
});

test("executeJob() ends with the job's reason when it is killed", async () => {
  const controller = new AbortController();
  const opts = testOpts();
  const registry = await createRegistry([m], { opts, grains: {} });
  const ctx = createContext({ opts, grains: {}, registry, signal: controller.signal });
  controller.abort(new Error("killed by saltutil.kill_job"));
  await assert.rejects(executeJob(ctx, { fun: "m.crash", arg: [] }), /killed by saltutil/);
});
