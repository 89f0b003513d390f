/** Runners and wheel functions that programs ask the master for, and presence events. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { userInfo } from "node:os";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { ask } from "../support/raw_request.ts";
import { overTransports } from "../support/scenario.ts";

overTransports("functions of the master", async (lab, step) => {
  const config = {
    presence_events: true,
    sharedsecret: "word",
    external_auth: {
      sharedsecret: { ann: ["test.ping", { "@wheel": ["key.list"] }, { "@jobs": ["list_jobs"] }] },
    },
  };
  const master = await (await lab.master("saltx", config)).start();
  const events = await lab.events(master);
  const user = userInfo().username;
  const key = await readFile(join(master.cacheDir, `.${user}_key`), "utf8");
  const send = (load: DataMap) => ask(master.endpoint, { enc: "clear", load, version: 3 });
  /** The data of the next event with that tag, and with that text in it. */
  const eventOf = async (tag: string, text = ""): Promise<DataMap> => {
    const [, data] = await events.line(new RegExp(`^${tag}\\t(.*${text}.*)$`, "m"));
    return JSON.parse(data!);
  };
  const errorOf = (reply: Data) => ((reply as DataMap)["error"] as DataMap)?.["name"];

  await step("runner answers with tag and jid at once; the result comes as an event", async () => {
    const reply = await send({
      cmd: "runner",
      fun: "test.arg",
      kwarg: { a: 1 },
      key,
      user,
    }) as DataMap;
    assert.equal(reply["tag"], `salt/run/${reply["jid"]}`);
    const event = await eventOf(`${reply["tag"]}/ret`);
    assert.equal(event["fun"], "runner.test.arg");
    assert.equal(event["success"], true);
    assert.match(JSON.stringify(event["return"]), /"a":1/);
  });
  await step("a long runner holds up nobody", async () => {
    for (let i = 0; i < 4; i++) {
      await send({ cmd: "runner", fun: "test.sleep", kwarg: { s_time: 5 }, key, user });
    }
    assert.deepEqual(await send({ cmd: "ping" }), { cmd: "ping" });
  });
  await step("wheel answers with the result", async () => {
    const reply = await send({ cmd: "wheel", fun: "key.list", match: "acc", key, user }) as DataMap;
    const data = reply["data"] as DataMap;
    assert.deepEqual([data["fun"], data["return"], data["success"]], [
      "wheel.key.list",
      { minions: [] },
      true,
    ]);
    assert.equal(reply["tag"], `salt/wheel/${data["jid"]}`);
  });
  await step("private keys reach who asked, and not the event bus", async () => {
    const reply = await send({ cmd: "wheel", fun: "key.gen", key, user }) as DataMap;
    assert.match(JSON.stringify(reply), /BEGIN RSA PRIVATE KEY/);
    const event = await eventOf(`${reply["tag"]}/ret`);
    assert.equal("return" in event, false);
  });
  await step("nothing runs without a key, or beyond what rules allow", async () => {
    for (const cmd of ["runner", "wheel"]) {
      const fun = cmd === "runner" ? "test.arg" : "key.list_all";
      for (const wrong of ["", "x", 5, null, [], key.slice(1)] as Data[]) {
        assert.equal(errorOf(await send({ cmd, fun, key: wrong, user })), "AuthenticationError");
      }
    }
    const other = { eauth: "sharedsecret", username: "ann", password: "word" };
    for (const fun of ["key.delete", "config.values", "key.list.x", "key"]) {
      const reply = await send({ cmd: "wheel", fun, match: "*", ...other });
      assert.equal(errorOf(reply), "AuthorizationError", fun);
    }
    assert.equal(
      errorOf(await send({ cmd: "runner", fun: "test.arg", ...other })),
      "AuthorizationError",
    );
    const allowed = await send({
      cmd: "wheel",
      fun: "key.list",
      match: "acc",
      ...other,
    }) as DataMap;
    assert.equal((allowed["data"] as DataMap)["success"], true);
  });
  await step("wrong loads are refused and leave the master well", async () => {
    const bad: DataMap[] = [
      { fun: 5 },
      {},
      { fun: "no.such" },
      { fun: "constructor.constructor" },
      { fun: "x".repeat(100_000) },
      { fun: "test.arg", arg: "text" },
      { fun: "test.arg", kwarg: [1] },
      { fun: "test.arg", jid: "../../x" },
    ];
    for (const load of bad) {
      const reply = await send({ cmd: "runner", key, user, ...load });
      assert.equal(errorOf(reply), "SaltInvocationError", JSON.stringify(load).slice(0, 60));
    }
    for (const load of bad.slice(0, 5)) {
      assert.equal(
        errorOf(await send({ cmd: "wheel", key, user, ...load })),
        "SaltInvocationError",
      );
    }
  });
  await step("who comes and goes is told", async () => {
    const minion = await (await lab.minion("saltx", "m1", master)).start();
    await master.accept("m1");
    await minion.ready();
    const came = await eventOf("salt/presence/change", '"new":\\["m1"\\]');
    assert.deepEqual(came["lost"], []);
    await eventOf("salt/presence/present", '"present":\\["m1"\\]');
    await minion.stop();
    await eventOf("salt/presence/change", '"lost":\\["m1"\\]');
  });
});
