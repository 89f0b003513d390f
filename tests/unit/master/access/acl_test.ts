import { test } from "node:test";
import assert from "node:assert/strict";
import {
  allowsJob,
  allowsSpecial,
  type AuthList,
  nameMatches,
  rulesFor,
} from "../../../../src/master/access/acl.ts";
import type { Data } from "../../../../src/types/mod.ts";

const fleet = ["web1", "web2", "db1"];
const expand = (tgt: string) =>
  new Set(tgt === "*" ? fleet : fleet.filter((id) => id.startsWith(tgt.replace("*", ""))));

function allowed(rules: AuthList, fun: string | string[], minions = ["web1"], args: Data[] = []) {
  const funs = [fun].flat();
  return allowsJob(rules, { funs, args: funs.map(() => args), minions, expand });
}

test("allowsJob() takes a function pattern for all minions", () => {
  assert.equal(allowed(["test.ping"], "test.ping", fleet), true);
  assert.equal(allowed(["test.*"], "test.echo"), true);
  assert.equal(allowed([".*"], "cmd.run"), true);
  assert.equal(allowed(["test.ping"], "cmd.run"), false);
  assert.equal(allowed(["ping"], "test.ping"), false, "patterns match from the start");
  assert.equal(allowed([], "test.ping"), false);
});

test("allowsJob() holds a rule's target against all minions of the job", () => {
  const rules = [{ "web*": ["test.*"] }];
  assert.equal(allowed(rules, "test.ping", ["web1", "web2"]), true);
  assert.equal(allowed(rules, "test.ping", ["web1", "db1"]), false);
  assert.equal(allowed([{ "none*": ["test.*"] }], "test.ping", []), false, "a rule for nobody");
});

test("allowsJob() leaves minions that only lower masters know to these", () => {
  const query = { funs: ["test.ping"], args: [[]], expand, lowerMasters: true };
  const rules = [{ "none*": ["test.*"] }];
  assert.equal(allowsJob(rules, { ...query, minions: [] }), true);
  assert.equal(allowsJob(rules, { ...query, minions: ["web1"] }), false);
  assert.equal(allowsJob(rules, { ...query, funs: ["cmd.run"], minions: [] }), false);
});

test("allowsJob() wants every function of a job allowed", () => {
  assert.equal(allowed(["test.ping"], ["test.ping", "cmd.run"]), false);
  assert.equal(allowed(["test.ping", "cmd.run"], ["test.ping", "cmd.run"]), true);
});

test("allowsJob() always allows saltutil.find_job, and that alone", () => {
  assert.equal(allowed([], "saltutil.find_job"), true);
  assert.equal(allowed([], ["saltutil.find_job", "cmd.run"]), false);
});

test("allowsJob() checks arguments by position and name", () => {
  const rules = [{ "*": [{ "cmd.run": [{ args: ["uptime|df.*"], kwargs: { cwd: "/tmp" } }] }] }];
  const kwargs = { __kwarg__: true, cwd: "/tmp" };
  assert.equal(allowed(rules, "cmd.run", ["web1"], ["uptime", kwargs]), true);
  assert.equal(allowed(rules, "cmd.run", ["web1"], ["uptime", "cwd=/tmp"]), true);
  assert.equal(allowed(rules, "cmd.run", ["web1"], ["uptime"]), false);
  assert.equal(allowed(rules, "cmd.run", ["web1"], ["rm -rf /", kwargs]), false);
  assert.equal(
    allowed([{ "*": [{ "test.echo": [{ args: [null] }] }] }], "test.echo", ["web1"], ["x"]),
    true,
  );
  assert.equal(allowed([{ "*": [{ "test.echo": [{ args: [null] }] }] }], "test.echo"), false);
});

test("allowsJob() gives nothing for rules that cannot be read", () => {
  for (const rule of [null, 7, [], {}, { a: 1, b: 2 }, "(", { "*": ["("] }, { "*": null }]) {
    assert.equal(allowed([rule], "test.ping"), false, JSON.stringify(rule));
  }
});

test("allowsSpecial() reads @runner, @wheel, @jobs and their functions", () => {
  assert.equal(allowsSpecial(["@runner"], "runner", "jobs.active", []), true);
  assert.equal(allowsSpecial(["@runners"], "runner", "jobs.active", []), true);
  assert.equal(allowsSpecial(["@jobs"], "runner", "jobs.active", []), true);
  assert.equal(allowsSpecial(["@jobs"], "runner", "manage.up", []), false);
  assert.equal(allowsSpecial(["@wheel"], "runner", "jobs.active", []), false);
  assert.equal(allowsSpecial([{ "@runner": ["manage.*"] }], "runner", "manage.up", []), true);
  assert.equal(allowsSpecial([{ "@jobs": ["active"] }], "runner", "jobs.active", []), true);
  assert.equal(allowsSpecial(["jobs.active", ".*"], "runner", "jobs.active", []), false);
  assert.equal(allowsSpecial(["@runner"], "runner", "nodots", []), false);
});

test("rulesFor() joins what names and groups give; * is for those who have none", () => {
  const config = { ann: ["a"], "ops%": ["b"], "*": ["c"], "b.*": ["d"], "^filename": "x" };
  assert.deepEqual(rulesFor(config, "ann", ["ops"], false), ["a", "b"]);
  assert.deepEqual(rulesFor(config, "bob", [], false), ["d"]);
  assert.deepEqual(rulesFor(config, "eve", [], false), ["c"]);
  assert.deepEqual(rulesFor(config, "ann", [], true), ["a", "c"]);
});

test("nameMatches() takes names, globs and whole regular expressions", () => {
  assert.equal(nameMatches("ann", "ann"), true);
  assert.equal(nameMatches("dev*", "dev1"), true);
  assert.equal(nameMatches("dev[0-9]+", "dev12"), true);
  assert.equal(nameMatches("ann", "anna"), false);
});
