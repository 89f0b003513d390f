/** What people see while a job runs, and programs do not. */
import assert from "node:assert/strict";
import { runCommand } from "../support/commands.ts";
import { scenario } from "../support/scenario.ts";
import { commandOf } from "../support/software.ts";

/** What takes the line away. */
const WIPE = "\r\x1b[K";

scenario("a job at a terminal", async (lab, step) => {
  const master = await (await lab.master("saltx", { auto_accept: true })).start();
  for (const id of ["fast", "slow"]) {
    await (await (await lab.minion("saltx", id, master)).start()).ready();
    await master.awaitPing(id);
  }
  const words = ["*", "cmd.run", "test $TEST_MINION = fast || sleep 4; echo ready"];
  const argv = [...commandOf("saltx", "salt"), "-c", master.configDir];
  const result = (id: string) => new RegExp(`^${id}:\\r?\\n {4}ready\\r?$`, "m");

  await step("a line says how many have answered and names the slowest, and goes", async () => {
    const line = [...argv, ...words].map((word) => `'${word}'`).join(" ");
    const { code, stdout } = await runCommand(["script", "-qec", line, "/dev/null"], {
      env: { TERM: "xterm", NO_COLOR: "1" },
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /1\/2 returned, \d+ s, waiting for slow/);
    // The last that is shown of it is that it is wiped away.
    const lines = stdout.split(WIPE);
    assert.match(lines.at(-2)!, /waiting for slow$/);
    assert.doesNotMatch(lines.at(-1)!, /waiting/);
    const left = lines.map((line) => line.replace(/[^\r\n]*$/, "")).join("");
    for (const id of ["fast", "slow"]) assert.match(left, result(id));
  });
  await step("in a pipe there is none of it, with -p neither", async () => {
    await Promise.all([[], ["-p"], ["--out=json"]].map(async (more) => {
      const { stdout, stderr } = await runCommand([...argv, ...more, ...words]);
      assert.doesNotMatch(stdout + stderr, /returned, \d|waiting for/);
      assert.equal((stdout + stderr).includes(WIPE), false);
    }));
  });
});
