/** Users' code works as docs/authors/custom-modules.md says: the code of that page is what runs. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { scenario } from "../support/scenario.ts";
import { projectRoot } from "../support/software.ts";
import { until } from "../support/until.ts";

/** The files that the page shows, by path. */
async function filesOfPage(): Promise<Map<string, string>> {
  const page = await readFile(join(projectRoot, "docs/authors/custom-modules.md"), "utf8");
  const blocks = page.matchAll(/```ts\n\/\/ salt:\/\/(\S+)\n([^]*?)```/g);
  return new Map([...blocks].map(([, path = "", code = ""]) => [path, code]));
}

scenario("the code of docs/authors/custom-modules.md works", async (lab, step) => {
  const roots = join(lab.root, "files");
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(roots, path)), { recursive: true });
    await writeFile(join(roots, path), text);
  };
  const files = await filesOfPage();
  for (const [path, code] of files) await put(path, code);
  const master = await lab.master("saltx", { file_roots: { base: [roots] } });
  await master.start();
  const ledger = join(lab.root, "mount", "ledger");
  const minion = await lab.minion("saltx", "web1", master, { "ledger.path": ledger });
  await minion.start();
  await master.accept("web1");
  await minion.ready();
  const ask = async (...args: string[]) => (await master.ask("web1", ...args))["web1"];

  await step("the page shows a file of each kind", () => {
    const kinds = [...files.keys()].map((path) => dirname(path)).sort();
    assert.deepEqual(kinds, ["_grains", "_modules", "_output", "_returners", "_runners"]);
    return Promise.resolve();
  });

  await step("sync_all fetches all and names what is new, once", async () => {
    const wanted = {
      modules: ["modules.report"],
      grains: ["grains.place"],
      returners: ["returners.ledger"],
      output: ["output.shout"],
      states: [],
    };
    const first = await ask("saltutil.sync_all") as Record<string, unknown>;
    for (const [kind, names] of Object.entries(wanted)) assert.deepEqual(first[kind], names, kind);
    const again = await ask("saltutil.sync_all") as Record<string, unknown>;
    assert.deepEqual(again["modules"], []);
  });

  await step("the module is called, documented and described", async () => {
    assert.equal(await ask("report.os"), "This is web1 on Linux");
    assert.equal(await ask("report.system", "greeting=Here is"), "Here is web1 on Linux");
    await put("three", "1\n2\n3\n");
    assert.equal(await ask("report.lines", join(roots, "three")), 3);
    assert.equal(await ask("report.lines", "/nowhere"), "ERROR: There is no /nowhere");
    assert.deepEqual(await ask("sys.list_functions", "report"), [
      "report.lines",
      "report.os",
      "report.system",
    ]);
    const docs = await ask("sys.doc", "report.os") as Record<string, string>;
    assert.match(docs["report.os"] ?? "", /Says what runs here/);
    const specs = await ask("sys.argspec", "report.lines") as Record<string, unknown>;
    assert.deepEqual(specs["report.lines"], {
      args: ["path"],
      defaults: null,
      varargs: null,
      kwargs: null,
    });
    const { stdout } = await minion.call("--local", "report.os", "--out=json");
    assert.deepEqual(JSON.parse(stdout), { local: "This is web1 on Linux" });
  });

  await step("the grains are there, and target", async () => {
    assert.deepEqual(await ask("grains.get", "place"), { rack: "r12", room: 3 });
    const found = await master.ask("is_linux:True", "-G", "test.ping");
    assert.deepEqual(found, { web1: true });
  });

  await step("the returner is brought what waited while its place was not there", async () => {
    const jid = await master.publish("web1", "test.ping", "--return", "ledger");
    await minion.daemon.line(/returner ledger does not take what is sent.*is not mounted/);
    await mkdir(dirname(ledger));
    const text = await until("the line", () => readFile(ledger, "utf8").catch(() => null));
    assert.equal(text, `${jid} web1 test.ping 0\n`);
  });

  await step("the outputter shows results", async () => {
    const { stdout } = await minion.call("--local", "test.echo", "hello", "--out=shout");
    assert.equal(stdout, '{"LOCAL":"HELLO"}!\n');
  });

  await step("the runner is synced to the master and runs", async () => {
    const synced = await master.run("saltutil.sync_runners", "--out=json");
    assert.deepEqual(JSON.parse(synced.stdout), ["runners.census"]);
    const { stdout, stderr } = await master.run("census.kernels", "--out=json");
    assert.deepEqual(JSON.parse(stdout), { Linux: 1 }, stderr);
    const docs = await master.run("-d", "census");
    assert.match(docs.stdout, /How many minions run each kernel/);
  });

  await step("what is broken is named with its line, and what is gone is taken away", async () => {
    await put("_modules/broken.ts", "export default {\n  functions: { = },\n};\n");
    await put("_modules/spin.ts", "export default { functions: { on: { run() { for (;;); } } } };");
    await rm(join(roots, "_modules/report.ts"));
    assert.deepEqual((await ask("saltutil.sync_modules") as string[]).sort(), [
      "modules.broken",
      "modules.spin",
    ]);
    assert.match(String(await ask("broken.f")), /broken\.ts, line 2: /);
    assert.equal(await ask("report.os"), "'report.os' is not available.");
    const jid = await master.publish("web1", "spin.on");
    await until("the job", async () => {
      const found = await ask("saltutil.find_job", jid) as Record<string, unknown>;
      return Object.keys(found).length > 0;
    });
    assert.equal(await ask("test.ping"), true);
    await ask("saltutil.kill_job", jid);
    await until("its end", async () => {
      const found = await ask("saltutil.find_job", jid) as Record<string, unknown>;
      return Object.keys(found).length === 0;
    });
  });

  await step(
    "a minion on the master's host runs runners, wheel functions and commands",
    async () => {
      const config = join(dirname(master.configDir), "salt", "master");
      await writeFile(join(minion.configDir, "master"), await readFile(config));
      assert.deepEqual(await ask("saltutil.runner", "test.arg", "arg=[1]", "kwarg={a: b}"), {
        args: [1],
        kwargs: { a: "b" },
      });
      const listed = await ask("saltutil.wheel", "key.list_all") as { return: unknown };
      assert.deepEqual((listed.return as Record<string, unknown>)["minions"], ["web1"]);
      assert.deepEqual(await ask("saltutil.cmd", "*", "test.echo", "arg=[hi]"), { web1: "hi" });
    },
  );
});
