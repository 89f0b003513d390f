import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CommandExecutionError } from "../../../../src/errors.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext, testJob } from "../../../support/exec_context.ts";
import { until } from "../../../support/until.ts";

const quiet = { PATH: process.env["PATH"] ?? "/usr/bin:/bin" };

async function call(fun: string, args: Data[], kwargs: DataMap = {}) {
  const ctx = await testContext();
  return { value: await ctx.salt(fun, args, kwargs), retcode: ctx.context.retcode };
}

test("cmd.run joins both streams in their order and sets the retcode", async () => {
  const line = "echo one; echo two >&2; echo three; exit 3";
  const { value, retcode } = await call("cmd.run", [line], { python_shell: true });
  assert.equal(value, "one\ntwo\nthree");
  assert.equal(retcode, 3);
});

test("cmd.run reads no shell syntax when called by a function, and does when called by a job", async () => {
  assert.equal((await call("cmd.run", ["echo $HOME | cat"])).value, "$HOME | cat");
  const { value } = await call("cmd.run", ["echo a | cat"], { __pub_jid: "1" });
  assert.equal(value, "a");
});

test("cmd.run takes a list of words as it is", async () => {
  assert.equal((await call("cmd.run", [["echo", "a  b", "$X", 5]])).value, "a  b $X 5");
});

test("cmd.run_all tells streams apart", async () => {
  const { value } = await call("cmd.run_all", ["echo out; echo err >&2; exit 2"], {
    python_shell: true,
  });
  const { pid, ...rest } = value as DataMap;
  assert.ok(Number(pid) > 1);
  assert.deepEqual(rest, { retcode: 2, stdout: "out", stderr: "err" });
});

test("cmd.run_stdout, run_stderr and retcode return their part", async () => {
  const line = "echo out; echo err >&2; exit 4";
  assert.equal((await call("cmd.run_stdout", [line], { python_shell: true })).value, "out");
  assert.equal((await call("cmd.run_stderr", [line], { python_shell: true })).value, "err");
  assert.equal((await call("cmd.retcode", [line], { python_shell: true })).value, 4);
});

test("cmd.run passes env, stdin, cwd and umask", async () => {
  const shell = { python_shell: true };
  const env = await call("cmd.run", ["echo $A-$B"], { ...shell, env: [{ A: 1 }, { B: null }] });
  assert.equal(env.value, "1-");
  assert.equal((await call("cmd.run", ["cat"], { stdin: "a\\nb" })).value, "a\nb");
  assert.equal((await call("cmd.run", ["pwd"], { cwd: "/usr" })).value, "/usr");
  assert.equal((await call("cmd.run", ["umask"], { ...shell, umask: "077" })).value, "0077");
  const clean = await call("cmd.run", ["env"], { clean_env: true, env: { ...quiet, X: "1" } });
  assert.ok(!String(clean.value).includes("HOME="));
  const path = await call("cmd.run", ["echo $PATH"], { ...shell, prepend_path: "/opt/x" });
  assert.match(String(path.value), /^\/opt\/x:/);
});

test("cmd.run sets the locale to C unless told not to", async () => {
  assert.match(String((await call("cmd.run", ["env"])).value), /^LC_NUMERIC=C$/m);
  const kept = await call("cmd.run", ["env"], { reset_system_locale: false, clean_env: true });
  assert.ok(!String(kept.value).includes("LC_"));
});

test("cmd.run kills the whole process group when its time is up", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-cmd-"));
  try {
    const pidFile = join(folder, "pid");
    const line = `sleep 300 & echo $! > ${pidFile}; wait`;
    const { value, retcode } = await call("cmd.run", [line], { python_shell: true, timeout: 1 });
    assert.equal(value, `${line} : Timed out after 1 seconds`);
    assert.equal(retcode, 1);
    const pid = readFileSync(pidFile, "utf8").trim();
    const state = () => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
      } catch {
        return undefined;
      }
    };
    // The signal has been sent; the kernel and the new parent take their time to act on it.
    await until("the end of sleep", () => [undefined, "Z", "X"].includes(state()));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("cmd.run ends when the job is killed", async () => {
  const controller = new AbortController();
  const ctx = await testContext({
    signal: controller.signal,
    trackProcess: () => {
      controller.abort(new Error("killed"));
      return () => {};
    },
  });
  await assert.rejects(async () => await ctx.salt("cmd.run", ["sleep 300"]), /killed/);
});

test("cmd.run counts success_retcodes, success_stdout and ignore_retcode as success", async () => {
  const shell = { python_shell: true };
  assert.equal((await call("cmd.run", ["exit 3"], { ...shell, success_retcodes: [3] })).retcode, 0);
  assert.equal(
    (await call("cmd.run", ["exit 3"], { ...shell, success_retcodes: "2, 3" })).retcode,
    0,
  );
  const out = await call("cmd.run", ["echo fine; exit 3"], { ...shell, success_stdout: ["fine"] });
  assert.equal(out.retcode, 0);
  assert.equal((await call("cmd.run", ["exit 3"], { ...shell, ignore_retcode: true })).retcode, 0);
});

test("cmd.run refuses what cannot be run, saying why", async () => {
  const refusals: [Data[], DataMap, RegExp][] = [
    [["ls"], { cwd: "/nowhere" }, /Specified cwd '\/nowhere' either not absolute/],
    [["ls"], { cwd: "usr" }, /either not absolute/],
    [["ls"], { runas: "no-such-user" }, /User 'no-such-user' is not available/],
    [["ls"], { group: "no-such-group" }, /Group 'no-such-group' is not available/],
    [["ls"], { shell: "/bin/nosh" }, /The shell \/bin\/nosh is not available/],
    [["ls"], { umask: "0" }, /Zero umask is not allowed/],
    [["ls"], { umask: "99" }, /Invalid umask: '99'/],
    [["no-such-program x"], {}, /Unable to run command .*No such file or directory/],
    [["ls"], { timeout: "soon" }, /timeout soon must be a number/],
  ];
  for (const [args, kwargs, message] of refusals) {
    await assert.rejects(async () => await call("cmd.run", args, kwargs), (error) => {
      assert.ok(error instanceof CommandExecutionError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("cmd.run raises when told to, and hides output when told to", async () => {
  const shell = { python_shell: true };
  await assert.rejects(
    async () => await call("cmd.run", ["echo bad; exit 1"], { ...shell, raise_err: true }),
    /^CommandExecutionError: bad$/,
  );
  assert.equal((await call("cmd.run", ["echo secret"], { hide_output: true })).value, "");
});

test("cmd.run obeys the lists of commands that jobs may run", async () => {
  const ctx = await testContext({
    opts: { cmd_blacklist_glob: ["rm *"], cmd_whitelist_glob: ["echo *", "rm *"] },
  });
  const job = { __pub_jid: "1" };
  assert.equal(await ctx.salt("cmd.run", ["echo hi"], job), "hi");
  for (const line of ["rm -r x", "ls"]) {
    await assert.rejects(async () => await ctx.salt("cmd.run", [line], job), /is not permitted/);
  }
});

test("cmd.run keeps a bounded part of its output and says so", async () => {
  const ctx = await testContext({ opts: { cmd_max_output: 10 } });
  const value = await ctx.salt("cmd.run", ["printf 0123456789abcdef"], { python_shell: true });
  assert.equal(value, "0123456789\n[saltx: output cut after 10 bytes]");
});

test("cmd.run replaces what is not UTF-8 and reads other encodings by name", async () => {
  const line = "printf '\\303\\251\\351'";
  assert.equal((await call("cmd.run", [line], { python_shell: true })).value, "é\ufffd");
  const latin = await call("cmd.run", ["printf '\\351'"], {
    python_shell: true,
    output_encoding: "latin1",
  });
  assert.equal(latin.value, "é");
});

test("cmd.run reports a signal as a negative retcode", async () => {
  assert.equal((await call("cmd.run", ["kill -9 $$"], { python_shell: true })).retcode, -9);
});

test("cmd.run as another user has that user's groups, home and name", async (t) => {
  if (process.getuid?.() !== 0) return t.diagnostic("only root can become another user");
  const { value } = await call("cmd.run", ["id -un; id -Gn; echo $HOME $USER"], {
    python_shell: true,
    runas: "nobody",
    cwd: "/",
  });
  assert.equal(value, "nobody\nnogroup\n/nonexistent nobody");
});

test("cmd.run_bg and bg=True return at once", async () => {
  const { value } = await call("cmd.run_bg", ["sleep 300"]);
  const { pid } = value as { pid: number };
  try {
    assert.match(readFileSync(`/proc/${pid}/cmdline`, "utf8"), /sleep/);
  } finally {
    process.kill(-pid, "SIGKILL");
  }
});

test("cmd.script runs a file with words and leaves nothing behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-cmd-"));
  try {
    const file = join(folder, "hello.sh");
    writeFileSync(file, '#!/bin/sh\necho "$1-$2"; exit 5\n');
    const { value } = await call("cmd.script", [file, "a 'b c'"], { cwd: folder });
    const { pid: _, ...rest } = value as DataMap;
    assert.deepEqual(rest, { retcode: 5, stdout: "a-b c", stderr: "" });
    assert.equal((await call("cmd.script_retcode", [file])).value, 5);
    assert.deepEqual(readdirSync(folder), ["hello.sh"]);
    const missing = await call("cmd.script", [join(folder, "none.sh")]);
    assert.equal((missing.value as DataMap)["cache_error"], true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("cmd.exec_code gives a source text to an interpreter", async () => {
  assert.equal((await call("cmd.exec_code", ["sh", 'echo "$1"'], { args: ["x y"] })).value, "x y");
});

test("cmd.which, which_bin, has_exec, shells and tty look things up", async () => {
  assert.match(String((await call("cmd.which", ["sh"])).value), /\/sh$/);
  assert.equal((await call("cmd.which", ["no-such-program"])).value, null);
  assert.match(String((await call("cmd.which_bin", [["nope", "sh"]])).value), /\/sh$/);
  assert.equal((await call("cmd.has_exec", ["no-such-program"])).value, false);
  assert.ok(Array.isArray((await call("cmd.shells", [])).value));
  assert.deepEqual((await call("cmd.tty", ["../x", "hi"])).value, {
    Error: "The specified device is not a valid TTY",
  });
});

test("a job's publication makes cmd.run use a shell", async () => {
  const job = testJob("cmd.run", ["echo a | cat"]);
  const ctx = await testContext({ job });
  const { executeJob } = await import("../../../../src/loader/mod.ts");
  assert.deepEqual(await executeJob(ctx, job), { return: "a", retcode: 0, success: true });
});
