import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltReqTimeoutError } from "../../../src/errors.ts";
import { returnLoad } from "../../../src/minion/job_return.ts";
import type { JobJournal } from "../../../src/minion/journal.ts";
import { ReturnSender, type ReturnSettings } from "../../../src/minion/returns.ts";
import type { Data, DataMap, MinionId } from "../../../src/types/mod.ts";
import { FakeClock, FakeJournal, Inbox, job } from "./fakes.ts";

const SETTINGS: ReturnSettings = {
  return_retry_timer: 5,
  return_retry_timer_max: 10,
  return_retry_tries: 3,
  pub_ret: true,
};

function setUp(journal: JobJournal = new FakeJournal(), settings: Partial<ReturnSettings> = {}) {
  const clock = new FakeClock();
  const sent = new Inbox<{ jid: Data; timeoutMs: number; tries: number }>();
  const answers: (Data | Error)[] = [];
  const sender = new ReturnSender(["master"], { ...SETTINGS, ...settings }, {
    journal: () => journal,
    clock,
    send: (load: DataMap, options) => {
      const answer = answers.length > 0 ? answers.shift()! : null;
      sent.put({ jid: load["jid"]!, ...options });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  const deliver = (jid: string, keep = true, entry = journal.start("master", job(jid, "a.b"))) => {
    const result = { return: jid, retcode: 0, success: true };
    sender.deliver(returnLoad("m1" as MinionId, job(jid, "a.b"), result), entry, keep);
  };
  return { clock, sent, answers, sender, deliver };
}

const away = () => new SaltReqTimeoutError("no answer");

test("ReturnSender gives each try a time between the two timers and the tries of the options", async () => {
  const { sent, deliver, sender } = setUp();
  deliver("1");
  assert.deepEqual(await sent.take(), { jid: "1", timeoutMs: 8000, tries: 3 });
  sender.close();
});

test("ReturnSender sends everything that waits, in order, once the master is back", async () => {
  const journal = new FakeJournal();
  const { sent, answers, deliver, clock, sender } = setUp(journal);
  answers.push(away(), away(), away());
  for (const jid of ["1", "2", "3"]) deliver(jid);
  for (let i = 0; i < 3; i++) await sent.take();
  await clock.sleeps.take();
  sender.flush();
  const order = [await sent.take(), await sent.take(), await sent.take()].map(({ jid }) => jid);
  assert.deepEqual(order, ["1", "2", "3"]);
  await sender.drain(1000);
  sender.close();
});

test("ReturnSender waits longer each time the master stays away, and stops at the first that fails", async () => {
  const { sent, answers, deliver, clock, sender } = setUp();
  answers.push(away(), away(), away(), away(), away());
  deliver("1");
  deliver("2");
  await sent.take();
  await sent.take();
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    const ms = await clock.sleeps.take();
    waits.push(ms);
    clock.advance(ms);
    assert.equal((await sent.take()).jid, "1");
  }
  assert.ok(waits[1]! > waits[0]! && waits[2]! > waits[1]!, String(waits));
  sender.close();
});

test("ReturnSender goes on with the next return when the master cannot store one", async () => {
  const journal = new FakeJournal();
  const { sent, answers, deliver, clock, sender } = setUp(journal);
  answers.push(away(), away(), "");
  deliver("1");
  deliver("2");
  await sent.take();
  await sent.take();
  clock.advance(await clock.sleeps.take());
  assert.equal((await sent.take()).jid, "1");
  assert.equal((await sent.take()).jid, "2");
  await clock.sleeps.take();
  assert.deepEqual(journal.jids(), ["1"]);
  sender.close();
});

test("ReturnSender forgets what the master refuses for good and what is of no use later", async () => {
  const journal = new FakeJournal();
  const { sent, answers, deliver, clock, sender } = setUp(journal);
  answers.push(false, away());
  deliver("1");
  deliver("2", false);
  await sent.take();
  await sent.take();
  await sender.drain(1000);
  assert.deepEqual(journal.jids(), []);
  assert.deepEqual(clock.sleeps.left.filter((ms) => ms !== 1000), []);
  sender.close();
});

test("ReturnSender keeps in memory what the journal cannot hold", async () => {
  const broken: JobJournal = Object.assign(new FakeJournal(), {
    finish: () => "failed" as const,
  });
  const { sent, answers, deliver, clock, sender } = setUp(broken);
  answers.push(away());
  deliver("1");
  await sent.take();
  clock.advance(await clock.sleeps.take());
  assert.equal((await sent.take()).jid, "1");
  sender.close();
});

test("ReturnSender moves what it held in memory to the journal when that works again", async () => {
  const journal = new FakeJournal();
  let room = false;
  const real = journal.finish.bind(journal);
  journal.finish = (entry, load) => room ? real(entry, load) : "failed";
  const { sent, answers, deliver, clock, sender } = setUp(journal);
  answers.push(away(), away());
  deliver("1");
  await sent.take();
  const wait = await clock.sleeps.take();
  room = true;
  clock.advance(wait);
  await sent.take();
  sender.close();
  assert.deepEqual(journal.unsent("master", -1, 10).map(({ load }) => load.jid), ["1"]);
});

test("ReturnSender gives up a return that is too large to keep", async () => {
  const full: JobJournal = Object.assign(new FakeJournal(), {
    finish: () => "too large" as const,
  });
  const { sent, answers, deliver, clock, sender } = setUp(full);
  answers.push(away());
  deliver("1");
  await sent.take();
  await sender.drain(1000);
  assert.deepEqual(clock.sleeps.left.filter((ms) => ms !== 1000), []);
  assert.deepEqual(full.jids(), []);
  sender.close();
});

test("ReturnSender sends nothing without pub_ret", async () => {
  const journal = new FakeJournal();
  const { sent, deliver, sender } = setUp(journal, { pub_ret: false });
  deliver("1");
  await sender.drain(1000);
  assert.deepEqual([sent.left.length, journal.jids().length], [0, 0]);
  sender.close();
});

test("ReturnSender.drain() gives up on a master that does not answer", async () => {
  const clock = new FakeClock();
  const never = Promise.withResolvers<Data>();
  const journal = new FakeJournal();
  const sender = new ReturnSender(["master"], SETTINGS, {
    journal: () => journal,
    clock,
    send: () => never.promise,
  });
  const load = returnLoad("m1" as MinionId, job("1", "a.b"), {
    return: 1,
    retcode: 0,
    success: true,
  });
  sender.deliver(load, journal.start("master", job("1", "a.b")), true);
  const drained = sender.drain(1000);
  clock.advance(await clock.sleeps.take((ms) => ms === 1000));
  await drained;
  sender.close();
  assert.equal(journal.unsent("master", -1, 10).length, 1);
});
