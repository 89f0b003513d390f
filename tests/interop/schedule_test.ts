/** What a real master has a saltx minion do by itself: custom modules, schedule, mine; and a real minion's saved schedule. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { saltVersions } from "../../scripts/venvs.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const id = "ours";

/** As a salt-minion of 3006 leaves it. */
const SAVED = `schedule:
  __mine_interval:
    enabled: true
    function: mine.update
    jid_include: true
    maxrunning: 2
    minutes: 60
    return_job: false
    run_on_start: true
  kept:
    args:
    - from an earlier minion
    enabled: true
    function: test.echo
    jid_include: true
    maxrunning: 1
    name: kept
    seconds: 1
`;

scenario("a real master gives a saltx minion modules and a schedule", async (lab, step) => {
  const roots = join(lab.root, "files");
  await mkdir(join(roots, "_modules"), { recursive: true });
  await writeFile(
    join(roots, "_modules", "hello.ts"),
    "export default { functions: { who: { run: (ctx: { id: string }) => `hello ${ctx.id}` } } };\n",
  );
  const master = await (await lab.master(saltVersions.lts, {
    file_roots: { base: [roots] },
  })).start();
  const minion = await lab.minion("saltx", id, master, {
    mine_functions: { "test.echo": ["mined"] },
  });
  const saved = join(minion.configDir, "minion.d");
  await mkdir(saved);
  await writeFile(join(saved, "_schedule.conf"), SAVED);
  await minion.start();
  await master.accept(id);
  await minion.ready();
  await master.awaitPing(id);
  const ask = async (...args: string[]) => (await master.ask(id, ...args))[id] as DataMap;

  /** Waits for a job that nobody asked for, with this return. */
  const scheduled = (what: string) =>
    until(`a job that returned "${what}"`, async () => {
      const { stdout } = await master.run(
        "jobs.list_jobs",
        "search_function=test.echo",
        "--out=json",
      );
      const jobs = JSON.parse(stdout) as Record<string, DataMap>;
      return Object.values(jobs).find(({ Arguments }) => (Arguments as unknown[])[0] === what);
    }, 60_000);

  await step("a module in TypeScript is fetched and called", async () => {
    assert.deepEqual(await ask("saltutil.sync_modules"), ["modules.hello"]);
    assert.equal(await ask("hello.who"), `hello ${id}`);
  });
  await step("the schedule that a salt-minion saved goes on", async () => {
    await scheduled("from an earlier minion");
    const listed = await ask("schedule.list", "return_yaml=False", "show_all=True");
    assert.deepEqual(Object.keys(listed).sort(), ["__mine_interval", "kept"]);
  });
  await step("the mine is filled", async () => {
    await until("the mine", async () => {
      const found = await ask("mine.get", "*", "test.echo");
      return found[id] === "mined";
    });
  });
  await step("a job is added and returns", async () => {
    const added = await ask(
      ...[
        "schedule.add",
        "ours",
        "function=test.echo",
        'job_args=["from its master"]',
        "seconds=1",
      ],
    );
    assert.equal(added["result"], true);
    await scheduled("from its master");
    assert.equal((await ask("schedule.delete", "ours"))["result"], true);
  });
});
