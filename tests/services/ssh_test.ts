/** Hosts by a real sshd, and functions by a real sudo. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import { runCommand } from "../support/commands.ts";
import { namesIn } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import { scenario } from "../support/scenario.ts";
import { SshServer } from "../support/ssh_server.ts";
import { until } from "../support/until.ts";

async function runner(master: Master, ...words: string[]): Promise<[code: number, data: DataMap]> {
  const { code, stdout, stderr } = await master.run(...words, "--out=json");
  try {
    // Progress comes first, each as a document of its own.
    return [code, JSON.parse(stdout.slice(stdout.lastIndexOf("\n{\n") + 1)) as DataMap];
  } catch {
    throw new Error(`salt-run gave no JSON (${code}): ${stdout}\n${stderr}`);
  }
}

scenario("hosts that ssh reaches", async (lab, step) => {
  const server = await SshServer.start(lab);
  const master = await lab.master("saltx", { known_hosts_file: server.knownHosts });
  const entry = { host: server.host, port: server.port, user: userInfo().username };
  const roster = {
    "web-1": { ...entry, priv: server.key },
    "web-2": { ...entry, priv: server.key },
    locked: { ...entry, priv: `${server.key}.pub` },
  };
  await writeFile(join(master.configDir, "roster"), JSON.stringify(roster));
  await master.start();
  const home = join(lab.root, "host");
  const pid = async () => Number(await readFile(join(home, "var/run/salt-minion.pid"), "utf8"));
  const { host, publishPort, requestPort } = master.endpoint;
  const config = JSON.stringify({
    root_dir: home,
    user: userInfo().username,
    publish_port: publishPort,
    master_port: requestPort,
    acceptance_wait_time: 1,
  });
  const there = [`dest=${home}/bin/saltx`, `config_dir=${home}/etc`, `config=${config}`];
  const command = `command=${home}/bin/saltx call -c ${home}/etc`;

  try {
    await step("manage.bootstrap installs this executable and starts it as a minion", async () => {
      const words = ["manage.bootstrap", "hosts=web-1", `master=${host}`, ...there];
      const [code, results] = await runner(master, ...words);
      assert.equal(code, 0, JSON.stringify(results));
      assert.deepEqual(results, { "web-1": { retcode: 0, stdout: "", stderr: "" } });
      await master.awaitKey("web-1", "minions_pre");
    });
    await step("manage.safe_accept accepts the key that the host says is its own", async () => {
      const [code, result] = await runner(master, "manage.safe_accept", "web-1", command);
      assert.deepEqual([code, result], [0, { accepted: ["web-1"], failures: {} }]);
      await master.awaitPing("web-1");
    });
    await step("and no key that somebody else placed", async () => {
      const own = await readFile(join(master.pkiDir, "master.pub"), "utf8");
      await master.placeKey("web-2", "minions_pre", own);
      const words = ["web-2,web-3,locked", "tgt_type=list", command];
      const [code, result] = await runner(master, "manage.safe_accept", ...words);
      assert.equal(code, 1);
      const failures = result["failures"] as Record<string, string>;
      assert.match(failures["web-2"]!, /does not match the key in salt-key/);
      assert.match(failures["web-3"]!, /web-3 not found by salt-key/);
      assert.match(failures["locked"]!, /locked not found by salt-key/);
      assert.deepEqual(result["accepted"], []);
      assert.deepEqual(await namesIn(join(master.pkiDir, "minions")), ["web-1"]);
    });
    await step("manage.bootstrap runs a script with its arguments, each as one word", async () => {
      const script = join(lab.root, "script.sh");
      await writeFile(script, 'printf "%s|" "$@"; cat /dev/null; exit 4\n');
      const words = ["hosts=web-1", `script=${script}`, "script_args=-x 'two words' $HOME"];
      const [code, results] = await runner(master, "manage.bootstrap", ...words);
      assert.equal(code, 1);
      assert.deepEqual((results["web-1"] as DataMap)["stdout"], "-x|two words|$HOME|");
      assert.deepEqual((results["web-1"] as DataMap)["retcode"], 4);
    });
    await step("a host that lets nobody in fails by name, and the others are done", async () => {
      const script = join(lab.root, "script.sh");
      await writeFile(script, "echo fine\n");
      const words = ["manage.bootstrap", "hosts=locked,web-2", `script=${script}`];
      const [code, results] = await runner(master, ...words);
      assert.equal(code, 1);
      assert.match(String((results["locked"] as DataMap)["stderr"]), /^ssh does not get there: /);
      assert.equal((results["web-2"] as DataMap)["stdout"], "fine\n");
    });
    await step("what is no host is refused before anything is run", async () => {
      for (const hosts of ["-oProxyCommand=x", "a b", "web-1;id", ""]) {
        const { code } = await master.run("manage.bootstrap", `hosts=${hosts}`, "script=/dev/null");
        assert.equal(code, 1, hosts);
      }
    });
  } finally {
    await pid().then((minion) => process.kill(minion, "SIGTERM"), () => {});
    await until("the minion to end", async () => !Number.isFinite(await pid().catch(() => NaN)));
  }
});

scenario("the sudo executor with a real sudo", async (lab, step) => {
  const master = await (await lab.master("saltx", { auto_accept: true })).start();
  const user = userInfo().username;
  const minion = await (await lab.minion("saltx", "m1", master, { sudo_user: user })).start();
  await minion.ready();
  await master.awaitPing("m1");
  await step("functions run by it, with their types, result and return code", async () => {
    const { m1 } = await master.ask("m1", "cmd.run", "echo $SUDO_USER $SUDO_COMMAND | cut -c1-200");
    assert.match(String(m1), new RegExp(`^${user} .*call --priv ${user} .* cmd\\.run`));
    const { m1: seen } = await master.ask("m1", "test.arg", "5", "'007'", "[1, a]", "k={b: null}");
    assert.deepEqual((seen as DataMap)["args"], [5, "007", [1, "a"]]);
    assert.deepEqual(((seen as DataMap)["kwargs"] as DataMap)["k"], { b: null });
    const { code, stdout } = await master.salt("-b", "1", "m1", "cmd.run", "echo no; exit 7");
    assert.equal(code, 7);
    assert.match(stdout, /no/);
  });
  await step("what looks after jobs goes past it, and a kill ends what it runs", async () => {
    const jid = await master.publish("m1", "cmd.run", "sleep 317");
    const runs = async () => (await runCommand(["pgrep", "-f", "^sleep 317"])).code === 0;
    await until("the program to run", runs);
    const { m1 } = await master.ask("m1", "saltutil.find_job", jid);
    assert.equal((m1 as DataMap)["jid"], jid);
    await master.ask("m1", "saltutil.kill_job", jid);
    await until("the program to be gone", async () => !await runs());
  });
  await step("--module-executors chooses, and splay goes before it", async () => {
    const splay = ["--module-executors=[splay, direct_call]", "--executor-opts={splaytime: 1}"];
    const found = await master.salt(...splay, "m1", "test.ping", "--out=json");
    assert.deepEqual(JSON.parse(found.stdout), { m1: true });
    const { code, stdout } = await master.salt("--module-executors=[nope, x]", "m1", "test.ping");
    assert.equal(code, 1);
    assert.match(stdout, /Executor 'nope' is not available/);
  });
});
