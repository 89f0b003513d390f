/** The executable: its names, its daemons, and that it needs nothing beside it. */
import assert from "node:assert/strict";
import { access, copyFile, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../support/commands.ts";
import { answersPing } from "../support/raw_request.ts";
import { scenario } from "../support/scenario.ts";
import { commandOf, saltxCommand } from "../support/software.ts";
import { until } from "../support/until.ts";

scenario("names of the executable", async (lab, step) => {
  const [file = ""] = saltxCommand();
  const tools = ["master", "minion", "key", "call", "run"].map((tool) => `salt-${tool}`);
  for (const name of ["salt", ...tools]) {
    await step(`a link called ${name} acts as that tool`, async () => {
      const link = join(lab.root, name);
      await symlink(file, link);
      const byLink = await runCommand([link, "--help"]);
      const byRole = await runCommand([file, name, "--help"]);
      assert.equal(byLink.code, 0);
      assert.equal(byRole.code, 0);
      assert.ok(byLink.stdout.includes(`${name} `), byLink.stdout);
    });
  }
  await step("it runs alone in an empty folder, without environment", async () => {
    const folder = join(lab.root, "alone");
    await mkdir(folder);
    await copyFile(file, join(folder, "saltx"));
    const { code, stdout } = await runCommand(["env", "-i", "./saltx", "--version"], {
      cwd: folder,
    });
    assert.equal(code, 0);
    assert.match(stdout, /^saltx \d+\.\d+/);
  });
});

scenario("daemons in the background", async (lab, step) => {
  const master = await lab.master("saltx");
  const pidFile = join(lab.root, "m/var/run/salt-master.pid");
  const argv = [...commandOf("saltx", "master"), "-c", master.configDir, "-d"];
  const { code, stderr } = await runCommand(argv);
  assert.equal(code, 0, stderr);
  const pid = Number(await readFile(pidFile, "utf8"));
  assert.ok(pid > 1);
  await using _end = { [Symbol.asyncDispose]: () => end(pid) };
  await step("-d returns when the daemon is up, and names it in the pid file", async () => {
    assert.ok(runs(pid));
    assert.ok(await answersPing(master.endpoint));
  });
  await step("a second one of the same configuration does not start", async () => {
    const second = await runCommand(master.command);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr + second.stdout, new RegExp(`${pid}|port`));
  });
  await step("SIGTERM ends it and takes the pid file away", async () => {
    await end(pid);
    await assert.rejects(access(pidFile));
  });
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function end(pid: number): Promise<void> {
  if (!runs(pid)) return;
  process.kill(pid, "SIGTERM");
  await until("the daemon to end", () => !runs(pid));
}
