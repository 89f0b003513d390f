/** Logins by PAM's helper, with users that only the master sees. */
import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../support/commands.ts";
import { answersPing } from "../support/raw_request.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

/** Runs a program that finds files of its own in place of the host's: `FROM TO … -- PROGRAM …`. */
const APART =
  'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"';

function apart(files: Record<string, string>, argv: readonly string[]): string[] {
  const binds = Object.entries(files).flatMap(([path, own]) => [own, path]);
  const shell = ["sh", "-c", APART, "sh", ...binds, "--", ...argv];
  return ["unshare", "--mount", "--propagation", "private", "--", ...shell];
}

scenario("logins by PAM", async (lab, step) => {
  if ((await runCommand(apart({}, ["mount", "-t", "tmpfs", "tmpfs", lab.root]))).code !== 0) {
    console.log("pam is tested where this user may mount: the host's users stay as they are");
    return;
  }
  const { stdout } = await runCommand(["openssl", "passwd", "-6", "secret word"]);
  const hash = stdout.trim();
  const users: Record<string, string> = {
    ann: `${hash}:19000:0:99999:7:::`,
    expired: `${hash}:19000:0:99999:7::10:`,
    locked: `!${hash}:19000:0:99999:7:::`,
    empty: ":19000:0:99999:7:::",
  };
  const files: Record<string, string> = {};
  const add = async (path: string, mode: number, lines: string[]) => {
    const own = join(lab.root, path.replaceAll("/", "_"));
    await writeFile(own, await readFile(path, "utf8") + lines.join("\n") + "\n");
    await chmod(own, mode);
    files[path] = own;
  };
  const names = Object.keys(users);
  await add("/etc/passwd", 0o644, names.map((user, i) => `${user}:x:${4200 + i}:4200::/:/bin/sh`));
  await add("/etc/shadow", 0o640, names.map((user) => `${user}:${users[user]}`));
  await add("/etc/group", 0o644, ["staffers:x:4200:", "ops:x:4201:other,ann"]);

  const master = await lab.master("saltx", {
    auto_accept: true,
    external_auth: {
      pam: { "ops%": ["test.ping"], "staffers%": ["test.echo"], "*": ["test.true"] },
    },
  });
  const daemon = await lab.daemon("master with users of its own", apart(files, master.command));
  await until("the master to answer", () => answersPing(master.endpoint, 500), 60_000);
  const minion = await (await lab.minion("saltx", "m1", master)).start();
  await minion.ready();
  const as = (user: string, password: string, ...words: string[]) =>
    master.salt("-a", "pam", `--username=${user}`, `--password=${password}`, "m1", ...words);

  await step("a user with the password does what rules of the user's groups allow", async () => {
    assert.equal((await as("ann", "secret word", "test.ping")).stdout, "m1:\n    True\n");
    assert.equal((await as("ann", "secret word", "test.echo", "x")).stdout, "m1:\n    x\n");
    assert.equal((await as("ann", "secret word", "test.true")).stdout, "m1:\n    True\n");
    const { code, stderr } = await as("ann", "secret word", "cmd.run", "id");
    assert.equal(code, 2);
    assert.match(stderr, /Authorization error/);
  });
  await step("nobody else gets in", async () => {
    const wrong: [string, string][] = [
      ["ann", "secret"],
      ["ann", ""],
      ["expired", "secret word"],
      ["locked", "secret word"],
      ["empty", ""],
      ["empty", "x"],
      ["nobody-here", "secret word"],
      ["-ann", "secret word"],
    ];
    for (const [user, password] of wrong) {
      const { code, stdout } = await as(user, password, "test.true");
      assert.equal(code, 2, user);
      assert.doesNotMatch(stdout, /True/);
    }
  });
  await step("passwords are in no log", () => {
    assert.equal(daemon.log.includes("secret word"), false);
    return Promise.resolve();
  });
});
