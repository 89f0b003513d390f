import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type JobCache, openJobCache, StoreError } from "../../../src/cache/mod.ts";
import type { DataMap, Jid, MinionId, PublishLoad, ReturnLoad } from "../../../src/types/mod.ts";

const JID = "20260102030405000001" as Jid;

function load(jid: string, more: DataMap = {}): PublishLoad {
  return {
    fun: "test.ping",
    arg: [],
    tgt: "*",
    tgt_type: "glob",
    jid: jid as Jid,
    ret: "",
    user: "root",
    ...more,
  };
}

function ret(jid: string, id: string, more: DataMap = {}): ReturnLoad {
  return {
    cmd: "_return",
    id: id as MinionId,
    jid: jid as Jid,
    fun: "test.ping",
    fun_args: [],
    return: true,
    retcode: 0,
    success: true,
    ...more,
  } as ReturnLoad;
}

function withCache(
  run: (cache: JobCache, cachedir: string) => void,
  options: { maxReturnBytes?: number; now?: () => number } = {},
): void {
  const cachedir = mkdtempSync(join(tmpdir(), "jobs-"));
  const cache = openJobCache({ cachedir, ...options });
  try {
    run(cache, cachedir);
  } finally {
    cache.close();
    rmSync(cachedir, { recursive: true });
  }
}

function jidOf(number: number): string {
  return `20260102030405${String(number).padStart(6, "0")}`;
}

test("saveLoad() stores a jid once", () => {
  withCache((cache) => {
    assert.equal(cache.saveLoad(load(JID), ["b", "a"], ["gone"]), true);
    assert.equal(cache.saveLoad(load(JID, { fun: "other.fun" }), ["c"]), false);
    const job = cache.load(JID);
    assert.equal(job?.load.fun, "test.ping");
    assert.deepEqual(job?.minions, ["a", "b"]);
    assert.deepEqual(job?.missing, ["gone"]);
    assert.equal(job?.startTime, Date.UTC(2026, 0, 2, 3, 4, 5) / 1000);
    assert.equal(job?.endTime, null);
  });
});

test("saveLoad() leaves credentials out", () => {
  withCache((cache) => {
    const kwargs = { token: "t", password: "p", username: "u", show_jid: true };
    cache.saveLoad(load(JID, { key: "secret", kwargs }), []);
    const stored = cache.load(JID)?.load as unknown as DataMap;
    assert.equal("key" in stored, false);
    assert.deepEqual(stored["kwargs"], { show_jid: true });
  });
});

test("saveLoad() refuses what is no jid", () => {
  withCache((cache) => {
    assert.throws(() => cache.saveLoad(load("../../etc"), []), StoreError);
  });
});

test("saveReturn() keeps the first return of each minion", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), ["a", "b"]);
    assert.equal(cache.saveReturn(ret(JID, "a", { return: { n: 1 }, out: "nested" })), "stored");
    assert.equal(cache.saveReturn(ret(JID, "a", { return: 2, retcode: 1 })), "duplicate");
    assert.equal(cache.saveReturn(ret(JID, "b", { retcode: 3, success: false })), "stored");
    const [a, b] = cache.returns(JID);
    assert.deepEqual(a?.ret, { return: { n: 1 }, retcode: 0, success: true, out: "nested" });
    assert.equal(a?.end, "returned");
    assert.equal(b?.end, "failed");
    assert.notEqual(cache.load(JID)?.endTime, null);
  });
});

test("saveReturn() takes one failed function of several for a failure", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), []);
    const codes = { "test.ping": 0, "cmd.run": 1 };
    cache.saveReturn(ret(JID, "a", { retcode: codes, success: { "test.ping": true } }));
    assert.equal(cache.returns(JID)[0]?.end, "failed");
  });
});

test("saveReturn() begins the job when nobody published it here", () => {
  withCache((cache) => {
    assert.equal(cache.saveReturn(ret(JID, "a", { fun_args: ["x"], user: "joe" })), "new job");
    assert.equal(cache.saveReturn(ret(JID, "b")), "stored");
    const job = cache.load(JID);
    assert.deepEqual(job?.load.arg, ["x"]);
    assert.equal(job?.load.tgt, "a");
    assert.equal(job?.load.user, "joe");
  });
});

test("saveReturn() keeps values as they were", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), []);
    const value = { bytes: new Uint8Array([0, 255]), big: 2n ** 60n, none: null, list: [1.5, "é"] };
    cache.saveReturn(ret(JID, "a", { return: value }));
    assert.deepEqual(cache.returns(JID)[0]?.ret?.return, value);
  });
});

test("saveReturn() keeps a note instead of a return that is too large", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), ["a"]);
    assert.equal(cache.saveReturn(ret(JID, "a", { return: "x".repeat(2000) })), "stored");
    const stored = cache.returns(JID)[0]?.ret;
    assert.match(String(stored?.return), /keeps none of more than 1000/);
    assert.equal(stored?.retcode, 0);
  }, { maxReturnBytes: 1000 });
});

test("saveReturn() keeps only the end of a job that is not to be cached", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID, { kwargs: { nocache: true } }), ["a"]);
    assert.equal(cache.saveReturn(ret(JID, "a", { return: "secret" })), "stored");
    assert.equal(cache.saveReturn(ret(JID, "a")), "duplicate");
    const [part] = cache.returns(JID);
    assert.equal(part?.end, "returned");
    assert.equal(part?.ret, undefined);
  });
});

test("setEnd() names the end of who did not return, and gives way to a return", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), ["a", "b", "c", "d"]);
    cache.saveReturn(ret(JID, "a"));
    cache.setEnd(JID, ["a", "b"], "timed out", "no answer in 5 s");
    cache.setEnd(JID, ["c"], "queued");
    cache.setEnd(JID, ["c"], "expired");
    const ends = () => Object.fromEntries(cache.returns(JID).map((part) => [part.id, part.end]));
    assert.deepEqual(ends(), { a: "returned", b: "timed out", c: "expired", d: "waiting" });
    assert.equal(cache.returns(JID)[1]?.reason, "no answer in 5 s");
    assert.equal(cache.saveReturn(ret(JID, "b")), "stored");
    assert.equal(ends()["b"], "returned");
    assert.equal(cache.returns(JID)[1]?.reason, undefined);
  });
});

test("addMinions() adds to the expected of a known job", () => {
  withCache((cache) => {
    cache.saveLoad(load(JID), ["b"]);
    cache.addMinions(JID, ["a", "b"]);
    cache.addMinions("20260102030405999999", ["z"]);
    assert.deepEqual(cache.load(JID)?.minions, ["a", "b"]);
    assert.equal(cache.load("20260102030405999999"), null);
  });
});

test("active() lists jobs that somebody still has to answer", () => {
  withCache((cache) => {
    cache.saveLoad(load(jidOf(1)), ["a", "b"]);
    cache.saveLoad(load(jidOf(2)), ["a"]);
    cache.saveReturn(ret(jidOf(1), "a"));
    cache.saveReturn(ret(jidOf(2), "a"));
    assert.deepEqual(cache.active().map((job) => job.jid), [jidOf(1)]);
    cache.setEnd(jidOf(1), ["b"], "not connected");
    assert.deepEqual(cache.active(), []);
  });
});

test("list() gives pages, newest first", () => {
  withCache((cache) => {
    for (let i = 0; i < 250; i++) cache.saveLoad(load(jidOf(i)), []);
    const first = cache.list();
    assert.equal(first.length, 100);
    assert.equal(first[0]?.jid, jidOf(249));
    const second = cache.list({ before: first.at(-1)!.jid, limit: 10 });
    assert.deepEqual(
      second.map((job) => job.jid),
      Array.from({ length: 10 }, (_, i) => jidOf(149 - i)),
    );
  });
});

test("list() filters as jobs.list_jobs does", () => {
  withCache((cache) => {
    cache.saveLoad(load(jidOf(1), { fun: "cmd.run", tgt: ["web1", "db1"] }), []);
    cache.saveLoad(load(jidOf(2), { fun: ["test.ping", "pkg.install"] }), []);
    cache.saveLoad(load(jidOf(3), { fun: "saltutil.find_job", metadata: { who: "me" } }), []);
    cache.saveLoad(
      load(jidOf(4), { arg: [{ __kwarg__: true, metadata: { who: "you", n: [1] } }] }),
      [],
    );
    const jids = (filter: Parameters<JobCache["list"]>[0]) =>
      cache.list(filter).map((job) => Number(job.jid.slice(-6)));
    assert.deepEqual(jids({ functions: ["test.*", "nothing"] }), [4, 2]);
    assert.deepEqual(jids({ targets: ["db?"] }), [1]);
    assert.deepEqual(jids({ metadata: { who: "me", other: 1 } }), [3]);
    assert.deepEqual(jids({ metadata: { n: [1] } }), [4]);
    assert.deepEqual(jids({ withoutFindJob: true }), [4, 2, 1]);
    assert.deepEqual(jids({ functions: ["*"], targets: ["*"], limit: 2 }), [4, 3]);
  });
});

test("list() takes a range of time with both ends", () => {
  withCache((cache) => {
    const at = (second: number) => `2026010203040${second}000000`;
    for (let i = 0; i < 6; i++) cache.saveLoad(load(at(i)), []);
    cache.saveLoad(load(`${at(4)}_77`), []);
    const seconds = Date.UTC(2026, 0, 2, 3, 4, 0) / 1000;
    const found = cache.list({ startTime: seconds + 3, endTime: seconds + 4 });
    assert.deepEqual(found.map((job) => job.jid), [`${at(4)}_77`, at(4), at(3)]);
  });
});

test("clean() removes what is older than it is to be kept", () => {
  let now = Date.UTC(2026, 0, 1);
  withCache((cache) => {
    for (let i = 0; i < 450; i++) cache.saveLoad(load(jidOf(i)), ["a"]);
    cache.saveReturn(ret(jidOf(7), "a"));
    // The clock of the jid is not what counts: whoever makes one up cannot keep it for ever.
    cache.saveReturn(ret("99991231000000000000", "a"));
    now += 100_000;
    cache.saveLoad(load(jidOf(1000)), []);
    assert.equal(cache.clean(0), 0);
    assert.equal(cache.clean(50), 451);
    assert.deepEqual(cache.list().map((job) => job.jid), [jidOf(1000)]);
    assert.deepEqual(cache.returns(jidOf(7)), []);
  }, { now: () => now });
});

test("batch() writes all or nothing", () => {
  withCache((cache) => {
    assert.throws(() =>
      cache.batch(() => {
        cache.saveLoad(load(jidOf(1)), []);
        throw new Error("no");
      }), /no/);
    assert.equal(cache.load(jidOf(1)), null);
    const count = cache.batch(() => {
      for (let i = 0; i < 20; i++) cache.saveReturn(ret(jidOf(i), "a"));
      return cache.batch(() => cache.list().length);
    });
    assert.equal(count, 20);
  });
});

test("openJobCache() makes files that only their owner can read", () => {
  withCache((cache, cachedir) => {
    cache.saveLoad(load(JID), []);
    for (const name of readdirSync(cachedir)) {
      assert.equal(statSync(join(cachedir, name)).mode & 0o777, 0o600, name);
    }
  });
});

test("a damaged store is moved aside and work goes on", () => {
  withCache((cache, cachedir) => {
    const path = join(cachedir, "jobs.db");
    writeFileSync(path, "this is no database ".repeat(500));
    assert.equal(cache.saveLoad(load(JID), ["a"]), true);
    assert.equal(cache.load(JID)?.jid, JID);
    const aside = readdirSync(cachedir).find((name) => name.startsWith("jobs.db.corrupt-"));
    assert.match(readFileSync(join(cachedir, aside!), "utf8"), /^this is no database/);
  });
});

test("a store that is damaged while open is replaced, for all who have it open", () => {
  withCache((cache, cachedir) => {
    const other = openJobCache({ cachedir });
    for (let i = 0; i < 300; i++) cache.saveLoad(load(jidOf(i), { arg: ["x".repeat(900)] }), []);
    assert.equal(other.list().length, 100);
    const path = join(cachedir, "jobs.db");
    rmSync(`${path}-wal`);
    rmSync(`${path}-shm`);
    writeFileSync(path, new Uint8Array(4096 * 40).fill(0x5a));
    cache.close();
    assert.equal(cache.saveReturn(ret(jidOf(1), "a")), "new job");
    assert.equal(other.saveReturn(ret(jidOf(1), "a")), "duplicate");
    assert.equal(cache.saveReturn(ret(jidOf(2), "a")), "new job");
    assert.equal(other.load(jidOf(2))?.jid, jidOf(2));
    other.close();
    assert.equal(
      readdirSync(cachedir).filter((name) => /corrupt-\d+$/.test(name)).length,
      1,
    );
  });
});

test("a store that is removed while open is made anew", () => {
  withCache((cache, cachedir) => {
    cache.saveLoad(load(jidOf(1)), []);
    for (const name of readdirSync(cachedir)) rmSync(join(cachedir, name));
    assert.equal(cache.saveLoad(load(jidOf(2)), []), true);
    const other = openJobCache({ cachedir });
    assert.equal(other.load(jidOf(2))?.jid, jidOf(2));
    other.close();
  });
});

test("a store of a newer version is left alone", () => {
  withCache((cache, cachedir) => {
    cache.saveLoad(load(JID), []);
    cache.close();
    const path = join(cachedir, "jobs.db");
    const bytes = readFileSync(path);
    // `user_version` stands at offset 60 of the file's header.
    bytes.writeUInt32BE(99, 60);
    writeFileSync(path, bytes);
    assert.throws(
      () => cache.load(JID),
      (error) =>
        error instanceof StoreError && error.fault === "newer" &&
        /newer version/.test(error.message),
    );
    assert.deepEqual(readdirSync(cachedir).filter((name) => name.includes("corrupt")), []);
  });
});

test("a store that cannot be opened says which file and why", () => {
  withCache((_, cachedir) => {
    writeFileSync(join(cachedir, "file"), "");
    const cache = openJobCache({ cachedir: join(cachedir, "file") });
    assert.throws(() => cache.saveLoad(load(JID), []), /Cannot .*"\/.*file/);
  });
});

test("clean() leaves jobs that somebody still waits for", () => {
  let now = 1_000_000;
  withCache((cache) => {
    const [first, second] = ["20260102030405000001", "20260102030405000002"] as const;
    for (const jid of [first, second]) cache.saveLoad(load(jid), ["m1"]);
    now += 100_000;
    assert.equal(cache.clean(50, [second]), 1);
    assert.deepEqual([cache.load(first), cache.load(second)?.jid], [null, second]);
    assert.equal(cache.clean(50), 1);
  }, { now: () => now });
});
