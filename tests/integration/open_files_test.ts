/** A master whose limit of open files is reached: what is connected is served, nothing is lost. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

/** Of the master. */
const LIMIT = 400;

scenario("a master with as many connections as it may have", async (lab, step) => {
  const files = join(lab.root, "files");
  await mkdir(files);
  const content = randomBytes(3_000_000);
  await writeFile(join(files, "large"), content);
  const config = { auto_accept: true, max_open_files: LIMIT, file_roots: { base: [files] } };
  const limited = { command: ["prlimit", `--nofile=${LIMIT}:${LIMIT}`], near: true };
  const master = await (await lab.master("saltx", config, "m", limited)).start();
  const first = await (await lab.minion("saltx", "web-1", master)).start();
  await first.ready();
  const { host, requestPort, publishPort } = master.endpoint;
  const sockets: Socket[] = [];
  const connectFromElsewhere = async (port: number) => {
    const socket = connect({ host, port, localAddress: "127.77.0.1" });
    socket.on("error", () => {}).resume();
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };

  await step("refuses others, and says what to raise", async () => {
    for (let i = 0; i < LIMIT; i += 1) {
      await connectFromElsewhere(i % 2 === 0 ? requestPort : publishPort);
    }
    // Each is told for itself that it was refused.
    await until("those to be refused that do not fit", () => {
      return sockets.filter((socket) => !socket.closed).length < LIMIT - 100;
    });
    await master.daemon.line(/could not be taken: .*Raise the limit of open files/);
  });
  await step("serves who is connected, files and jobs alike", async () => {
    const target = join(lab.root, "copy");
    await master.ask("web-1", "cp.get_file", "salt://large", target);
    assert.ok(content.equals(await readFile(target)));
    const jobs = Array.from({ length: 10 }, (_, i) => master.ask("web-1", "test.echo", `n${i}`));
    assert.deepEqual(await Promise.all(jobs), jobs.map((_, i) => ({ "web-1": `n${i}` })));
  });
  await step("lets a program and a minion of its own host in", async () => {
    const second = await (await lab.minion("saltx", "web-2", master)).start();
    await second.ready();
    assert.deepEqual(await master.ask("*", "test.ping"), { "web-1": true, "web-2": true });
  });
  await step("takes others again once there is room", async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await until("a greeting", async () => {
      const socket = await connectFromElsewhere(requestPort);
      return await Promise.race([
        once(socket, "data").then(() => true),
        once(socket, "close").then(() => false),
      ]);
    });
  });
  for (const socket of sockets) socket.destroy();
});
