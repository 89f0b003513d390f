import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import {
  dumpConfig,
  loadMasterConfig,
  loadMinionConfig,
  type LoadOptions,
} from "../../../src/config/mod.ts";
import { type HostFacts, thisHost } from "../../../src/config/minion_id.ts";
import { SaltConfigurationError } from "../../../src/errors.ts";
import { parseYaml } from "../../../src/serializers/yaml.ts";
import { toPython } from "../../support/python_values.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "saltx-config-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text.replaceAll("@ROOT@", root));
  return path;
}

const host: HostFacts = {
  hostname: () => "host.example.org",
  // Nothing of the machine that the test runs on.
  read: (path) => (path.startsWith(root) ? thisHost.read(path) : undefined),
  resolveFullName: () => undefined,
  addresses: () => [],
};

/** Options that keep a test apart from the machine it runs on. */
function from(more: LoadOptions = {}): LoadOptions {
  return { configDir: join(root, "etc"), env: {}, host, warn: () => {}, ...more };
}

interface Tree {
  name: string;
  role: "master" | "minion";
  files: Record<string, string>;
  keys: string[];
}

function cases<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../cases/config/${name}`, import.meta.url), "utf8"),
  ) as T;
}

/** JSON with this test's folder called as in the record. */
function anonymous(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(root, "@ROOT@"));
}

const { loaded } = cases<{ loaded: Record<string, Record<string, unknown>> }>("loaded.json");

for (const tree of cases<Tree[]>("trees.json")) {
  test(`loading gives what Salt makes of it: ${tree.name}`, () => {
    for (const [name, text] of Object.entries(tree.files)) write(name, text);
    const opts = tree.role === "master" ? loadMasterConfig(from()) : loadMinionConfig(from());
    const ours = Object.fromEntries(tree.keys.map((key) => [key, toPython(opts[key])]));
    deepEqual(anonymous(ours), loaded[tree.name]);
  });
}

/** The message with which loading fails. */
function failure(load: () => unknown): string {
  let message = "";
  throws(load, (error) => {
    ok(error instanceof SaltConfigurationError, String(error));
    message = error.message;
    return true;
  });
  return message.replaceAll(root, "@");
}

test("a missing file is no failure: the defaults hold", () => {
  const opts = loadMasterConfig(from());
  equal(opts.ret_port, 4506);
  equal(opts.conf_file, join(root, "etc/master"));
});

test("a wrong type names file, line, key, value and what was wanted", () => {
  write("etc/master", "interface: 0.0.0.0\n# threads\nworker_threads: many\n");
  equal(
    failure(() => loadMasterConfig(from())),
    'Cannot use "many" for option "worker_threads" in "@/etc/master", line 3: wanted a whole ' +
      "number from 1 to 1024",
  );
});

test("a wrong value in an included file names that file", () => {
  write("etc/master", "timeout: 5\n");
  write("etc/master.d/x.conf", "a: 1\nopen_mode: maybe\n");
  match(
    failure(() => loadMasterConfig(from())),
    /"maybe" for option "open_mode" in "@\/etc\/master\.d\/x\.conf", line 2: wanted true or false/,
  );
});

test("a value outside the range or the choices is refused", () => {
  const refuse = (text: string, wanted: RegExp) => {
    write("etc/minion", text);
    match(failure(() => loadMinionConfig(from())), wanted);
  };
  refuse("master_port: 70000\n", /wanted a whole number from 0 to 65535/);
  refuse("ipc_mode: pipe\n", /"pipe" for option "ipc_mode".* wanted one of "ipc", "tcp"/);
  refuse("log_level: loud\n", /"log_level".* wanted one of "all", "garbage"/);
  refuse("signing_algorithm: MD5\n", /wanted one of "PKCS1v15-SHA1", "PKCS1v15-SHA224"/);
});

test("a wrong value of the command line is told as such", () => {
  match(
    failure(() => loadMasterConfig(from({ overrides: { timeout: "soon" } }))),
    /^Cannot use "soon" for option "timeout" on the command line: wanted a number of at least 0$/,
  );
});

test("a secret is not repeated in a message about it", () => {
  write("etc/master", "key_pass: [hunter2]\n");
  const message = failure(() => loadMasterConfig(from()));
  ok(!message.includes("hunter2"), message);
});

test("bad YAML names file, line and column", () => {
  write("etc/master", "interface: 0.0.0.0\nfile_roots: [a, b\n");
  match(failure(() => loadMasterConfig(from())), /^Cannot parse "@\/etc\/master", line \d, column/);
  write("etc/master", "just words\n");
  match(failure(() => loadMasterConfig(from())), /wanted a map of options .* found a text/);
});

test("a file that cannot be read stops the start", () => {
  write("etc/master.d/x.conf/file", "");
  match(
    failure(() => loadMasterConfig(from())),
    /Cannot read "@\/etc\/master.d\/x.conf": a folder/,
  );
});

test("a broken _schedule.conf is left out with a warning", () => {
  const warnings: string[] = [];
  write("etc/minion.d/_schedule.conf", "schedule: {\n");
  loadMinionConfig(from({ warn: (message) => warnings.push(message) }));
  match(warnings.join(), /_schedule\.conf".*going on without it/);
});

test("an include without files is warned of, an empty default_include is not", () => {
  const warnings: string[] = [];
  write("etc/master", "include: nothing/*.conf\n");
  loadMasterConfig(from({ warn: (message) => warnings.push(message) }));
  deepEqual(warnings.map((text) => text.replaceAll(root, "@")), [
    '"include: nothing/*.conf" in "@/etc/master" matches no file',
  ]);
});

test("files that include one another end in a clear error", () => {
  write("etc/master", "include: a.conf\n");
  write("etc/a.conf", "include: a.conf\n");
  match(failure(() => loadMasterConfig(from())), /include one another more than 20 deep/);
});

test("what Salt lets pass is accepted and brought to the option's type", () => {
  write(
    "etc/minion",
    [
      "master_port: '4506'",
      "acceptance_wait_time: 3",
      "retry_dns: '2.5'",
      "id: 12",
      "user: 7",
      "publisher_acl: []",
      "sls_list:",
      "log_file:",
      "master_finger:",
      "backup_mode: yes",
      "state_queue: 3",
      "event_return: redis",
      "ext: 1.0",
    ].join("\n"),
  );
  const opts = loadMinionConfig(from());
  equal(opts.master_port, 4506);
  equal(opts.acceptance_wait_time, 3);
  equal(opts.retry_dns, 2.5);
  equal(opts.id, "12");
  equal(opts.user, "7");
  deepEqual(opts.publisher_acl, {});
  deepEqual(opts.sls_list, []);
  equal(opts.log_file, "");
  equal(opts.master_finger, "");
  equal(opts.backup_mode, "True");
  equal(opts.state_queue, 3);
});

test("what Salt's check refuses is refused", () => {
  for (
    const line of [
      "open_mode: 1",
      "open_mode: 'yes'",
      "worker_threads: 5.0",
      "worker_threads: true",
      "nodegroups: text",
      "reactor: text",
      "reactor: {a: b}",
      "interface: [a]",
      "interface: {a: b}",
      "loop_interval: true",
    ]
  ) {
    write("etc/master", `${line}\n`);
    match(failure(() => loadMasterConfig(from())), /^Cannot use .* line 1: wanted /, line);
  }
});

test("the command line wins over the files", () => {
  write("etc/master", "timeout: 7\nlog_level: error\n");
  const opts = loadMasterConfig(from({ overrides: { timeout: 9, log_level: undefined } }));
  equal(opts.timeout, 9);
  equal(opts.log_level, "error");
});

test("root_dir is not put in front of paths of the command line", () => {
  const opts = loadMasterConfig(
    from({ overrides: { root_dir: root, pidfile: "/run/other.pid", log_file: "here.log" } }),
  );
  equal(opts.pidfile, "/run/other.pid");
  equal(opts.log_file, join(process.cwd(), "here.log"));
  equal(opts.pki_dir, join(root, "etc/salt/pki/master"));
});

test("SALT_CONFIG_DIR and SALT_MASTER_CONFIG name the configuration, -c wins over both", () => {
  write("a/master", "timeout: 1\n");
  const file = write("b/other", "timeout: 2\n");
  write("etc/master", "timeout: 3\n");
  const env = { SALT_CONFIG_DIR: join(root, "a"), SALT_MASTER_CONFIG: file };
  equal(loadMasterConfig({ env, host }).timeout, 1);
  equal(loadMasterConfig({ env: { SALT_MASTER_CONFIG: file }, host }).timeout, 2);
  equal(loadMasterConfig({ env, host, configDir: join(root, "etc") }).timeout, 3);
});

test("loaded options cannot be changed, nor the defaults through them", () => {
  const opts = loadMasterConfig(from()) as unknown as Record<string, unknown>;
  throws(() => opts["timeout"] = 1, TypeError);
  throws(() => (opts["reactor"] as unknown[]).push("x"), TypeError);
});

test("a key named like a property of objects passes through", () => {
  write("etc/master", "constructor: 1\ntoString: 2\n'__proto__': {timeout: 99}\n");
  const opts = loadMasterConfig(from());
  equal(opts["constructor"], 1);
  equal(opts.timeout, 5);
});

test("dumpConfig() gives YAML that loads to the same options", () => {
  write("etc/master", "mine: {own: [1, yes, 0644, 1.0]}\n");
  const opts = loadMasterConfig(from());
  const dumped = dumpConfig(opts);
  match(dumped, /^mine:\n {2}own:\n {2}- 1\n {2}- true\n {2}- 644\n {2}- 1\.0$/m);
  match(dumped, /^worker_threads: 5$/m);
  deepEqual(toPython(parseYaml(dumped)), toPython(opts));
});

test("a guessed id is remembered beside the configuration, but only when asked", () => {
  loadMinionConfig(from());
  ok(!existsSync(join(root, "etc/minion_id")));
  equal(loadMinionConfig(from({ rememberId: true })).id, "host.example.org");
  equal(readFileSync(join(root, "etc/minion_id"), "utf8"), "host.example.org");
  const renamed = { ...host, hostname: () => "renamed" };
  equal(loadMinionConfig(from({ host: renamed })).id, "host.example.org");
});

test("an id that cannot be one is refused with what to do", () => {
  write("etc/minion", "id: ../../etc/passwd\n");
  match(failure(() => loadMinionConfig(from())), /^Cannot use "..\/..\/etc\/passwd" as minion id/);
  write("etc/minion", "id_function: {a.b: {}}\n");
  match(failure(() => loadMinionConfig(from())), /"id_function".* set "id", or write the id to/);
});

test("an id that cannot be remembered only costs a warning", () => {
  const warnings: string[] = [];
  const idFile = join(root, "etc/minion_id");
  mkdirSync(idFile, { recursive: true });
  const opts = loadMinionConfig(
    from({ rememberId: true, warn: (message) => warnings.push(message) }),
  );
  equal(opts.id, "host.example.org");
  match(warnings.join(), /^Cannot remember the minion id: /);
  ok(statSync(idFile).isDirectory());
});
