import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, WorkerDesk } from "../../../src/master/worker_desk.ts";
import type { AnswerBatch } from "../../../src/transport/zeromq/request_batch.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * A desk whose requests take long when their text begins with "heavy". Those with "later" in it wait
 * until `release` is called.
 */
function desk() {
  const served: string[] = [];
  const posted: AnswerBatch[] = [];
  const outbox = new Outbox((batch) => posted.push(batch));
  let commits = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  const it = new WorkerDesk(
    {
      handle: async (payload, _peer, giveWay) => {
        const name = new TextDecoder().decode(payload);
        if (name.startsWith("heavy") && giveWay?.turn) await giveWay.turn();
        if (name.includes("later")) {
          giveWay?.aside();
          await released;
        }
        served.push(name);
        return payload;
      },
    },
    outbox,
    () => commits += 1,
  );
  let seq = 0;
  const take = (...names: string[]) =>
    it.take(names.map((name) => ({ seq: ++seq, verifiedId: null, payload: bytes(name) })));
  return { it, take, served, posted, release, commits: () => commits };
}

test("WorkerDesk lets what takes long wait for all others, and go one by one", async () => {
  const { it, take, served, posted, commits } = desk();
  take("heavy 1", "heavy 2", "light 1");
  assert.deepEqual(served, ["light 1"]);
  assert.equal(commits(), 1);
  await turn();
  take("light 2");
  await it.idle();
  assert.deepEqual(served, ["light 1", "heavy 1", "light 2", "heavy 2"]);
  assert.deepEqual(posted.flatMap(({ deferred }) => deferred), [1, 2]);
  const answered = posted.flatMap(({ answers }) => answers.map(({ seq }) => seq));
  assert.deepEqual(answered.toSorted(), [1, 2, 3, 4]);
});

test("WorkerDesk serves at once what has come alone", async () => {
  const { it, take, served, posted } = desk();
  take("heavy");
  assert.deepEqual(served, ["heavy"]);
  await it.idle();
  assert.deepEqual(posted.flatMap(({ deferred }) => deferred), []);
});

test("WorkerDesk says what waits, and for how long it kept others before that", async () => {
  const { it, take, served, posted, release } = desk();
  const start = performance.now();
  take("heavy later", "later", "light");
  await turn();
  await turn();
  assert.deepEqual(served, ["light"]);
  assert.deepEqual(posted.flatMap(({ aside }) => aside), [2, 1]);
  const since = performance.now();
  // Longer than all that was before.
  while (performance.now() - since <= since - start) await turn();
  release();
  await it.idle();
  const answers = posted.flatMap(({ answers }) => answers);
  assert.deepEqual(answers.map(({ seq }) => seq).toSorted(), [1, 2, 3]);
  for (const { ms } of answers) assert.ok(ms <= since - start, `${ms} ms`);
});
