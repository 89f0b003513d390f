import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ReturnerUnavailable } from "../../../../src/loader/returner_types.ts";
import { Returners } from "../../../../src/plugins/returners/mod.ts";
import type { DataMap } from "../../../../src/types/mod.ts";

const once = { again: false };
const ret: DataMap = {
  id: "m1",
  jid: "20260101000000000000",
  fun: "test.ping",
  return: true,
  retcode: 0,
};

function returners(t: TestContext, opts: DataMap): Returners {
  const made = new Returners({ opts, option: (name) => opts[name] });
  t.after(() => made.reset());
  return made;
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "returners-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Seen {
  method: string;
  url: string;
  login: string | undefined;
  body: DataMap | null;
}

/** An HTTP server that answers with the statuses given, then with 200. */
async function server(t: TestContext, statuses: Record<string, number[]> = {}) {
  const seen: Seen[] = [];
  const http = createServer(async (request: IncomingMessage, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method = "", url = "", headers } = request;
    const body = text === "" ? null : JSON.parse(text);
    seen.push({ method, url, login: headers.authorization, body });
    response.statusCode = statuses[method]?.shift() ?? 200;
    response.end("{}");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => http.close(resolve)));
  return { seen, host: `127.0.0.1:${(http.address() as AddressInfo).port}` };
}

test("rawfile_json appends a line for each return and event, to the file that a job names", async (t) => {
  const root = folder(t);
  const filename = join(root, "a/events");
  const made = await returners(t, { "rawfile_json.filename": filename }).get("rawfile_json");
  const other = join(root, "other");
  await made.returner?.([ret, { ...ret, ret_kwargs: { filename: other } }], once);
  await made.event_return?.([{ tag: "x", data: { a: 1 } }], once);
  assert.equal(
    readFileSync(filename, "utf8"),
    '{"id": "m1", "jid": "20260101000000000000", "fun": "test.ping", "return": true, ' +
      '"retcode": 0}\n{"tag": "x", "data": {"a": 1}}\n',
  );
  assert.match(readFileSync(other, "utf8"), /"ret_kwargs"/);
});

test("local_cache keeps jobs and returns", async (t) => {
  const made = await returners(t, { cachedir: folder(t) }).get("local_cache");
  await made.save_load?.("20260101000000000000", { fun: "test.ping", tgt: "*" }, ["m1"]);
  await made.returner?.([ret], once);
  const jid = "20260101000000000000";
  assert.deepEqual((await made.get_load?.(jid))?.["Minions"], ["m1"]);
  assert.deepEqual(await made.get_jid?.(jid), { m1: { return: true, retcode: 0 } });
  assert.deepEqual(Object.keys(await made.get_jids?.() ?? {}), [jid]);
});

test("multi_returner hands on to all and merges what they know", async (t) => {
  const root = folder(t);
  const filename = join(root, "events");
  const opts = {
    cachedir: root,
    multi_returner: ["local_cache", "rawfile_json"],
    "rawfile_json.filename": filename,
  };
  const made = await returners(t, opts).get("multi_returner");
  await made.returner?.([ret], once);
  assert.match(readFileSync(filename, "utf8"), /"test.ping"/);
  assert.deepEqual(Object.keys(await made.get_jid?.("20260101000000000000") ?? {}), ["m1"]);
});

test("http sends JSON with a login, and tells passing failures from others", async (t) => {
  const { seen, host } = await server(t, { POST: [200, 503, 403] });
  const url = `http://user:pa%20ss@${host}/hook`;
  const made = await returners(t, { "returner.http.url": url }).get("http");
  await made.returner?.([ret], once);
  assert.deepEqual(seen[0], {
    method: "POST",
    url: "/hook",
    login: `Basic ${btoa("user:pa ss")}`,
    body: ret,
  });
  await assert.rejects(made.returner!([ret], once), (error: Error) => {
    assert.ok(error instanceof ReturnerUnavailable);
    assert.doesNotMatch(error.message, /pa.*ss/);
    return true;
  });
  await assert.rejects(made.event_return!([{ tag: "x" }], once), /answers 403/);
});

test("elasticsearch makes an index once and puts documents with ids of their own", async (t) => {
  const { seen, host } = await server(t, { HEAD: [404] });
  const made = await returners(t, { elasticsearch: { hosts: [host], states_count: true } })
    .get("elasticsearch");
  const state = { "a_|-b_|-c_|-run": { result: true }, "d_|-e_|-f_|-run": { result: false } };
  await made.returner?.([ret, { ...ret, id: "m2" }], once);
  await made.returner?.([{ ...ret, fun: "state.apply", return: state }], once);
  const lines = seen.map(({ method, url }) => `${method} ${url}`);
  assert.deepEqual(lines, [
    "HEAD /salt-test_ping",
    "PUT /salt-test_ping-v1",
    "PUT /salt-test_ping/_doc/20260101000000000000-m1",
    "PUT /salt-test_ping/_doc/20260101000000000000-m2",
    "HEAD /salt-state_apply",
    "PUT /salt-state_apply/_doc/20260101000000000000-m1",
  ]);
  assert.deepEqual(seen[1]!.body?.["aliases"], { "salt-test_ping": {} });
  const { success, minion, data } = seen[2]!.body!;
  assert.deepEqual([success, minion, data], [true, "m1", true]);
  assert.deepEqual(seen[5]!.body?.["counts"], { succeeded: 1, failed: 1 });
});

test("Returners names the returners there are, and honours disable_returners", async (t) => {
  await assert.rejects(returners(t, {}).get("nowhere"), /nowhere could not be loaded.*redis/);
  const opts = { disable_returners: ["local"] };
  await assert.rejects(returners(t, opts).get("local"), /it is in disable_returners/);
});

test("syslog names the option that is wrong", async (t) => {
  const made = await returners(t, { syslog: { level: "LOG_LOUD" } }).get("syslog");
  await assert.rejects(
    made.returner!([ret], once),
    /syslog.level: syslog has no attribute LOG_LOUD/,
  );
});
