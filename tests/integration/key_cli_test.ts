/** `saltx key` as a program: beside a running master, and on its own in a sandbox. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../support/commands.ts";
import { projectRoot } from "../support/software.ts";
import { scenario } from "../support/scenario.ts";
import { testKey } from "../support/vectors.ts";

const HOUR = 3600;

scenario("saltx key beside a running master", async (lab, step) => {
  // It looks around once an hour: whatever happens sooner, it was told.
  const master = await (await lab.master("saltx", { loop_interval: HOUR })).start();
  const events = await lab.events(master);
  const { publicKey } = testKey("test-minion");
  await master.placeKey("w1", "minions_pre", publicKey);
  await step("an acceptance is on the event bus", async () => {
    await master.key("-y", "-a", "w1");
    await events.line(/^salt\/key\t\{"result":true,"act":"accept","id":"w1".*$/m);
  });
  await step("a deletion rotates the session key at once", async () => {
    await master.key("-y", "-d", "w1");
    await events.line(/^salt\/key\t\{"result":true,"act":"delete","id":"w1".*$/m);
    await events.line(/^key\t\{"rotate_aes_key":true.*$/m);
    await assert.rejects(access(join(master.cacheDir, ".dfn")));
  });
  await step("a change that asks for no rotation makes none", async () => {
    await master.placeKey("w2", "minions_pre", publicKey);
    await master.key("-y", "-r", "w2", "--rotate-aes-key=False");
    await events.line(/^salt\/key\t\{"result":true,"act":"reject","id":"w2".*$/m);
    assert.equal(events.log.match(/^key\t/gm)?.length, 1);
  });
  await events.stop();
});

/** argv that runs the program where it may read files and nothing else: no sockets, no native code. */
function sandboxed(): string[] {
  const mod = join(projectRoot, "mod.ts");
  return "Deno" in globalThis
    ? [process.execPath, "run", "--no-prompt", "--allow-read", "--allow-env", "--allow-sys", mod]
    : [process.execPath, "--permission", "--allow-fs-read=*", "--no-warnings", mod];
}

test("saltx key looks at keys without opening a socket or loading native code", async () => {
  const root = mkdtempSync(join(tmpdir(), "key-"));
  try {
    const { publicKey } = testKey("test-minion");
    const minions = join(root, "pki", "minions_pre");
    mkdirSync(minions, { recursive: true });
    mkdirSync(join(root, "sock"));
    writeFileSync(join(minions, "w1"), publicKey);
    // As if a master were running.
    writeFileSync(join(root, "sock", "master_event_pull.ipc"), "");
    const config = { root_dir: root, pki_dir: join(root, "pki"), sock_dir: join(root, "sock") };
    writeFileSync(
      join(root, "master"),
      Object.entries(config).map(([key, value]) => `${key}: ${value}\n`).join(""),
    );
    for (const args of [["-L"], ["-F"], ["-f", "w1"], ["-p", "w1"], ["-l", "pre"]]) {
      const { code, stdout, stderr } = await runCommand(
        [...sandboxed(), "key", "-c", root, ...args],
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Unaccepted Keys:\nw1/m);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
