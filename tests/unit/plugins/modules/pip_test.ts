import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseFreeze, parseJson, parseVersions } from "../../../../src/plugins/modules/pip/list.ts";
import {
  includedFiles,
  requirementOptions,
} from "../../../../src/plugins/modules/pip/requirements.ts";
import { normalizeName, pipWords } from "../../../../src/plugins/modules/pip/run.ts";
import { parseVersion } from "../../../../src/plugins/modules/virtualenv_mod.ts";
import { testContext } from "../../../support/exec_context.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

/** A pip that says what a pip of version 23 would. */
const pip = `case "$*" in
--version) echo 'pip 23.2.1 from /x (python 3.11)' ;;
"list --format=json"*) echo '[{"name": "Jinja2", "version": "3.1"}, {"name": "pip", "version": "23.2.1"}]' ;;
"list --outdated"*) echo '[{"name": "Jinja2", "version": "3.1", "latest_version": "3.2", "latest_filetype": "wheel"}]' ;;
freeze*) printf 'Jinja2==3.1\\n' ;;
*versions*) printf 'x (1.0)\\nAvailable versions: 2.0rc1, 1.10, 1.9, 1.0a1\\n' ;;
*bad*) echo 'no such package' >&2; exit 1 ;;
esac`;

test("parseFreeze() reads versions, eggs and checkouts, and notes the rest", () => {
  const skipped: string[] = [];
  const text = `# x
-f http://x
Jinja2==3.1
local===1.0+a
-e git+http://x@abc#egg=My_Egg
-e other==2
nonsense
`;
  assert.deepEqual(parseFreeze(text, (line) => skipped.push(line)), {
    jinja2: "3.1",
    local: "1.0+a",
    "my-egg": "git+http://x@abc",
    other: "2",
  });
  assert.deepEqual(skipped, ["nonsense"]);
});

test("parseJson(), parseVersions() and parseVersion() read what pip and virtualenv print", () => {
  assert.throws(() => parseJson("["), /Invalid JSON/);
  assert.deepEqual(parseVersions("Available versions: 2.0rc1, 1.10, 1.9, 1.0a1", ["a", "rc"]), [
    "1.9",
    "1.10",
  ]);
  assert.deepEqual(
    parseVersions("ERROR: Could not find a version x (from versions: 1.0, 2.0)", []),
    [
      "1.0",
      "2.0",
    ],
  );
  assert.equal(parseVersions("none", []), null);
  assert.deepEqual(parseVersion("virtualenv 20.17.1 from /usr/lib/python3"), [20, 17, 1]);
  assert.deepEqual(parseVersion("1.11.4"), [1, 11, 4]);
  assert.throws(() => parseVersion("virtualenv"), /Unable to get the virtualenv version/);
  assert.equal(normalizeName("Foo_Bar.-baz"), "foo-bar-baz");
});

test("pip functions go by the program that bin_env names", async () => {
  await withPrograms({ pip }, async ({ ctx, calls, folder }) => {
    const bin_env = join(folder, "bin/pip");
    assert.equal(await ctx.salt("pip.version", [], { bin_env }), "23.2.1");
    assert.deepEqual(await ctx.salt("pip.list", [], { bin_env }), { jinja2: "3.1", pip: "23.2.1" });
    assert.deepEqual(await ctx.salt("pip.list", ["Jin"], { bin_env }), { jinja2: "3.1" });
    assert.deepEqual(await ctx.salt("pip.freeze", [], { bin_env }), ["Jinja2==3.1"]);
    assert.equal(await ctx.salt("pip.is_installed", ["jinja2"], { bin_env }), true);
    assert.equal(await ctx.salt("pip.upgrade_available", ["Jinja2"], { bin_env }), true);
    assert.deepEqual(await ctx.salt("pip.list_all_versions", ["x"], { bin_env }), ["1.9", "1.10"]);
    const done = await ctx.salt("pip.install", ["a,b==1;x"], {
      bin_env,
      upgrade: true,
      proxy: "http://p:1",
      timeout: 5,
      no_binary: ["a", "b"],
      extra_args: ["--x", { "--y": "z" }],
    }) as { retcode: number };
    assert.equal(done.retcode, 0);
    assert.deepEqual(calls().at(-1), [
      ..."pip install --no-binary a,b --proxy http://p:1 --timeout 5 --upgrade".split(" "),
      "a",
      "b==1,x",
      "--x",
      "--y",
      "z",
    ]);
    const removed = await ctx.salt("pip.uninstall", ["bad"], { bin_env }) as { retcode: number };
    assert.equal(removed.retcode, 1);
    assert.deepEqual(calls().at(-1), ["pip", "uninstall", "-y", "bad"]);
    await assert.rejects(
      ctx.salt("pip.install", ["--index-url=x"], { bin_env }),
      /cannot be a package/,
    );
  });
});

test("pipWords() finds the interpreter of an environment", () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-pip-"));
  try {
    mkdirSync(join(folder, "bin"));
    assert.throws(() => pipWords(folder), /Could not find a pip binary in virtualenv/);
    for (const name of ["python3.11", "python3"]) {
      writeFileSync(join(folder, "bin", name), "#!/bin/sh\n");
      chmodSync(join(folder, "bin", name), 0o755);
    }
    assert.deepEqual(pipWords(folder), [join(folder, "bin/python3"), "-m", "pip"]);
    assert.throws(() => pipWords(join(folder, "nosuch")), /could not find a pip binary/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("requirementOptions() copies files for another user, with what they take in", async () => {
  assert.deepEqual(includedFiles("a\n-r b.txt # x\n# -r no\n--requirement=c/d.txt\n"), [
    "b.txt",
    "c/d.txt",
  ]);
  const folder = mkdtempSync(join(tmpdir(), "saltx-pip-"));
  try {
    const ctx = await testContext();
    writeFileSync(join(folder, "r.txt"), "-r inner/b.txt\n");
    mkdirSync(join(folder, "inner"));
    writeFileSync(join(folder, "inner/b.txt"), "-r ../r.txt\nx\n");
    const where = { cwd: folder, saltenv: "base", user: userInfo().username };
    const { words, clean } = await requirementOptions(ctx, "r.txt", where);
    const copy = words[1]!;
    assert.equal(words[0], "--requirement");
    assert.notEqual(copy, join(folder, "r.txt"));
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    assert.ok(statSync(join(copy, "../inner/b.txt")).isFile());
    clean();
    assert.throws(() => statSync(copy));
    await assert.rejects(requirementOptions(ctx, "nosuch.txt", where), /Cannot read/);
    const plain = await requirementOptions(ctx, ["a", "b"], { ...where, user: null });
    assert.deepEqual(plain.words, ["--requirement", "a", "--requirement", "b"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("virtualenv.create makes environments by either program, and cleans up after a failure", async () => {
  const virtualenv = `case "$1" in
--version) echo 'virtualenv 20.17.1 from /x' ;;
*) for last; do :; done; mkdir -p "$last"; case "$last" in *bad) exit 1 ;; esac ;;
esac`;
  await withPrograms({ virtualenv, python9: "exit 0" }, async ({ ctx, calls, folder }) => {
    const venv_bin = join(folder, "bin/virtualenv");
    const path = join(folder, "env");
    const options = { venv_bin, never_download: false, clear: true, prompt: "x" };
    await ctx.salt("virtualenv.create", [path], options);
    assert.deepEqual(calls().at(-1), ["virtualenv", "--download", "--prompt=x", "--clear", path]);
    await ctx.salt("virtualenv.create", [`${path}bad`], { venv_bin });
    assert.throws(() => statSync(`${path}bad`));
    await assert.rejects(
      ctx.salt("virtualenv.create", [path], { venv_bin, upgrade: true }),
      /`upgrade`\(`--upgrade`\) option is not supported by/,
    );
    await assert.rejects(
      ctx.salt("virtualenv.create", ["--x"], { venv_bin }),
      /cannot be the path/,
    );
    await assert.rejects(
      ctx.salt("virtualenv.get_site_packages", [path]),
      /not appear to be a virtualenv/,
    );
  });
});
