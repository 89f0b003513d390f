import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openJobCache, openQueueStore } from "../../../../src/cache/mod.ts";
import type { Presence } from "../../../../src/master/presence.ts";
import { QueueKeeper } from "../../../../src/master/queue/keeper.ts";
import type {
  DataMap,
  MinionId,
  PublishLoad,
  ReturnLoad,
  SaltEvent,
} from "../../../../src/types/mod.ts";

const A = "20260102030405000001";
const B = "20260102030405000002";

/** A keeper over real stores, with a bus, a clock and minions that the test moves. */
class Lab {
  readonly dir = mkdtempSync(join(tmpdir(), "saltx-keeper-"));
  now = 1_000_000;
  readonly store = openQueueStore({ cachedir: this.dir, now: () => this.now });
  readonly jobs = openJobCache({ cachedir: this.dir });
  readonly sent: [jid: string, id: string][] = [];
  readonly fired: string[] = [];
  readonly present = new Set<string>();
  readonly accepted = new Set(["sx", "real"]);
  readonly #listeners: [prefix: string, listener: (event: SaltEvent) => void][] = [];
  readonly #timers: { at: number; work: () => void }[] = [];
  keeper = this.#keeper();

  constructor(t: TestContext) {
    t.after(() => {
      this.keeper.close();
      this.jobs.close();
      rmSync(this.dir, { recursive: true });
    });
  }

  #keeper(): QueueKeeper {
    return new QueueKeeper({
      store: this.store,
      jobs: this.jobs,
      keys: { acceptedKey: (id) => this.accepted.has(id) ? "pem" : null },
      minions: { grains: (id) => id === "sx" ? { saltxversion: "1" } : { os: "x" } },
      bus: {
        fire: (tag) => void this.fired.push(tag),
        onEvent: (prefix, listener) => {
          const row: [string, (event: SaltEvent) => void] = [prefix, listener];
          this.#listeners.push(row);
          return () => void this.#listeners.splice(this.#listeners.indexOf(row), 1);
        },
      },
      presence: {
        of: (ids) => ids.map((id): Presence => this.present.has(id) ? "present" : "absent"),
      },
      window: 20,
      publish: (load, ids) => {
        assert.deepEqual([load["tgt"], load["tgt_type"]], [ids, "list"]);
        this.sent.push([String(load["jid"]), ids.join()]);
      },
      now: () => this.now,
      later: (ms, work) => {
        const timer = { at: this.now + ms, work };
        this.#timers.push(timer);
        return () => {
          const at = this.#timers.indexOf(timer);
          if (at >= 0) this.#timers.splice(at, 1);
        };
      },
    });
  }

  restartMaster(): void {
    this.keeper.close();
    this.keeper = this.#keeper();
    this.keeper.start();
  }

  event(tag: string, data: DataMap = {}): void {
    for (const [prefix, listener] of [...this.#listeners]) {
      if (tag.startsWith(prefix)) listener({ tag, data });
    }
  }

  queue(jid: string, ...ids: string[]): void {
    this.keep(jid, ids, 10_000);
  }

  keep(jid: string, ids: string[], seconds: number): void {
    const load = { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", jid, ret: "", user: "r" };
    this.jobs.saveLoad(load as unknown as PublishLoad, ids);
    this.store.add(
      load as unknown as PublishLoad,
      ids.map((id) => ({ id, topic: `topic ${id}` })),
      this.now / 1000 + seconds,
    );
    this.event(`salt/queue/${jid}/new`, { jid, minions: ids });
  }

  returned(jid: string, id: string): void {
    const ret = { id: id as MinionId, jid, fun: "test.ping", return: true, retcode: 0 };
    this.jobs.saveReturn(ret as unknown as ReturnLoad);
    this.event(`salt/job/${jid}/ret/${id}`, {});
  }

  pass(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers.filter(({ at }) => at <= this.now)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.work();
    }
  }

  end(jid: string, id: string): string | undefined {
    return this.jobs.returns(jid).find((part) => part.id === id)?.end;
  }
}

function lab(t: TestContext): Lab {
  const made = new Lab(t);
  made.keeper.start();
  return made;
}

test("QueueKeeper sends a minion that comes back its jobs in order, each after the last return", (t) => {
  const it = lab(t);
  it.queue(A, "sx");
  it.queue(B, "sx");
  assert.deepEqual(it.sent, []);
  it.keeper.topic("topic sx", true);
  assert.deepEqual(it.sent, [[A, "sx"]]);
  assert.equal(it.end(A, "sx"), "waiting");
  it.keeper.topic("topic sx", true);
  it.keeper.check();
  assert.equal(it.sent.length, 1);
  it.returned(A, "sx");
  assert.deepEqual(it.sent, [[A, "sx"], [B, "sx"]]);
  it.returned(B, "sx");
  assert.deepEqual(it.store.list(), []);
});

test("QueueKeeper goes on after a while when a job does not return", (t) => {
  const it = lab(t);
  it.queue(A, "sx");
  it.queue(B, "sx");
  it.present.add("sx");
  it.keeper.topic("topic sx", true);
  it.pass(299_000);
  it.keeper.check();
  assert.equal(it.sent.length, 1);
  it.pass(2000);
  it.keeper.check();
  assert.deepEqual(it.sent, [[A, "sx"], [B, "sx"]]);
});

test("QueueKeeper sends at once to whom it sees when the job is queued", (t) => {
  const it = lab(t);
  it.present.add("sx");
  it.queue(A, "sx");
  assert.deepEqual(it.sent, [[A, "sx"]]);
});

test("QueueKeeper sends again to a saltx minion whose link broke: it drops what it has had", (t) => {
  const it = lab(t);
  it.queue(A, "sx");
  it.keeper.topic("topic sx", true);
  it.keeper.topic("topic sx", false);
  it.keeper.topic("topic sx", true);
  assert.deepEqual(it.sent, [[A, "sx"], [A, "sx"]]);
});

test("QueueKeeper sends to a real minion after its start event, twice in case the first was early", (t) => {
  const it = lab(t);
  it.queue(A, "real");
  it.queue(B, "real");
  it.event("salt/minion/real/start");
  assert.deepEqual(it.sent, []);
  it.pass(1000);
  assert.deepEqual(it.sent, [[A, "real"]]);
  it.pass(4000);
  assert.deepEqual(it.sent, [[A, "real"], [A, "real"]]);
  it.returned(A, "real");
  assert.deepEqual(it.sent.at(-1), [B, "real"]);
});

test("QueueKeeper never sends a job to a real minion that restarted with it", (t) => {
  const it = lab(t);
  it.queue(A, "real");
  it.event("salt/minion/real/start");
  it.pass(5000);
  it.event("salt/minion/real/start");
  it.pass(5000);
  assert.equal(it.sent.length, 2);
  assert.equal(it.end(A, "real"), "interrupted");
  assert.deepEqual(it.store.list(), []);
});

test("QueueKeeper finds a real minion that came back without a start event", (t) => {
  const it = lab(t);
  it.queue(A, "real");
  it.keeper.check();
  assert.deepEqual(it.sent, []);
  it.present.add("real");
  it.keeper.check();
  assert.deepEqual(it.sent, [[A, "real"]]);
});

test("QueueKeeper reports what expires: before it was sent, and after", (t) => {
  const it = lab(t);
  it.queue(A, "sx", "real");
  it.keeper.topic("topic sx", true);
  it.pass(10_000_001);
  it.keeper.check();
  assert.equal(it.end(A, "real"), "expired");
  assert.equal(it.end(A, "sx"), "timed out");
  assert.ok(it.fired.includes(`salt/queue/${A}/expired`));
  assert.deepEqual(it.store.list(), []);
});

test("QueueKeeper drops the jobs of a minion whose key is removed, and sends to accepted ones only", (t) => {
  const it = lab(t);
  it.queue(A, "real", "stranger");
  it.event("salt/key", { act: "accept", id: "real" });
  assert.equal(it.store.list().length, 2);
  it.event("salt/key", { act: "delete", id: "real" });
  assert.equal(it.end(A, "real"), "expired");
  it.keeper.topic("topic stranger", true);
  assert.deepEqual(it.sent, []);
});

test("QueueKeeper takes up after a restart what returned while it was away, and what did not", (t) => {
  const it = lab(t);
  it.queue(A, "sx", "real");
  it.keeper.topic("topic sx", true);
  const ret = { id: "real" as MinionId, jid: A, fun: "test.ping", return: true, retcode: 0 };
  it.jobs.saveReturn(ret as unknown as ReturnLoad);
  it.restartMaster();
  assert.deepEqual(it.store.ids(), ["sx"]);
  it.keeper.topic("topic sx", true);
  assert.deepEqual(it.sent, [[A, "sx"], [A, "sx"]]);
  it.returned(A, "sx");
  assert.deepEqual(it.store.list(), []);
});

test("QueueKeeper outlives events that make no sense", (t) => {
  const it = lab(t);
  it.queue(A, "sx");
  for (const tag of ["salt/queue/", "salt/queue/x/new", `salt/queue/${A}/cancelled`, "salt/key"]) {
    for (const minions of [null, 5, "sx", [5, null, {}], { sx: 1 }]) {
      it.event(tag, { minions, act: "delete", id: 7 });
    }
  }
  it.event("salt/minion/../start");
  it.event("salt/minion/a/b/start");
  it.keeper.topic("", true);
  assert.equal(it.store.list().length, 1);
});

test("QueueKeeper sends what was kept for a moment all at once, and forgets it", (t) => {
  const it = lab(t);
  it.keep(A, ["sx"], 20);
  it.keep(B, ["sx"], 20);
  it.keeper.topic("topic sx", true);
  assert.deepEqual(it.sent, [[A, "sx"], [B, "sx"]]);
  assert.deepEqual(it.fired, [`salt/queue/${A}/sent`, `salt/queue/${B}/sent`]);
  assert.deepEqual(it.store.list(), []);
  it.keeper.topic("topic sx", false);
  it.keeper.topic("topic sx", true);
  assert.equal(it.sent.length, 2);
});

test("QueueKeeper sends to a minion that signs in after it subscribed", (t) => {
  const it = lab(t);
  it.keep(A, ["sx"], 20);
  it.event("salt/auth", { id: "sx" });
  assert.deepEqual(it.sent, []);
  it.present.add("sx");
  it.event("salt/auth", { id: "sx" });
  assert.deepEqual(it.sent, [[A, "sx"]]);
});

test("QueueKeeper looks out for real minions for whom something is kept for a moment", (t) => {
  const it = lab(t);
  it.keep(A, ["real"], 20);
  it.pass(1000);
  it.present.add("real");
  it.pass(1000);
  assert.deepEqual(it.sent, []);
  it.pass(1000);
  assert.deepEqual(it.sent, [[A, "real"]]);
});

test("QueueKeeper tells that who was expected back for a moment is not connected", (t) => {
  const it = lab(t);
  it.keep(A, ["sx"], 20);
  it.pass(20_001);
  it.keeper.check();
  assert.equal(it.end(A, "sx"), "not connected");
  it.keeper.topic("topic sx", true);
  assert.deepEqual(it.sent, []);
});
