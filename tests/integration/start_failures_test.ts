/** What programs say when they cannot do their work: which thing is wrong, and what to do. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { runCommand } from "../support/commands.ts";
import { namesIn, writeConfig } from "../support/lab.ts";
import { commandOf } from "../support/software.ts";
import { scenario } from "../support/scenario.ts";

scenario("programs that cannot start", async (lab, step) => {
  const running = await (await lab.master("saltx")).start();

  await step("a port in use: the master names it and the option", async () => {
    const second = await lab.master("saltx", {
      interface: running.endpoint.host,
      publish_port: running.endpoint.publishPort,
    }, "second");
    const { code, stderr, stdout } = await runCommand(second.command);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, new RegExp(`publish_port.*${running.endpoint.publishPort}`));
  });
  await step("an address that is not this host's", async () => {
    const elsewhere = await lab.master("saltx", { interface: "192.0.2.1" }, "elsewhere");
    const { code, stderr, stdout } = await runCommand(elsewhere.command);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /interface/);
  });
  await step("no permission on the pki folder: it names the folder", async () => {
    const master = await lab.master("saltx", {}, "locked");
    await mkdir(master.pkiDir, { recursive: true });
    await chmod(master.pkiDir, 0);
    // root may read everything: then another user tries.
    const other = process.getuid?.() === 0
      ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
      : [];
    await chmod(lab.root, 0o755);
    const { code, stderr, stdout } = await runCommand([...other, ...master.command]);
    await chmod(master.pkiDir, 0o700);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /permi|EACCES|not allowed/i);
    assert.ok((stderr + stdout).includes(join(lab.root, "locked")), stderr + stdout);
  });
  await step("bad YAML: file and line", async () => {
    const master = await lab.master("saltx", {}, "broken");
    await writeFile(join(master.configDir, "master"), "root_dir: /tmp\ninterface: [1,\nx: :\n");
    const { code, stderr, stdout } = await runCommand(master.command);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /broken\/etc\/salt\/master.*line \d/s);
  });
  await step("a wrong type: file, line, key and what was wanted", async () => {
    const master = await lab.master("saltx", {}, "typed");
    await writeConfig(join(master.configDir, "master"), { root_dir: lab.root, ret_port: "many" });
    const { code, stderr, stdout } = await runCommand(master.command);
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /many.*ret_port.*typed\/etc\/salt\/master.*line 2.*wanted/s);
  });
});

scenario("command line without a master", async (lab, step) => {
  const master = await lab.master("saltx");
  await step("salt says that the master does not run here", async () => {
    const { code, stderr, stdout } = await master.salt("*", "test.ping");
    assert.notEqual(code, 0);
    assert.match(stderr + stdout, /master/i);
    assert.doesNotMatch(stderr + stdout, /\n\s+at .*\.ts:/);
  });
  await step("key names the folder that is missing, and makes none", async () => {
    const { code, stderr } = await master.key("-L");
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(master.pkiDir), stderr);
    assert.deepEqual(await namesIn(master.pkiDir), []);
  });
  await step("key works while no master runs", async () => {
    await mkdir(join(master.pkiDir, "minions_pre"), { recursive: true });
    await writeFile(join(master.pkiDir, "minions_pre", "new-1"), "key");
    const { code, stdout } = await master.key("-L", "--out=json");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout).minions_pre, ["new-1"]);
  });
});

scenario("minions without a master", async (lab, step) => {
  await step("nobody listens: it says so and tries again until somebody does", async () => {
    const master = await lab.master("saltx");
    const minion = await lab.minion("saltx", "early", master, { auth_timeout: 1 });
    await minion.start();
    await minion.daemon.line(/(WARNING|ERROR).*\n/);
    await master.start();
    await master.accept("early");
    await minion.ready();
    assert.deepEqual(await master.ask("early", "test.ping"), { early: true });
  });
  await step("something else listens there: it goes on trying", async () => {
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const endpoint = { host: "127.0.0.1", publishPort: port, requestPort: port };
    const minion = await lab.minion("saltx", "lost", { endpoint }, { auth_timeout: 1 });
    await minion.start();
    await minion.daemon.line(/(WARNING|ERROR).*\n/);
    assert.equal(minion.daemon.status, null);
    await minion.stop("SIGKILL");
    server.close();
  });
  await step("a wrong master_finger: it names both and ends with 42", async () => {
    const master = await (await lab.master("saltx", {}, "other")).start();
    const wrong = Array.from({ length: 32 }, () => "ab").join(":");
    const minion = await lab.minion("saltx", "wary", master, { master_finger: wrong });
    await minion.start();
    await master.accept("wary");
    assert.equal(await minion.daemon.exited, 42);
    assert.ok(minion.daemon.log.includes(wrong), minion.daemon.log);
    assert.match(minion.daemon.log, /master_finger/);
  });
  await step("a master with another key than the stored one is not trusted", async () => {
    const master = await (await lab.master("saltx", {}, "third")).start();
    const minion = await lab.minion("saltx", "robbed", master);
    await mkdir(minion.pkiDir, { recursive: true });
    const foreign = await lab.master("saltx", {}, "foreign");
    await runCommand([
      ...commandOf("saltx", "key"),
      "-c",
      foreign.configDir,
      "--gen-keys=x",
      `--gen-keys-dir=${lab.root}`,
    ]);
    const pem = await readFile(join(lab.root, "x.pub"));
    await writeFile(join(minion.pkiDir, "minion_master.pub"), pem);
    await minion.start();
    await master.accept("robbed");
    await minion.daemon.line(/(ERROR|CRITICAL).*key/i);
    await minion.stop("SIGKILL");
  });
});
