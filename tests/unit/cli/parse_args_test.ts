import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../../../src/cli/definitions/call.ts";
import { ROLES } from "../../../src/cli/definitions/mod.ts";
import { run } from "../../../src/cli/definitions/run.ts";
import { salt } from "../../../src/cli/definitions/salt.ts";
import { optionsOf, parseArgs } from "../../../src/cli/parse_args.ts";

test("parseArgs() takes options between, before and after arguments", async () => {
  const parsed = await parseArgs(salt, ["-t", "9", "*", "--out=json", "cmd.run", "-v", "ls"]);
  assert.deepEqual(parsed.args, ["*", "cmd.run", "ls"]);
  assert.equal(parsed.values["timeout"], 9);
  assert.equal(parsed.values["output"], "json");
  assert.equal(parsed.values["verbose"], true);
  assert.deepEqual([...parsed.explicit].sort(), ["output", "timeout", "verbose"]);
});

test("parseArgs() gives defaults, which are not explicit", async () => {
  const { values, explicit } = await parseArgs(salt, ["*", "test.ping"]);
  assert.deepEqual(
    [values["timeout"], values["show_timeout"], values["batch"], values["output"]],
    [5, true, "", null],
  );
  assert.equal(explicit.size, 0);
});

test("parseArgs() takes values that begin with a dash, attached values and clusters", async () => {
  const { values, args } = await parseArgs(salt, [
    "-t",
    "-1",
    "-b10%",
    "-vs",
    "--out-indent",
    "-1",
  ]);
  assert.equal(values["timeout"], -1);
  assert.equal(values["batch"], "10%");
  assert.equal(values["verbose"], true);
  assert.equal(values["static"], true);
  assert.equal(values["output_indent"], -1);
  assert.deepEqual(args, []);
});

test("parseArgs() takes everything after -- as it is, and - as an argument", async () => {
  const { args, values } = await parseArgs(salt, ["*", "-", "--", "-v", "--out"]);
  assert.deepEqual(args, ["*", "-", "-v", "--out"]);
  assert.equal(values["verbose"], false);
});

test("parseArgs() takes shortened options that stay unique", async () => {
  const { values } = await parseArgs(salt, ["--verb", "--no-col", "--time=3"]);
  assert.deepEqual([values["verbose"], values["no_color"], values["timeout"]], [true, true, 3]);
});

test("parseArgs() collects lists and lets the last of several values win", async () => {
  const { values } = await parseArgs(call, [
    "-m",
    "a",
    "--module-dirs=b",
    "-l",
    "info",
    "-l",
    "debug",
  ]);
  assert.deepEqual(values["module_dirs"], ["a", "b"]);
  assert.equal(values["log_level"], "debug");
});

test("parseArgs() takes flags that turn something off", async () => {
  const { values, explicit } = await parseArgs(salt, ["--hide-timeout"]);
  assert.equal(values["show_timeout"], false);
  assert.ok(explicit.has("show_timeout"));
});

test("parseArgs() stops at --version and --help", async () => {
  for (
    const [words, action] of [
      [["--version", "--bogus"], "version"],
      [["*", "-h"], "help"],
      [["-V"], "versions_report"],
    ] as const
  ) {
    assert.equal((await parseArgs(salt, words)).action, action);
  }
});

test("parseArgs() reads the environment where an option says so", async () => {
  const env = { SALT_CONFIG_DIR: "/srv/etc" };
  assert.equal((await parseArgs(salt, [], { env })).values["config_dir"], "/srv/etc");
  const given = await parseArgs(salt, ["-c", "/other"], { env });
  assert.equal(given.values["config_dir"], "/other");
});

test("parseArgs() reads further options and arguments with --args-stdin", async () => {
  const more = () => Promise.resolve(["cmd.run", "echo a  b", "-t", "7"]);
  const { args, values } = await parseArgs(salt, ["*", "--args-stdin"], { more });
  assert.deepEqual(args, ["*", "cmd.run", "echo a  b"]);
  assert.equal(values["timeout"], 7);
});

test("parseArgs() says what is wrong in optparse's words, with a near miss", async () => {
  const cases: [string[], RegExp][] = [
    [["--tiemout", "5"], /^no such option: --tiemout \(did you mean --timeout\?\)$/],
    [["--qqqqqqq"], /^no such option: --qqqqqqq$/],
    [["-Z"], /^no such option: -Z$/],
    [["--ver"], /^ambiguous option: --ver \(--verbose, --version, --versions-report\?\)$/],
    [["-t"], /^-t option requires 1 argument$/],
    [["-t", "abc"], /^option -t: invalid integer value: 'abc'$/],
    [["--batch-wait", "x"], /^option --batch-wait: invalid floating-point value: 'x'$/],
    [["-l", "loud"], /^option -l: invalid choice: 'loud' \(choose from 'all', 'garbage'/],
    [["--async=1"], /^--async option does not take a value$/],
  ];
  for (const [words, message] of cases) {
    await assert.rejects(parseArgs(salt, words), { name: "UsageError", exitCode: 64, message });
  }
});

test("definitions have no option twice, and a doc for each", async () => {
  for (const role of ROLES) {
    const tool = await role.define();
    const flags = optionsOf(tool).flatMap((option) => option.flags);
    assert.deepEqual(flags.filter((flag, at) => flags.indexOf(flag) !== at), [], tool.role);
    for (const option of optionsOf(tool)) assert.match(option.doc, /\.$/, option.flags.join());
    assert.equal(tool.role, role.role);
  }
});

test("definitions tell configuration options by Salt's names", () => {
  const dests = new Set(optionsOf(run).map((option) => option.dest));
  for (const dest of ["config_dir", "timeout", "output", "log_level", "jid", "eauth", "async"]) {
    assert.ok(dests.has(dest), dest);
  }
});
