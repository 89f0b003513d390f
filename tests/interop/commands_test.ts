/**
 * The same commands by the real `salt` CLI for a saltx minion, and by `saltx salt` for a real minion,
 * beside real Salt on both sides: output and exit code are the same.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { saltVersions } from "../../scripts/venvs.ts";
import type { Master } from "../support/master.ts";
import { scenario } from "../support/scenario.ts";

/** `ID` stands for the minion. */
const COMMANDS: readonly (readonly string[])[] = [
  ["ID", "test.ping"],
  ["ID", "test.echo", "one two"],
  ["ID", "test.arg", "1", "two", "'3'", "null", "[a, 1.5]", "k={x: [1, 2]}", "--out=yaml"],
  ["ID", "test.kwarg", "a=1", "b=yes", "c='no'"],
  ["ID", "test.arg_type", "1", "1.0", "x", "[1]", "{a: 1}", "k=2"],
  ["ID", "cmd.run", "echo out; echo err >&2"],
  ["ID", "cmd.run", "printf 'a\\n\\nb\\n'; exit 3"],
  ["ID", "cmd.run_all", "echo out; echo err >&2; exit 2"],
  ["ID", "cmd.retcode", "exit 5"],
  ["ID", "cmd.run", "pwd", "cwd=/", "env={A: 1}", "python_shell=False"],
  ["ID", "cmd.shell", "echo $A", "env={A: zwei}"],
  ["ID", "no.such_function"],
  ["ID", "grains.item", "os", "osfinger", "kernel", "cpuarch", "no_such"],
  ["ID", "grains.get", "ip4_interfaces:lo"],
  ["ID", "pillar.items"],
  ["ID", "hashutil.digest", "text", "sha256"],
  ["ID", "user.info", "root"],
  ["ID", "saltutil.running"],
  ["ID", "cp.list_master"],
  ["ID", "cp.get_file_str", "salt://dir/file.txt"],
  ["ID", "test.ping,test.echo,cmd.run", ",", "x", ",", "echo y"],
  ["ID", "test.echo", "a", "--out=json", "--out-indent=-1"],
  ["ID", "test.echo", "{a: [1, {b: null}], c: 'd e'}", "--out=raw"],
  ["ID", "test.echo", "{a: [1, {b: null}], c: 'd e'}", "--out=pprint"],
  ["ID", "test.echo", "{a: [1, {b: null}], c: 'd e'}"],
  ["ID", "test.echo", "a", "--out=txt"],
  ["ID", "test.ping", "-v"],
  ["ID", "test.ping", "--show-jid"],
  ["ID", "test.ping", "--static"],
  ["-b", "1", "ID", "test.echo", "x"],
  ["-E", "ID$", "test.ping"],
  ["-L", "ID,ID", "test.ping"],
  ["-G", "id:ID", "test.ping"],
  ["-C", "ID and G@kernel:Linux and not E@nobody", "test.ping"],
  ["-C", "ID and S@127.0.0.1 and I@role:web and N@group", "test.ping"],
];

interface Outcome {
  code: number;
  stdout: string;
}

/** What differs from run to run. */
function normal(text: string, id: string): string {
  return text.replaceAll(id, "ID").replaceAll(/\d{20}/g, "JID")
    .replaceAll(/(pid['"]?:\s*)\d+/g, "$1PID")
    // Rules of dashes are as long as what they are under.
    .replaceAll(/^-{5,}$/gm, "-----").trimEnd();
}

async function run(master: Master, id: string, words: readonly string[]): Promise<Outcome> {
  const { code, stdout } = await master.salt(...words.map((word) => word.replaceAll("ID", id)));
  return { code, stdout: normal(stdout, id) };
}

async function serve(master: Master): Promise<void> {
  const root = dirname(dirname(master.configDir));
  const files: Record<string, string> = {
    "srv/salt/dir/file.txt": "one\ntwo\n",
    "srv/salt/other.txt": "x\n",
    "srv/pillar/top.sls": "base:\n  '*':\n    - data\n",
    "srv/pillar/data.sls": "role: web\nlist: [1, 2]\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

scenario("the same commands by both command lines", async (lab, step) => {
  const config = (name: string) => ({
    auto_accept: true,
    file_roots: { base: [join(lab.root, name, "srv/salt")] },
    pillar_roots: { base: [join(lab.root, name, "srv/pillar")] },
    nodegroups: { group: "E@web-.*twin" },
  });
  const real = await lab.master(saltVersions.lts, config("real"), "real");
  const ours = await lab.master("saltx", config("ours"), "ours");
  for (const master of [real, ours]) await serve(master);
  await Promise.all([real.start(), ours.start()]);
  const ids = { both: "web-real-twin", minion: "web-saltx-twin", cli: "web-twin" };
  const minions = [
    await lab.minion(saltVersions.lts, ids.both, real),
    await lab.minion("saltx", ids.minion, real),
    await lab.minion(saltVersions.lts, ids.cli, ours),
  ];
  await Promise.all(minions.map(async (minion) => {
    await minion.start();
    await minion.ready();
  }));
  for (const [master, id] of [[real, ids.both], [real, ids.minion], [ours, ids.cli]] as const) {
    await master.awaitPing(id);
  }
  for (const words of COMMANDS) {
    await step(words.join(" "), async () => {
      const [both, minion, cli] = await Promise.all([
        run(real, ids.both, words),
        run(real, ids.minion, words),
        run(ours, ids.cli, words),
      ]);
      assert.deepEqual(minion, both, "real salt, for a saltx minion");
      assert.deepEqual(cli, both, "saltx salt, for a real minion");
    });
  }
});
