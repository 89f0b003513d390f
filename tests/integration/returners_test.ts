/** Returners of `saltx call` that need no server. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Lab, writeConfig } from "../support/lab.ts";
import { runCommand } from "../support/commands.ts";
import { commandOf } from "../support/software.ts";
import { test } from "node:test";

test("salt-call hands its result to the returners that are named", async () => {
  await using lab = await Lab.open();
  const config = join(lab.root, "etc");
  await mkdir(config);
  const filename = join(lab.root, "events");
  await writeConfig(join(config, "minion"), {
    id: "m1",
    root_dir: lab.root,
    file_client: "local",
    return: "rawfile_json",
    "rawfile_json.filename": filename,
    // What goes to syslog is on standard error as well.
    syslog: { options: ["LOG_PERROR"], tag: "saltx-test", facility: "LOG_LOCAL3" },
  });
  const call = (...words: string[]) =>
    runCommand([...commandOf("saltx", "call"), "-c", config, ...words]);
  const wanted = { id: "m1", fun: "test.echo", fun_args: ["100% é"], return: "100% é", retcode: 0 };
  const check = (line: string) => {
    const ret = JSON.parse(line);
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(ret[key], value, key);
    assert.match(ret.jid, /^\d{20}$/);
    assert.equal(ret.success, true);
  };

  await call("test.echo", "100% é");
  check(await readFile(filename, "utf8"));

  const syslog = await call("test.echo", "100% é", "--return=syslog");
  const line = /^saltx-test: (\{.*\})$/m.exec(syslog.stderr);
  check(line?.[1] ?? syslog.stderr);

  const local = await call("test.echo", "100% é", "--return=local", "--out=quiet");
  check(local.stdout);

  const none = await call("test.ping", "--return=nowhere");
  assert.match(none.stderr, /Returner nowhere could not be loaded.*There are .*redis/);
  assert.equal(none.code, 0);
});
