import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ClientOpts } from "../../../src/client/mod.ts";
import { SaltClientError } from "../../../src/errors.ts";
import { FakeIo } from "../../support/fake_io.ts";
import { saltCommand } from "../../support/salt_command.ts";
import { ScriptedFleet } from "../../support/scripted_fleet.ts";

const FAILED = "ERROR: Minions returned with non-zero exit code\n";
const NOTHING = "ERROR: No return received\n";

/** The escape sequence that begins a colour. */
const COLOR = new RegExp("\u001b");

test("saltx salt prints each return as it comes in", async () => {
  using master = new ScriptedFleet({ b: { ret: { x: [1] } }, a: { after: 200, ret: "text" } });
  const { code, stdout, stderr } = await saltCommand(master, ["*", "test.ping"]);
  assert.equal(stdout, "b:\n    ----------\n    x:\n        - 1\na:\n    text\n");
  assert.deepEqual([code, stderr], [0, ""]);
});

test("saltx salt --out json prints an object a minion, --static one for all", async () => {
  using master = new ScriptedFleet({ b: {}, a: { after: 200, ret: 5 } });
  const live = await saltCommand(master, ["*", "test.ping", "--out", "json", "--out-indent", "-1"]);
  assert.equal(live.stdout, '{"b": true}\n{"a": 5}\n');
  const one = await saltCommand(master, ["*", "test.ping", "--out=json", "--static"]);
  assert.deepEqual(JSON.parse(one.stdout), { b: true, a: 5 });
});

test("saltx salt shows a return by the outputter that its function names", async () => {
  using master = new ScriptedFleet({ a: { ret: "x\ny", out: "txt" } });
  assert.equal((await saltCommand(master, ["*", "cmd.run", "x"])).stdout, "a: x\na: y\n");
  assert.equal(
    (await saltCommand(master, ["*", "x.y", "--out", "raw"])).stdout,
    "{'a': 'x\\ny'}\n",
  );
});

test("saltx salt falls back to nested when it does not know an outputter", async () => {
  using master = new ScriptedFleet({ a: {} });
  assert.equal((await saltCommand(master, ["*", "x.y", "--out", "nope"])).stdout, "a:\n    True\n");
});

test("saltx salt colours on a terminal only, unless told otherwise", async () => {
  using master = new ScriptedFleet({ a: {} });
  const terminal = { io: new FakeIo({ terminal: true }) };
  const colored = (await saltCommand(master, ["*", "test.ping"], terminal)).stdout;
  assert.equal(colored, "\x1b[0;36ma\x1b[0;0m:\n    \x1b[0;1;33mTrue\x1b[0;0m\n");
  const off = { io: new FakeIo({ terminal: true }) };
  assert.doesNotMatch(
    (await saltCommand(master, ["*", "test.ping", "--no-color"], off)).stdout,
    COLOR,
  );
  assert.match((await saltCommand(master, ["*", "test.ping", "--force-color"])).stdout, COLOR);
});

test("saltx salt --out-file writes the results there, --out-file-append adds", async () => {
  using master = new ScriptedFleet({ a: {} });
  const file = join(master.cachedir, "out");
  const words = ["*", "test.ping", "--out", "txt", "--out-file", file];
  assert.equal((await saltCommand(master, words)).stdout, "");
  await saltCommand(master, words);
  assert.equal(readFileSync(file, "utf8"), "a: True\n");
  await saltCommand(master, [...words, "--out-file-append"]);
  assert.equal(readFileSync(file, "utf8"), "a: True\na: True\n");
  rmSync(file);
});

test("saltx salt says which file it cannot write", async () => {
  using master = new ScriptedFleet({ a: {} });
  const file = join(master.cachedir, "no", "out");
  const { code, stderr } = await saltCommand(master, ["*", "test.ping", "--out-file", file]);
  assert.equal(code, 64);
  assert.match(stderr, new RegExp(`${file}: Access denied`));
});

test("saltx salt sends typed arguments, keywords and what travels with the job", async () => {
  using master = new ScriptedFleet({ a: {} });
  await saltCommand(master, [
    ...["-G", "os:Debian", "cmd.run", "uptime", "5", "timeout=3", "raw=7", "--no-parse", "raw"],
    ...["--return", "redis,mysql", "--return_config", "alt", "--return_kwargs", "{db: 5}"],
    ...["--metadata", "{ticket: x}", "--module-executors", "[splay]", "--delimiter", "|"],
  ]);
  const { kwargs, ...load } = master.publications[0]?.load ?? {};
  assert.deepEqual([load["tgt"], load["tgt_type"], load["fun"]], ["os:Debian", "grain", "cmd.run"]);
  assert.deepEqual(load["arg"], ["uptime", 5, { __kwarg__: true, timeout: 3, raw: "7" }]);
  assert.equal(load["ret"], "redis,mysql");
  assert.deepEqual(kwargs, {
    show_timeout: true,
    show_jid: false,
    delimiter: "|",
    ret_config: "alt",
    ret_kwargs: { db: 5 },
    module_executors: ["splay"],
    metadata: { ticket: "x" },
  });
});

test("saltx salt reads the target as its option says", async () => {
  const cases: [string[], unknown, string][] = [
    [["-E", "w.*"], "w.*", "pcre"],
    [["-L", "a, b,c"], ["a", "b", "c"], "list"],
    [["-L", "a b"], ["a", "b"], "list"],
    [["-P", "os:D.*"], "os:D.*", "grain_pcre"],
    [["-C", "a or b"], "a or b", "compound"],
    [["-I", "role:x"], "role:x", "pillar"],
    [["-J", "role:x"], "role:x", "pillar_pcre"],
    [["-S", "10.0.0.0/8"], "10.0.0.0/8", "ipcidr"],
    [["-R", "%x"], "%x", "range"],
    [["-N", "web"], "w1 or w2", "compound"],
  ];
  for (const [words, tgt, type] of cases) {
    using master = new ScriptedFleet({}, { nodegroups: { web: "w1 or w2" } });
    await saltCommand(master, [...words, "test.ping"]);
    const load = master.publications[0]?.load;
    assert.deepEqual([load?.["tgt"], load?.["tgt_type"]], [tgt, type], words.join(" "));
  }
});

test("saltx salt sends several functions in one job, with either way to part arguments", async () => {
  const cases: [string[], unknown][] = [
    [["test.ping,cmd.run", ",", "echo a"], [[], ["echo a"]]],
    [["cmd.run,test.arg", "id", ",", "x", "k=1"], [["id"], ["x", { __kwarg__: true, k: 1 }]]],
    [["cmd.run,test.arg", "id,x"], [["id"], ["x"]]],
    [["cmd.run,test.arg", "a,b", "::", "x", "--args-separator", "::"], [["a,b"], ["x"]]],
  ];
  for (const [words, arg] of cases) {
    using master = new ScriptedFleet({ a: {} });
    await saltCommand(master, ["*", ...words]);
    const load = master.publications[0]?.load;
    assert.deepEqual([load?.["fun"], load?.["arg"]], [words[0]?.split(","), arg]);
  }
});

test("saltx salt -v and --show-jid tell the job id; -v who still works", async () => {
  using master = new ScriptedFleet({ a: { after: 7000, worksUntil: 7000 } });
  const verbose = (await saltCommand(master, ["*", "test.ping", "-v"])).stdout;
  const text =
    /^Executing job with jid \d{20}\n-{43}\n\nExecution is still running on a\na:\n {4}True\n$/;
  assert.match(verbose, text);
  const shown = (await saltCommand(master, ["*", "test.ping", "--show-jid"])).stdout;
  assert.match(shown, /^jid: \d{20}\na:\n/);
});

test("saltx salt --jid uses that job id", async () => {
  using master = new ScriptedFleet({ a: {} });
  const jid = "20260102030405000001";
  const { stdout } = await saltCommand(master, ["*", "test.ping", "--jid", jid, "--show-jid"]);
  assert.match(stdout, new RegExp(`^jid: ${jid}\n`));
  assert.equal(master.publications[0]?.load["jid"], jid);
});

test("saltx salt --async prints the job id and does not listen", async () => {
  using master = new ScriptedFleet({ a: { after: Infinity } });
  const { stdout } = await saltCommand(master, ["*", "test.ping", "--async"]);
  assert.match(stdout, /^Executed command with job ID: \d*\n$/);
  assert.equal(master.publications[0]?.subscriptions, 0);
});

test("saltx salt --summary counts and names", async () => {
  using master = new ScriptedFleet({
    a: {},
    b: { retcode: 2 },
    c: { after: Infinity, silent: true },
  });
  master.notConnected = ["d"];
  master.minions["d"] = {};
  const { stdout } = await saltCommand(master, ["*", "test.ping", "--summary"]);
  assert.match(stdout, /# of minions targeted: 4\n# of minions returned: 2\n/);
  assert.match(stdout, /# of minions that did not return: 2\n# of minions with errors: 1\n/);
  assert.match(
    stdout,
    /Minions not connected: d\nMinions not responding: c\nMinions with failures: b\n/,
  );
});

test("saltx salt --progress shows the summary alone", async () => {
  using master = new ScriptedFleet({ a: {}, b: {} });
  const { stdout } = await saltCommand(master, ["*", "test.ping", "--progress"]);
  assert.match(stdout, /^\n\n-+\nSummary\n/);
  assert.doesNotMatch(stdout, /True/);
});

test("saltx salt --hide-timeout hides who did not return, and still fails", async () => {
  using master = new ScriptedFleet({ a: {}, off: {} });
  master.notConnected = ["off"];
  const { code, stdout } = await saltCommand(master, ["*", "test.ping", "--hide-timeout"]);
  assert.deepEqual([code, stdout], [1, "a:\n    True\n"]);
});

test("saltx salt -d prints the docs of each function once", async () => {
  const docs = { "test.ping": "\n    Says yes.\n    ", "a.b": "Doc." };
  using master = new ScriptedFleet({ a: { ret: docs }, b: { ret: { "test.ping": "other" } } });
  const { code, stdout } = await saltCommand(master, ["-d", "*", "test"]);
  assert.equal(stdout, "a.b:\nDoc.\n\ntest.ping:\n\n    Says yes.\n    \n\n");
  assert.equal(code, 0);
  assert.deepEqual(master.publications[0]?.load["arg"], ["test"]);
});

test("saltx salt --subset takes minions that have the function", async () => {
  using master = new ScriptedFleet({
    a: { ret: ["test.ping"] },
    b: { ret: ["test.ping"] },
    c: { ret: ["other.x"] },
  });
  await saltCommand(master, ["*", "test.ping", "--subset", "1"]);
  const [asked, job] = master.publications.map(({ load }) => load);
  assert.equal(asked?.["fun"], "sys.list_functions");
  assert.equal(job?.["tgt_type"], "list");
  assert.match(JSON.stringify(job?.["tgt"]), /^\["[ab]"\]$/);
});

test("saltx salt --preview-target shows whom it would ask, and asks nobody", async () => {
  using master = new ScriptedFleet({ b: {}, a: {} });
  const { code, stdout } = await saltCommand(master, ["*", "--preview-target"]);
  assert.deepEqual([code, stdout], [0, "- a\n- b\n"]);
  assert.equal(master.publications.length, 0);
});

test("saltx salt ends at Ctrl-C with the job id and how to look it up", async () => {
  using master = new ScriptedFleet({ a: {}, b: { after: 60_000, worksUntil: 60_000 } });
  const { code, stdout, stderr } = await saltCommand(master, ["*", "x.y"], { interruptAt: 3000 });
  assert.deepEqual([code, stdout], [1, "a:\n    True\n"]);
  const jid = String(master.publications[0]?.load["jid"]);
  assert.match(stderr, new RegExp(`This job's jid is: ${jid}\n`));
  assert.match(stderr, new RegExp(`saltx run jobs.lookup_jid ${jid}\n$`));
  assert.equal(master.clock.now(), 3000);
});

test("saltx salt -a asks for what is not given, and sends it in place of the key", async () => {
  using master = new ScriptedFleet({ a: {} });
  const io = new FakeIo({ input: ["ann", "secret"] });
  await saltCommand(master, ["-a", "file", "*", "test.ping"], { io });
  assert.deepEqual(io.prompts, ["username: ", "secret password: "]);
  const load = master.publications[0]?.load ?? {};
  assert.equal("key" in load, false);
  assert.deepEqual(
    Object.fromEntries(
      ["eauth", "username", "password"].map((
        k,
      ) => [k, (load["kwargs"] as Record<string, unknown>)[k]]),
    ),
    { eauth: "file", username: "ann", password: "secret" },
  );
});

test("saltx salt -T keeps the token, readable by its owner alone, and uses it next time", async () => {
  using master = new ScriptedFleet({ a: {} });
  const file = join(master.cachedir, "token");
  Object.assign(master.opts, { token_file: file });
  master.override = (load) =>
    load["cmd"] === "mk_token" ? { enc: "clear", load: { token: "tok-1" } } : undefined;
  const words = ["-a", "file", "-T", "--username", "ann", "--password", "s", "*", "test.ping"];
  assert.equal((await saltCommand(master, words)).code, 0);
  assert.equal(readFileSync(file, "utf8"), "tok-1");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  master.setKey("");
  await saltCommand(master, ["*", "test.ping"]);
  // Also where a login system is named: nobody is asked while the token holds.
  await saltCommand(master, ["-a", "file", "*", "test.ping"]);
  const tokens = master.publications.map(({ load }) =>
    (load["kwargs"] as { token?: string }).token
  );
  assert.deepEqual(tokens, ["tok-1", "tok-1", "tok-1"]);
});

interface ExitCase {
  name: string;
  minions?: ConstructorParameters<typeof ScriptedFleet>[0];
  words: string[];
  code: number;
  stderr?: string | RegExp;
  stdout?: string | RegExp;
  notConnected?: string[];
  missing?: string[];
  reply?: unknown;
  interruptAt?: number;
  noMaster?: boolean;
}

const ok = { a: {}, b: {} };
const oneFails = { a: {}, b: { retcode: 1 } };
const oneDead = { a: {}, b: { after: Infinity, silent: true } };
const refusal = (name: string) => ({ error: { name, message: "You may not." } });

const EXIT_CODES: ExitCase[] = [
  { name: "all return", minions: ok, words: ["*", "test.ping"], code: 0 },
  {
    name: "a false result is no failure",
    minions: { a: { ret: false } },
    words: ["*", "x.y"],
    code: 0,
  },
  { name: "one fails", minions: oneFails, words: ["*", "x.y"], code: 1, stderr: FAILED },
  {
    name: "one fails, static",
    minions: oneFails,
    words: ["*", "x.y", "-s"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one fails, json",
    minions: oneFails,
    words: ["*", "x.y", "--out=json"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one fails, quiet",
    minions: oneFails,
    words: ["*", "x.y", "--out=quiet"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one fails, progress",
    minions: oneFails,
    words: ["*", "x.y", "-p"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one fails, the outputter progress",
    minions: oneFails,
    words: ["*", "x.y", "--out=progress"],
    code: 1,
    stderr: FAILED,
    stdout: /^\n+-+\nSummary\n/,
  },
  {
    name: "one of several functions fails",
    minions: { a: { retcode: { x: 0, y: 5 } } },
    words: ["*", "x.y,y.z", ","],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "ended by a signal",
    minions: { a: { retcode: -9 } },
    words: ["*", "x.y"],
    code: 1,
    stderr: FAILED,
  },
  { name: "one dead", minions: oneDead, words: ["*", "x.y"], code: 1, stderr: FAILED },
  {
    name: "one dead, hidden",
    minions: oneDead,
    words: ["*", "x.y", "--hide-timeout"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one dead, static",
    minions: oneDead,
    words: ["*", "x.y", "--static"],
    code: 1,
    stderr: FAILED,
  },
  { name: "all dead", minions: { b: oneDead.b }, words: ["*", "x.y"], code: 1, stderr: FAILED },
  {
    name: "not connected",
    minions: ok,
    notConnected: ["a"],
    words: ["*", "x.y"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "one of a list not known",
    minions: ok,
    missing: ["c"],
    words: ["-L", "a,c", "x.y"],
    code: 1,
    stderr: FAILED,
  },
  {
    name: "nobody matched",
    words: ["no*", "x.y"],
    code: 2,
    stderr: NOTHING,
    stdout: /^No minions matched the target\. No command was sent, no jid was assigned\.\n$/,
  },
  { name: "nobody matched, async", words: ["no*", "x.y", "--async"], code: 2, stderr: NOTHING },
  { name: "nobody matched, static", words: ["no*", "x.y", "-s"], code: 2, stderr: NOTHING },
  { name: "nobody matched, batch", words: ["no*", "x.y", "-b", "1"], code: 2, stderr: NOTHING },
  {
    name: "nobody matched, subset",
    words: ["no*", "x.y", "--subset", "1"],
    code: 2,
    stderr: NOTHING,
  },
  { name: "nobody matched, preview", words: ["no*", "--preview-target"], code: 2, stderr: NOTHING },
  {
    name: "no docs",
    minions: { a: { ret: {} } },
    words: ["-d"],
    code: 2,
    stderr: "No minions found to gather docs from\n",
  },
  { name: "async", minions: oneFails, words: ["*", "x.y", "--async"], code: 0 },
  { name: "batch, all return", minions: ok, words: ["*", "x.y", "-b", "1"], code: 0 },
  {
    name: "batch, one fails",
    minions: { a: { retcode: 7 } },
    words: ["*", "x.y", "-b", "1"],
    code: 7,
  },
  {
    name: "batch, beyond what a shell can see",
    minions: { a: { retcode: 256 } },
    words: ["*", "x.y", "-b", "1"],
    code: 1,
  },
  { name: "batch, one down", minions: oneDead, words: ["*", "x.y", "-b", "1"], code: 1 },
  {
    name: "batch, all down",
    minions: { b: oneDead.b },
    words: ["*", "x.y", "-b", "1"],
    code: 2,
    stderr: NOTHING,
  },
  {
    name: "batch, static, one fails",
    minions: oneFails,
    words: ["*", "x.y", "-b", "1", "-s"],
    code: 1,
  },
  {
    name: "batch, no size",
    minions: ok,
    words: ["*", "x.y", "-b", "many"],
    code: 1,
    stderr: /^Invalid batch data sent: many\n/,
  },
  {
    name: "batch, size 0",
    minions: ok,
    words: ["*", "x.y", "-b", "0"],
    code: 1,
    stderr: /^Invalid batch data/,
  },
  {
    name: "authentication",
    reply: refusal("AuthenticationError"),
    words: ["*", "x.y"],
    code: 2,
    stderr: "You may not.\n",
  },
  {
    name: "authorization",
    reply: refusal("AuthorizationError"),
    words: ["*", "x.y"],
    code: 2,
    stderr: "You may not.\n",
  },
  {
    name: "bad request",
    reply: refusal("SaltInvocationError"),
    words: ["*", "x.y"],
    code: 1,
    stderr: "You may not.\n",
  },
  {
    name: "no answer that makes sense",
    reply: {},
    words: ["*", "x.y"],
    code: 2,
    stderr: /^Failed to authenticate!/,
  },
  {
    name: "no master",
    noMaster: true,
    words: ["*", "x.y"],
    code: 2,
    stderr: /^The salt master could not be contacted/,
  },
  { name: "no target", words: [], code: 42, stderr: /without defining a target/ },
  { name: "no function", words: ["*"], code: 42, stderr: /Incomplete options passed/ },
  {
    name: "too few arguments",
    words: ["*", "a.b,c.d"],
    code: 42,
    stderr: /without defining all arguments/,
  },
  {
    name: "too many arguments",
    words: ["*", "a.b,c.d", "1,2,3"],
    code: 42,
    stderr: /more arguments than commands/,
  },
  { name: "unknown option", words: ["--nope"], code: 64, stderr: /no such option: --nope/ },
  {
    name: "two kinds of target",
    words: ["-E", "-L", "a", "x.y"],
    code: 64,
    stderr: /--pcre\/--list are mutually exclusive/,
  },
  {
    name: "two docs",
    words: ["-d", "*", "a.b", "c.d"],
    code: 64,
    stderr: /documentation for one method/,
  },
  {
    name: "Ctrl-C",
    minions: { a: { after: 9000 } },
    words: ["*", "x.y"],
    interruptAt: 100,
    code: 1,
    stderr: /lookup_jid/,
  },
  {
    name: "Ctrl-C, batch",
    minions: { a: { after: 50 } },
    words: ["*", "x.y", "-b", "1"],
    interruptAt: 70,
    code: 1,
    stderr: /lookup_jid/,
  },
];

for (const one of EXIT_CODES) {
  test(`saltx salt exits ${one.code}: ${one.name}`, async () => {
    using master = new ScriptedFleet(one.minions ?? {});
    master.notConnected = one.notConnected ?? [];
    master.missing = one.missing ?? [];
    if (one.reply !== undefined) master.override = () => one.reply as string;
    const { code, stdout, stderr } = await saltCommand(master, one.words, {
      ...(one.interruptAt === undefined ? {} : { interruptAt: one.interruptAt }),
      parts: one.noMaster
        ? {
          openClient: () => {
            const text = "The salt master could not be contacted. Is master running?";
            throw new SaltClientError(text, { exitCode: 2 });
          },
        }
        : {},
    });
    assert.equal(code, one.code, stdout + stderr);
    if (typeof one.stderr === "string") assert.equal(stderr, one.stderr);
    else if (one.stderr) assert.match(stderr, one.stderr);
    else if (code === 0) assert.equal(stderr, "");
    if (one.stdout) assert.match(stdout, one.stdout as RegExp);
  });
}

test("saltx salt works in batches by itself from batch_safe_limit minions on", async () => {
  const minions = Object.fromEntries(["a", "b", "c", "d", "e"].map((id) => [id, { after: 20 }]));
  const jobs = async (limit: number) => {
    using master = new ScriptedFleet(minions, {
      batch_safe_limit: limit,
      batch_safe_size: 2,
    } as Partial<ClientOpts>);
    const { code, stdout } = await saltCommand(master, ["*", "x.y"]);
    assert.equal(code, 0);
    const sizes = master.publications.filter(({ load }) => load["fun"] === "x.y")
      .map(({ load }) => Array.isArray(load["tgt"]) ? load["tgt"].length : load["tgt"] as string);
    return { sizes, told: stdout.includes("switching to batch execution") };
  };
  assert.deepEqual(await jobs(6), { sizes: ["*"], told: false });
  const { sizes, told } = await jobs(5);
  assert.equal(told, true);
  assert.equal(Math.max(...sizes.map(Number)), 2);
  assert.equal(sizes.reduce((sum: number, size) => sum + Number(size), 0), 5);
});
