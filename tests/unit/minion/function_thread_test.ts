import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandExecutionError, SaltInvocationError } from "../../../src/errors.ts";
import { createContext, type ExecContext, localServices } from "../../../src/loader/mod.ts";
import { threadCaller } from "../../../src/minion/function_caller.ts";
import { errorOf, plainError } from "../../../src/loader/thread_values.ts";
import { buildRegistry } from "../../../src/plugins/modules/mod.ts";
import { runtime } from "../../../src/runtime/mod.ts";
import { type DataMap, Float } from "../../../src/types/mod.ts";
import { job, tempFolder, testOpts } from "./fakes.ts";

const call = threadCaller((name, data) => runtime.spawnThread(name, data));

async function context(
  t: { after(fn: () => void): void },
  more: { signal?: AbortSignal; pillar?: DataMap } = {},
): Promise<ExecContext> {
  const opts = testOpts(tempFolder(t));
  const registry = await buildRegistry({ opts, grains: {} });
  return createContext({
    opts,
    grains: {},
    registry,
    minion: localServices,
    job: job("1", "test.echo"),
    ...more,
  });
}

test("threadCaller() runs a function on a thread and brings back its value and types", async (t) => {
  const ctx = await context(t);
  const value = { list: [1, new Float(2), "x", null, true], bytes: new Uint8Array([255, 0]) };
  const echoed = await call(ctx, { fun: "test.echo", args: [value], kwargs: {} }) as DataMap;
  assert.deepEqual(echoed, value);
  assert.ok((echoed["list"] as unknown[])[1] instanceof Float);
});

test("threadCaller() rejects with the class and message of what the function threw", async (t) => {
  const ctx = await context(t);
  await assert.rejects(
    call(ctx, { fun: "no.such", args: [], kwargs: {} }),
    (error) =>
      error instanceof SaltInvocationError && /'no.such' is not available/.test(error.message),
  );
});

test("threadCaller() ends with the job", async (t) => {
  const stop = new AbortController();
  const ctx = await context(t, { signal: stop.signal });
  const running = call(ctx, { fun: "test.sleep", args: [3600], kwargs: {} });
  stop.abort(new Error("killed"));
  await assert.rejects(running, /killed/);
  await assert.rejects(call(ctx, { fun: "test.echo", args: [1], kwargs: {} }), /killed/);
});

test("errorOf() builds what plainError() took apart", () => {
  const error = new CommandExecutionError("did not work");
  const copy = errorOf(plainError(error));
  assert.ok(copy instanceof CommandExecutionError);
  assert.deepEqual([copy.message, copy.stack], [error.message, error.stack]);
  assert.equal(errorOf(plainError("text")).message, "text");
  assert.equal(errorOf(plainError(new RangeError("r"))).constructor, Error);
});
