/** The shapes here are what the real `salt-run --out json` printed for the same jobs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  openJobCache,
  openMineStore,
  openMinionDataCache,
  openQueueStore,
} from "../../../src/cache/mod.ts";
import type { MasterOpts } from "../../../src/config/mod.ts";
import { SaltInvocationError } from "../../../src/errors.ts";
import { PkiKeyStore } from "../../../src/key/mod.ts";
import { bindArguments } from "../../../src/loader/bind.ts";
import type { RunnerContext, RunnerResult } from "../../../src/loader/runner_types.ts";
import { getLogger } from "../../../src/logging/mod.ts";
import { parseTime } from "../../../src/plugins/runners/job_format.ts";
import { RUNNERS } from "../../../src/plugins/runners/mod.ts";
import { makeJid } from "../../../src/text/jid.ts";
import type { Data, DataMap, MinionId, PublishLoad, ReturnLoad } from "../../../src/types/mod.ts";
import { testJob } from "../../support/exec_context.ts";

interface Setup {
  /** What minions answer; by default nobody does. */
  answers?: RunnerResult[];
  connected?: [string, string | null][];
  opts?: DataMap;
  /** Whether a master runs, so that there is an event bus. */
  bus?: boolean;
}

/** Runners on stores in a folder of their own, with minions that answer as told. */
function master({ answers = [], connected = [], opts = {}, bus = true }: Setup = {}) {
  const root = mkdtempSync(join(tmpdir(), "runners-"));
  const jobs = openJobCache({ cachedir: root });
  const queue = openQueueStore({ cachedir: root });
  const mine = openMineStore({ cachedir: root });
  const minionData = openMinionDataCache({ cachedir: root });
  const keys = new PkiKeyStore({ pki_dir: join(root, "pki") });
  keys.prepare();
  const asked: unknown[] = [];
  const events: unknown[] = [];
  const printed: string[] = [];
  const ctx: RunnerContext = {
    returner: (name) => Promise.reject(new Error(`no returner ${name}`)),
    opts: {
      cachedir: root,
      timeout: 5,
      gather_job_timeout: 10,
      sqlite_queue_dir: join(root, "queues"),
      rotate_aes_key: true,
      ...opts,
    } as unknown as MasterOpts,
    jobs,
    queue,
    mine,
    keys,
    minionData,
    client: {
      cmd: (...request) => {
        asked.push(request);
        return Promise.resolve(answers);
      },
    },
    connected: () => Promise.resolve(new Map(connected)),
    log: getLogger("test"),
    fireEvent: (...event) => {
      events.push(event);
      return Promise.resolve(bus);
    },
    progress: (message) => Promise.resolve(void events.push(message)),
    docs: () => ({ "test.arg": "doc" }),
    runner: (fun, args, kwargs) => run(fun, [...args], kwargs),
    execute: (...call) => Promise.resolve(call as Data),
    print: (text) => void printed.push(text),
    signal: new AbortController().signal,
  };
  const run = async (name: string, args: Data[] = [], kwargs: DataMap = {}): Promise<Data> => {
    const [module, fun] = name.split(".");
    const found = RUNNERS.find((runner) => runner.name === module)!.functions[fun!]!;
    return await found.run(ctx, bindArguments(name, found, args, kwargs));
  };
  return {
    root,
    jobs,
    queue,
    mine,
    keys,
    minionData,
    asked,
    printed,
    events,
    run,
    accept: (id: string) => writeFileSync(join(root, "pki", "minions", id), "key"),
    [Symbol.dispose]: () => {
      jobs.close();
      queue.close();
      mine.close();
      minionData.close();
      rmSync(root, { recursive: true });
    },
  };
}

const PING = "20260102030405000001";
const STATE = "20260102030406000001";
const TWO = "20260102030407000001_77";
const FIND = "20260102030408000001";

/** The four jobs that the real master was given. */
function withJobs(setup: Setup = {}) {
  const it = master(setup);
  const job = (jid: string, load: DataMap, minions: string[], returns: Record<string, DataMap>) => {
    const base = { jid, ret: "", user: "root", tgt_type: "glob", arg: [] };
    it.jobs.saveLoad({ ...base, ...load } as unknown as PublishLoad, minions);
    for (const [id, ret] of Object.entries(returns)) {
      it.jobs.saveReturn({ ...ret, id, jid } as unknown as ReturnLoad);
    }
  };
  const good = { retcode: 0, success: true };
  job(PING, { fun: "test.ping", tgt: "*" }, ["w2", "w1", "w3"], {
    w1: { return: true, ...good },
    w2: { return: false, retcode: 1, success: false },
  });
  const keywords = { __kwarg__: true, test: true, metadata: { who: "me" } };
  job(
    STATE,
    {
      fun: "state.apply",
      tgt: ["w1", "w2"],
      tgt_type: "list",
      arg: ["web", keywords],
      user: "sudo_joe",
    },
    ["w1", "w2"],
    { w1: { return: { "a_|-b_|-c_|-d": { result: true } }, ...good, out: "highstate" } },
  );
  const metadata = { n: 1 };
  job(TWO, { fun: ["test.ping", "test.echo"], tgt: "w*", kwargs: { metadata } }, ["w1"], {
    w1: { return: { "test.ping": true }, ...good },
  });
  job(FIND, { fun: "saltutil.find_job", tgt: ["w1"], tgt_type: "list", arg: [PING] }, ["w1"], {
    w1: { return: {}, ...good },
  });
  return it;
}

const PING_SHOWN = {
  Function: "test.ping",
  Arguments: [],
  Target: "*",
  "Target-type": "glob",
  User: "root",
};

test("jobs.list_job shows one job, its minions and its returns", async () => {
  using it = withJobs();
  const shown = await it.run("jobs.list_job", [PING]);
  const expected = {
    jid: PING,
    ...PING_SHOWN,
    Minions: ["w1", "w2", "w3"],
    StartTime: "2026, Jan 02 03:04:05.000001",
    Result: {
      w1: { return: true, retcode: 0, success: true },
      w2: { return: false, retcode: 1, success: false },
    },
  };
  // Texts compare the order of the keys too.
  assert.equal(JSON.stringify(shown), JSON.stringify(expected));
});

test("jobs.list_job and print_job say that there is no such job", async () => {
  using it = withJobs();
  const Error = "Cannot contact returner or no job with this jid";
  assert.deepEqual(await it.run("jobs.list_job", ["20260102030409000001"]), {
    jid: "20260102030409000001",
    Error,
    StartTime: "2026, Jan 02 03:04:09.000001",
    Result: {},
  });
  assert.deepEqual(await it.run("jobs.print_job", ["bad"]), {
    bad: { Error, StartTime: "", Result: {} },
  });
});

test("jobs.list_job shows the end time where the option asks for it", async () => {
  using it = withJobs({ opts: { job_cache_store_endtime: true } });
  const shown = await it.run("jobs.list_job", [PING]) as DataMap;
  assert.match(String(shown["EndTime"]), /^\d{4}, [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6}$/);
});

test("jobs.lookup_jid gives returns, and on demand who is missing and why", async () => {
  using it = withJobs();
  const lookup = (kwargs: DataMap) => it.run("jobs.lookup_jid", [PING], kwargs);
  assert.deepEqual(await lookup({}), { w1: true, w2: false });
  const nobody = "Nobody of that name is accepted any more.";
  const missing = { w3: `Minion did not return. [No response] ${nobody}` };
  assert.deepEqual(await lookup({ missing: true }), { w1: true, w2: false, ...missing });
  assert.deepEqual(await lookup({ missing: true, returned: false }), missing);
  it.jobs.setEnd(PING, ["w3"], "not connected");
  assert.deepEqual(await lookup({ missing: true, returned: false }), {
    w3: "Minion did not return. [Not connected]",
  });
  assert.deepEqual(await it.run("jobs.lookup_jid", ["20260102030409000001"]), {});
});

test("jobs.ends names the end of each, and asks those of whom nothing is known", async () => {
  const answer = (id: string, ret: Data, end = "returned"): RunnerResult => ({
    ...{ id, end, ret, retcode: 0 },
  });
  using it = withJobs({
    answers: [answer("w3", { jid: PING }), answer("w4", {}), answer("w5", "", "not connected")],
  });
  it.jobs.addMinions(PING, ["w4", "w5", "w6", "w7"]);
  it.jobs.setEnd(PING, ["w6"], "queued");
  it.jobs.setEnd(PING, ["w7"], "expired", "It did not come back in time");
  const ends = async () =>
    Object.fromEntries(
      Object.entries(await it.run("jobs.ends", [PING]) as Record<string, DataMap>)
        .map(([id, { End, Reason = "" }]) => [id, [End, Reason]]),
    );
  const expected = {
    w1: ["returned", ""],
    w2: ["failed", ""],
    w3: ["running", ""],
    w4: ["timed out", "It does not work on the job and has not returned."],
    w5: ["timed out", "It does not answer."],
    w6: ["queued", ""],
    w7: ["expired", "It did not come back in time"],
  };
  assert.deepEqual(await ends(), expected);
  assert.deepEqual(it.asked, [[
    { tgt: ["w3", "w4", "w5"], tgt_type: "list" },
    "saltutil.find_job",
    [PING],
    { timeout: 10 },
  ]]);
  // What is known now is not asked again, and a return that comes late still counts.
  const late = {
    cmd: "_return",
    id: "w4",
    jid: PING,
    fun: "test.ping",
    fun_args: [],
    return: true,
  };
  it.jobs.saveReturn({ ...late, retcode: 0, success: true } as unknown as ReturnLoad);
  assert.deepEqual(await ends(), { ...expected, w4: ["returned", ""] });
  assert.deepEqual((it.asked.at(-1) as unknown[])[0], { tgt: ["w3"], tgt_type: "list" });
});

test("jobs.ends asks nobody about a job whose time is not up", async () => {
  using it = master();
  const jid = makeJid(new Date());
  it.jobs.saveLoad({ ...testJob("test.ping"), jid }, ["w1"]);
  assert.deepEqual(await it.run("jobs.ends", [jid]), { w1: { End: "waiting" } });
  assert.deepEqual(it.asked, []);
});

test("jobs.lookup_jid names the outputter that the first return asks for", async () => {
  using it = withJobs();
  const data = { w1: { "a_|-b_|-c_|-d": { result: true } } };
  assert.deepEqual(await it.run("jobs.lookup_jid", [STATE]), { outputter: "highstate", data });
});

test("jobs.list_jobs shows all jobs, and those that the filters leave", async () => {
  using it = withJobs();
  const jids = async (kwargs: DataMap) =>
    Object.keys(await it.run("jobs.list_jobs", [], kwargs) as DataMap);
  const all = await it.run("jobs.list_jobs") as DataMap;
  assert.deepEqual(Object.keys(all), [PING, STATE, TWO, FIND]);
  assert.deepEqual(all[PING], { ...PING_SHOWN, StartTime: "2026, Jan 02 03:04:05.000001" });
  assert.deepEqual((all[STATE] as DataMap)["Metadata"], { who: "me" });
  assert.deepEqual((all[TWO] as DataMap)["Metadata"], { n: 1 });
  assert.deepEqual(await jids({ search_function: "test.*" }), [PING, TWO]);
  assert.deepEqual(await jids({ search_function: ["state.*", "saltutil.*"] }), [STATE, FIND]);
  assert.deepEqual(await jids({ search_target: "w1,nobody" }), [STATE, FIND]);
  assert.deepEqual(await jids({ search_metadata: { who: "me" } }), [STATE]);
  const times = { start_time: "2026, Jan 02 03:04:06", end_time: "2026-01-02T03:04:07.5" };
  assert.deepEqual(await jids(times), [STATE, TWO]);
  const wrapped = await it.run("jobs.list_jobs", [], { outputter: "yaml" }) as DataMap;
  assert.deepEqual(wrapped, { outputter: "yaml", data: all });
});

test("jobs.list_jobs_filter gives the newest as a list", async () => {
  using it = withJobs();
  const newest = await it.run("jobs.list_jobs_filter", [2]) as DataMap[];
  assert.deepEqual(newest.map((job) => job["JID"]), [STATE, TWO]);
  const all = await it.run("jobs.list_jobs_filter", [1], { filter_find_job: false }) as DataMap[];
  assert.deepEqual(all.map((job) => job["JID"]), [FIND]);
});

test("jobs.last_run gives the newest match with its returns, or false", async () => {
  using it = withJobs();
  assert.deepEqual(Object.keys(await it.run("jobs.last_run") as DataMap), [FIND]);
  const found = await it.run("jobs.last_run", [], { function: "test.ping", target: "[*]" });
  assert.deepEqual(Object.keys(found as DataMap), [PING]);
  assert.equal(await it.run("jobs.last_run", [], { target: "nobody" }), false);
  assert.equal(await it.run("jobs.last_run", [], { metadata: "text" }), false);
});

test("jobs.exit_success judges what came back, and counts the missing as failed", async () => {
  using it = withJobs();
  assert.deepEqual(await it.run("jobs.exit_success", [PING]), { w1: true, w2: false, w3: false });
  assert.deepEqual(await it.run("jobs.exit_success", [FIND]), { w1: false });
});

test("jobs.active joins what minions run with what has returned", async () => {
  const running = {
    jid: PING,
    fun: "test.ping",
    arg: [],
    tgt: "*",
    tgt_type: "glob",
    user: "root",
  };
  const answer = (id: string, pid: number): RunnerResult => ({
    id,
    end: "returned",
    ret: [{ ...running, pid }],
    retcode: 0,
  });
  using it = withJobs({
    answers: [answer("w3", 7), answer("w4", 8), { ...answer("w5", 1), ret: "no list" }],
  });
  assert.deepEqual(await it.run("jobs.active"), {
    [PING]: {
      ...PING_SHOWN,
      StartTime: "2026, Jan 02 03:04:05.000001",
      Running: [{ w3: 7 }, { w4: 8 }],
      Returned: ["w1", "w2"],
    },
  });
  assert.deepEqual(it.asked, [[
    { tgt: "*", tgt_type: "glob" },
    "saltutil.running",
    [],
    { timeout: 5 },
  ]]);
});

test("doc.wheel has the docs of all wheel functions", async () => {
  using it = master();
  const docs = await it.run("doc.wheel") as DataMap;
  assert.match(String(docs["key.accept"]), /Accepts pending keys/);
  assert.deepEqual(Object.keys(docs), Object.keys(docs).toSorted());
});

test("queue.* keeps items as Salt does, each once and in order", async () => {
  using it = master({ opts: { runner_queue: { queue: "calls" } } });
  const ask = (fun: string, args: Data[] = [], kwargs: DataMap = {}) =>
    it.run(`queue.${fun}`, args, kwargs);
  assert.equal(await ask("insert", ["q1", "a"]), true);
  assert.match(String(await ask("insert", ["q1", "a"])), /^Item already exists in this queue/);
  assert.equal(await ask("insert", ["q1", ["b", "c"]]), true);
  assert.match(String(await ask("insert", ["q1", ["d", "b"]])), /^One or more items already exist/);
  assert.equal(await ask("insert", ["q1", { x: [1, null] }]), true);
  assert.deepEqual(await ask("list_items", ["q1"]), ["a", "b", "c", "{'x': [1, null]}"]);
  assert.equal(await ask("list_length", ["q1"]), 4);
  assert.deepEqual(await ask("pop", ["q1"]), ["a"]);
  assert.equal(await ask("delete", ["q1", { x: [1, null] }]), true);
  assert.deepEqual(await ask("process_queue", ["q1", "all"]), {
    items: ["b", "c"],
    backend: "sqlite",
    queue: "q1",
  });
  assert.equal((it.events.at(-1) as unknown[])[0], "salt/queue/q1/process");
  assert.deepEqual(await ask("pop", ["q1", 5]), []);
  assert.equal(await ask("insert_runner", ["test.stdout_print"]), true);
  assert.equal(await ask("insert_runner", ["event.send", "x/it's"]), true);
  assert.deepEqual(await ask("list_queues"), ["calls", "q1"]);
  await ask("process_runner", ["all"]);
  assert.deepEqual(it.printed, ["foo\n"]);
  assert.deepEqual((it.events.at(-1) as unknown[])[0], "x/it's");
  for (const [name, quantity] of [["../q", 1], ["q;drop", 1], ["q1", "many"], ["q1", -1]]) {
    await assert.rejects(async () => await ask("pop", [name!, quantity!]), SaltInvocationError);
  }
  await assert.rejects(async () => await ask("pop", ["q1"], { backend: "pgjsonb" }), /sqlite/);
});

test("parseTime() reads times as people write them, in UTC", () => {
  const now = new Date("2026-05-06T07:08:09Z");
  const read = (text: Data) => parseTime("start_time", text, now);
  const iso = (seconds: number | undefined) => new Date(seconds! * 1000).toISOString();
  assert.equal(read(null), undefined);
  assert.equal(iso(read("2015, Mar 16 19:00")), "2015-03-16T19:00:00.000Z");
  assert.equal(iso(read("2015-03-16 19:00:01.5")), "2015-03-16T19:00:01.500Z");
  assert.equal(iso(read("2015-03-16T19:00")), "2015-03-16T19:00:00.000Z");
  assert.equal(iso(read("2015-03-16")), "2015-03-16T00:00:00.000Z");
  assert.equal(iso(read(20150316)), "2015-03-16T00:00:00.000Z");
  assert.equal(iso(read("19:30")), "2026-05-06T19:30:00.000Z");
  assert.equal(iso(read("2015-03-16 19:00+02:00")), "2015-03-16T17:00:00.000Z");
  assert.throws(() => read("yesterday-ish"), /Cannot read start_time 'yesterday-ish'/);
});

const PINGED: RunnerResult[] = [
  { id: "w2", end: "returned", ret: true, retcode: 0 },
  { id: "w10", end: "failed", ret: "odd", retcode: 1 },
  { id: "gone", end: "not connected", ret: "Minion did not return", retcode: 1 },
  { id: "Slow", end: "timed out", ret: "Minion did not return", retcode: 1 },
];

test("manage.status, up and down sort who answers from who does not", async () => {
  using it = master({ answers: PINGED });
  const expected = { up: ["w10", "w2"], down: ["Slow", "gone"] };
  assert.deepEqual(await it.run("manage.status"), expected);
  assert.deepEqual(await it.run("manage.up", ["w*"], { timeout: 2 }), expected.up);
  assert.deepEqual(await it.run("manage.down"), expected.down);
  assert.deepEqual(it.asked[1], [{ tgt: "w*", tgt_type: "glob" }, "test.ping", [], {
    timeout: 2,
    gatherJobTimeout: 10,
  }]);
});

test("manage.down removekeys=True deletes the keys of those who are down, and nothing else", async () => {
  using it = master({ answers: PINGED });
  for (const id of ["w2", "gone", "Slow"]) it.accept(id);
  it.minionData.setGrains("gone" as MinionId, {});
  await it.run("manage.down", [], { removekeys: true });
  assert.deepEqual(it.keys.list().accepted, ["w2"]);
  assert.deepEqual(it.minionData.ids(), []);
  assert.deepEqual(it.events, [
    ["salt/key", { result: true, act: "delete", id: "Slow" }],
    ["salt/key", { result: true, act: "delete", id: "gone" }],
  ]);
});

test("manage.present and its sisters show who is connected", async () => {
  using it = master({ connected: [["w2", "10.0.0.2"], ["w1", null]] });
  for (const id of ["w1", "w2", "w3", "w4"]) it.accept(id);
  for (const name of ["present", "alived", "list_state", "joined", "allowed", "reaped"]) {
    assert.deepEqual(await it.run(`manage.${name}`), ["w1", "w2"]);
  }
  assert.deepEqual(await it.run("manage.present", [["w2", "w3"]]), ["w2"]);
  assert.deepEqual(await it.run("manage.present", [], { show_ip: true }), {
    w1: null,
    w2: "10.0.0.2",
  });
  for (const name of ["not_present", "list_not_state", "not_alived"]) {
    assert.deepEqual(await it.run(`manage.${name}`), ["w3", "w4"]);
  }
  assert.deepEqual(await it.run("manage.not_present", [["w1", "w4"]]), ["w4"]);
});

test("manage.versions groups minions by how they stand to the master", async () => {
  const version = (id: string, ret: Data, end = "returned"): RunnerResult => ({
    id,
    end,
    ret,
    retcode: 0,
  });
  using it = master({
    answers: [
      version("same", "3006.30"),
      version("old2", "3006.9"),
      version("old1", "2019.2.8"),
      version("new", "3008.5"),
      version("off", "Minion did not return", "timed out"),
    ],
  });
  assert.deepEqual(await it.run("manage.versions"), {
    Master: "3006.30",
    "Up to date": { same: "3006.30" },
    "Minion requires update": { old1: "2019.2.8", old2: "3006.9" },
    "Minion newer than master": { new: "3008.5" },
    "Minion offline": { off: false },
  });
});

const returned = (id: string, ret: Data): RunnerResult => ({
  id,
  end: "returned",
  ret,
  retcode: 0,
});

test("test.arg gives its arguments back, without private ones; test.raw_arg with them", async () => {
  using it = master();
  const kwargs = { a: 2, __b: 3 };
  assert.deepEqual(await it.run("test.arg", [1], kwargs), { args: [1], kwargs: { a: 2 } });
  assert.deepEqual(await it.run("test.raw_arg", [1], kwargs), { args: [1], kwargs });
});

test("test.stdout_print prints beside its result; test.metasyntactic knows two places", async () => {
  using it = master();
  assert.equal(await it.run("test.stdout_print"), "bar");
  assert.deepEqual(it.printed, ["foo\n"]);
  const words = ["wibble", "wobble", "wubble", "flob"];
  assert.deepEqual(await it.run("test.metasyntactic", ["uk"]), words);
});

test("error.error fails by the name it is given", async () => {
  using it = master();
  assert.deepEqual(await it.run("error.error"), {});
  await assert.rejects(it.run("error.error", ["Oops", "bad"]), {
    name: "Oops",
    message: "Oops: bad",
  });
});

test("config.get finds nested options, or gives the default", async () => {
  using it = master({ opts: { file_roots: { base: ["/srv"] } } });
  assert.deepEqual(await it.run("config.get", ["file_roots:base"]), ["/srv"]);
  assert.deepEqual(await it.run("config.get", ["file_roots,base,0"], { delimiter: "," }), "/srv");
  assert.equal(await it.run("config.get", ["nope"]), "");
  assert.equal(await it.run("config.get", ["nope", 5]), 5);
});

test("event.send fires under the tag as it is, and fails without a bus", async () => {
  using it = master();
  assert.equal(await it.run("event.send", ["my/tag", { a: 1 }]), true);
  assert.deepEqual(it.events, [["my/tag", { a: 1 }]]);
  using alone = master({ bus: false });
  await assert.rejects(alone.run("event.send", ["my/tag"]), /No master runs here/);
});

test("doc.execution gives the docs of each function once, sorted", async () => {
  const answers = [returned("a", { "b.x": "1", "a.x": "2" }), returned("b", { "b.x": "other" })];
  using it = master({ answers: [...answers, returned("c", "'sys.doc' is not available.")] });
  assert.deepEqual(await it.run("doc.execution"), { "a.x": "2", "b.x": "1" });
  assert.deepEqual(await it.run("doc.runner"), { "test.arg": "doc" });
});

test("salt.cmd calls here, salt.execute on minions", async () => {
  using it = master({
    answers: [returned("a", 1), { id: "b", end: "timed out", ret: "", retcode: 1 }],
  });
  assert.deepEqual(await it.run("salt.cmd", ["test.arg", 1], { a: 2 }), ["test.arg", [1], {
    a: 2,
  }]);
  const kwargs = { kwarg: { k: 1 }, timeout: 9, tgt_type: "list" };
  assert.deepEqual(await it.run("salt.execute", ["a,b", "x.y", [5]], kwargs), { a: 1 });
  const target = { tgt: "a,b", tgt_type: "list" };
  assert.deepEqual(it.asked, [[target, "x.y", [5, { __kwarg__: true, k: 1 }], { timeout: 9 }]]);
});

test("cache shows and forgets what is kept of the minions that a target matches", async () => {
  using it = master({ opts: { nodegroups: {} } });
  for (const id of ["a1", "a2", "b"] as MinionId[]) {
    it.minionData.setGrains(id, { os: id });
    it.minionData.setPillar(id, { role: id });
  }
  assert.deepEqual(await it.run("cache.grains", ["a*"]), { a1: { os: "a1" }, a2: { os: "a2" } });
  assert.deepEqual(await it.run("cache.pillar", ["role:b", "pillar"]), { b: { role: "b" } });
  assert.equal(await it.run("cache.clear_grains"), false);
  assert.equal(await it.run("cache.clear_grains", ["a1"]), true);
  assert.deepEqual(await it.run("cache.grains", ["a*"]), { a1: {}, a2: { os: "a2" } });
  assert.deepEqual(await it.run("cache.pillar", ["a1"]), { a1: { role: "a1" } });
  await it.run("cache.clear_all", ["*"]);
  assert.deepEqual(it.minionData.ids(), []);
});

test("queue.list shows what waits, and queue.cancel takes it out where it was not sent", async () => {
  using it = withJobs();
  const load = { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", jid: PING, user: "root" };
  const minions = ["w3", "w4", "x5"].map((id) => ({ id, topic: id }));
  it.queue.add(load as unknown as PublishLoad, minions, Date.now() / 1000 + 60);
  it.queue.markSent(PING, "w4");
  const listed = await it.run("queue.list", ["w*"]) as Record<string, DataMap>;
  const waiting = listed[PING]!["Minions"] as Record<string, DataMap>;
  assert.equal(listed[PING]!["Function"], "test.ping");
  assert.deepEqual(Object.keys(waiting), ["w3", "w4"]);
  assert.equal(waiting["w3"]!["Sent"], null);
  assert.equal(typeof waiting["w4"]!["Sent"], "string");
  assert.deepEqual(await it.run("queue.cancel", [PING, "w*"]), ["w3"]);
  assert.deepEqual(it.events, [[`salt/queue/${PING}/cancelled`, { jid: PING, minions: ["w3"] }]]);
  const ended = it.jobs.returns(PING).find(({ id }) => id === "w3");
  assert.deepEqual([ended?.end, ended?.reason], ["expired", "It was cancelled"]);
  assert.deepEqual(await it.run("queue.cancel", [PING, "w*"]), []);
  await assert.rejects(async () => await it.run("queue.cancel", ["../x"]), /not a valid jid/);
});

test("cache.mine shows mine data, and clear_mine, clear_mine_func and clear_all take them out", async () => {
  using it = master();
  it.accept("w1");
  it.accept("w2");
  for (const id of ["w1", "w2"]) it.mine.set(id, { one: 1, two: [2] }, false);
  assert.deepEqual(await it.run("cache.mine", ["w1"]), { w1: { one: 1, two: [2] } });
  assert.equal(await it.run("cache.clear_mine_func", ["w1"]), false);
  assert.equal(
    await it.run("cache.clear_mine_func", ["w1"], { clear_mine_func_flag: "one" }),
    true,
  );
  assert.deepEqual(it.mine.all("w1"), { two: [2] });
  assert.equal(await it.run("cache.clear_mine"), false);
  assert.equal(await it.run("cache.clear_mine", ["w1"]), true);
  assert.deepEqual(it.mine.all("w1"), {});
  assert.equal(await it.run("cache.clear_all", ["*"]), true);
  assert.deepEqual(it.mine.all("w2"), {});
});

test("fileserver.* shows what minions are served", async () => {
  const root = mkdtempSync(join(tmpdir(), "served-"));
  const opts = { file_roots: { base: [root], prod: [] }, fileserver_backend: ["roots"] };
  using it = master({ opts });
  writeFileSync(join(root, "top.sls"), "");
  try {
    assert.deepEqual(await it.run("fileserver.envs"), ["base", "prod"]);
    assert.deepEqual(await it.run("fileserver.envs", [], { sources: true }), {
      roots: ["base", "prod"],
    });
    assert.deepEqual(await it.run("fileserver.file_list"), ["top.sls"]);
    assert.deepEqual(await it.run("fileserver.file_list", [], { backend: "gitfs" }), []);
    assert.deepEqual(await it.run("fileserver.file_list", [], { backend: "-roots" }), []);
    assert.deepEqual(await it.run("fileserver.file_list", [], { backend: ["roots"] }), ["top.sls"]);
    assert.deepEqual(await it.run("fileserver.file_list", ["../x"]), []);
    assert.deepEqual(await it.run("fileserver.dir_list"), []);
    assert.equal(await it.run("fileserver.update"), true);
    assert.equal(await it.run("fileserver.clear_cache"), "No cache was cleared");
  } finally {
    rmSync(root, { recursive: true });
  }
});
