/** `saltx call`, with a master and without. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import { overTransports } from "../support/scenario.ts";

overTransports("calls on a minion's host", async (lab, step) => {
  const roots = (name: string) => join(lab.root, name);
  for (const [folder, word] of [["master", "from the master"], ["here", "from here"]] as const) {
    await mkdir(roots(`${folder}/files`), { recursive: true });
    await mkdir(roots(`${folder}/pillar`), { recursive: true });
    await writeFile(roots(`${folder}/files/note.txt`), word);
    await writeFile(roots(`${folder}/pillar/top.sls`), "base:\n  '*':\n    - data\n");
    await writeFile(roots(`${folder}/pillar/data.sls`), `word: ${word}\n`);
  }
  const master = await (await lab.master("saltx", {
    auto_accept: true,
    file_roots: { base: [roots("master/files")] },
    pillar_roots: { base: [roots("master/pillar")] },
  })).start();
  const minion = await (await lab.minion("saltx", "m1", master)).start();
  await minion.ready();
  const call = async (...words: string[]) => {
    const { code, stdout, stderr } = await minion.call(...words, "--out=json");
    try {
      return (JSON.parse(stdout) as DataMap)["local"];
    } catch {
      throw new Error(`salt-call gave no JSON (${code}): ${stdout}\n${stderr}`);
    }
  };
  const local = [`--file-root=${roots("here/files")}`, `--pillar-root=${roots("here/pillar")}`];
  const jobs = async (...filters: string[]) => {
    const { stdout } = await master.run("jobs.list_jobs", ...filters, "--out=json");
    return Object.values(JSON.parse(stdout) as Record<string, DataMap>);
  };

  await step("with a master: its files and pillar, and it hears of the call", async () => {
    assert.equal(await call("pillar.get", "word"), "from the master");
    assert.equal(await call("cp.get_file_str", "salt://note.txt"), "from the master");
    const [job] = await jobs("search_function=pillar.get");
    assert.equal(job?.["Target"], "m1");
  });
  await step("--local: those of this host, and no master hears of it", async () => {
    assert.equal(await call("--local", ...local, "pillar.get", "word"), "from here");
    assert.equal(
      await call("--local", ...local, "cp.get_file_str", "salt://note.txt"),
      "from here",
    );
    assert.equal((await jobs("search_function=cp.get_file_str")).length, 1);
  });
  await step(
    "--no-return-event tells the master nothing, --set-metadata what to keep",
    async () => {
      await call("--no-return-event", "test.echo", "quiet");
      assert.deepEqual(await jobs("search_function=test.echo"), []);
      await call("--set-metadata={ticket: 7}", "test.echo", "kept");
      const [job] = await jobs("search_metadata={ticket: 7}");
      assert.deepEqual(job?.["Metadata"], { ticket: 7 });
    },
  );
  await step("--metadata shows the whole return, --id whose it is", async () => {
    const whole = await call("--local", "--id=other", "--metadata", "cmd.run", "exit 4") as DataMap;
    assert.deepEqual([whole["id"], whole["fun"], whole["retcode"]], ["other", "cmd.run", 4]);
    assert.equal(await call("--local", "--id=other", "grains.get", "id"), "other");
  });
  await step("-g shows the grains, -d the docs, --skip-grains loads none", async () => {
    assert.equal((await call("-g") as DataMap)["id"], "m1");
    assert.match((await minion.call("-d", "test.ping")).stdout, /^test\.ping:\n\n {4}\S/);
    assert.equal(await call("--local", "--skip-grains", "grains.get", "os", "none"), "none");
  });
  await step("--module-executors and --executor-opts hold here too", async () => {
    const words = ["--module-executors=[splay, direct_call]", "--executor-opts={splaytime: 1}"];
    assert.equal(await call("--local", ...words, "test.echo", "late"), "late");
  });
  await step("-l debug tells more, on standard error", async () => {
    const { stdout, stderr } = await minion.call("-l", "debug", "test.ping", "--out=json");
    assert.deepEqual(JSON.parse(stdout), { local: true });
    assert.match(stderr, /\[DEBUG/);
  });
  await step("--master takes another one, and its name when it is not there", async () => {
    const { host, requestPort } = master.endpoint;
    assert.equal(
      await call(`--master=${host}:${requestPort}`, "pillar.get", "word"),
      "from the master",
    );
    const { code, stderr } = await minion.call("-t", "1", "--master=127.0.0.1:1", "test.ping");
    assert.notEqual(code, 0);
    assert.match(stderr, /127\.0\.0\.1/);
  });
});
