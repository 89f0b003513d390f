import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { denoRuntime } from "../../../src/runtime/deno.ts";
import { runtime as own } from "../../../src/runtime/mod.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import type { WorkerThread, ZmqSocket } from "../../../src/runtime/types.ts";

const threadMain = new URL("./fixtures/thread_main.ts", import.meta.url);
const runtime = own.name === "deno" ? denoRuntime({ threadMain }) : nodeRuntime({ threadMain });

const message = (thread: WorkerThread) =>
  new Promise<unknown>((resolve) => thread.onMessage(resolve));

const exit = (thread: WorkerThread) =>
  new Promise<{ code: number; error: Error | undefined }>((resolve) =>
    thread.onExit((code, error) => resolve({ code, error }))
  );

test("spawnThread() - hands over data, and messages go both ways", async () => {
  const thread = runtime.spawnThread("echo", { list: [1, "two"], bytes: new Uint8Array([3]) });
  const ended = exit(thread);
  const messages: unknown[] = [];
  thread.onMessage((received) => {
    messages.push(received);
    if (messages.length === 2) thread.postMessage("close");
  });
  thread.postMessage({ n: 4n });
  assert.deepEqual(await ended, { code: 0, error: undefined });
  assert.deepEqual(messages, [
    { started: { list: [1, "two"], bytes: new Uint8Array([3]) } },
    { echo: { n: 4n } },
  ]);
});

test("spawnThread() - what is sent while the thread still loads is heard, in order", async () => {
  const thread = runtime.spawnThread("late", null);
  const heard: unknown[] = [];
  thread.onMessage((message) => heard.push(message));
  for (const message of ["first", "second", "last"]) thread.postMessage(message);
  await new Promise<void>((resolve) => thread.onExit(() => resolve()));
  assert.deepEqual(heard, [{ echo: "first" }, { echo: "second" }, { echo: "last" }]);
});

test("spawnThread() - a thread that waits for nothing ends by itself", async () => {
  const thread = runtime.spawnThread("brief", null);
  const ended = exit(thread);
  assert.equal(await message(thread), "done");
  assert.equal((await ended).code, 0);
});

test("spawnThread() - a crash is told with its error, and hurts nobody else", async () => {
  const other = runtime.spawnThread("echo", "alive");
  const { code, error } = await exit(runtime.spawnThread("crash", null));
  assert.notEqual(code, 0);
  assert.match(error?.message ?? "", /Broken on purpose/);
  assert.deepEqual(await message(other), { started: "alive" });
  await other.terminate();
});

test("spawnThread() - an unknown entry point is a crash that names it", async () => {
  const { code, error } = await exit(runtime.spawnThread("toString", null));
  assert.notEqual(code, 0);
  assert.match(error?.message ?? "", /no thread entry point "toString"/);
});

test("terminate() - ends even a thread that never yields", async () => {
  const thread = runtime.spawnThread("spin", null);
  const ended = exit(thread);
  assert.equal(await message(thread), "spinning");
  await thread.terminate();
  await ended;
});

test("onExit() - called late, still tells", async () => {
  const thread = runtime.spawnThread("brief", null);
  await exit(thread);
  assert.equal((await exit(thread)).code, 0);
});

test("openSocket() - works in a thread as in the main program", async () => {
  const thread = runtime.spawnThread("rep", "tcp://127.0.0.1:0");
  const endpoint = await message(thread) as string;
  const req = await runtime.openSocket("req", { linger: 0 });
  req.connect(endpoint);
  for (let i = 0; i < 100; i++) {
    await req.send(String(i));
    const answer = (await req.receive(20_000)).map((frame) => new TextDecoder().decode(frame));
    assert.deepEqual(answer, ["from the thread", String(i)]);
  }
  req.close();
  await thread.terminate();
});

async function listener(): Promise<{ endpoint: string; socket: ZmqSocket }> {
  const socket = await runtime.openSocket("router", { linger: 0 });
  return { socket, endpoint: await socket.bind("tcp://127.0.0.1:0") };
}

test("terminate() - ends a thread whose socket waits for a message", async () => {
  const { socket, endpoint } = await listener();
  const thread = runtime.spawnThread("wait", { endpoint, then: "idle" });
  const ended = exit(thread);
  assert.equal(await message(thread), "waiting");
  await thread.terminate();
  assert.deepEqual(await ended, { code: 0, error: undefined });
  socket.close();
});

test("spawnThread() - a crash while a socket waits ends that thread alone", async () => {
  const { socket, endpoint } = await listener();
  const thread = runtime.spawnThread("wait", { endpoint, then: "crash" });
  const { code, error } = await exit(thread);
  assert.notEqual(code, 0);
  assert.match(error?.message ?? "", /Broken while a socket waits/);
  socket.close();
});

for (const then of ["idle", "spin", "stuck"]) {
  test(`spawnThread() - the program ends with its own code while a thread is ${then}`, () => {
    const program = fileURLToPath(new URL("./fixtures/exit_with_thread.ts", import.meta.url));
    const args = runtime.name === "deno" ? ["run", "-A", program, then] : [program, then];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    assert.equal(status, 7, stderr);
    assert.match(stdout, then === "stuck" ? /^ended/ : /^waiting/);
  });
}
