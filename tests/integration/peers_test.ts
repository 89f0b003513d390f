/** What minions ask of the master for each other: the mine, publications, runners, files. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { overTransports } from "../support/scenario.ts";

/** What no honest minion sends, for any field. */
const TRASH: Data[] = [
  null,
  5,
  true,
  "",
  "\0",
  "../x",
  [],
  [[]],
  {},
  { a: [null] },
  "x".repeat(70_000),
];

overTransports("the mine", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const web = await RawPeer.accepted(master, "web-1");
  const db = await RawPeer.accepted(master, "db-1", { key: 1 });
  const own = (peer: RawPeer, load: DataMap) =>
    peer.request({ id: peer.id, tok: peer.token, ...load });

  await step("gives what others have put in, by function", async () => {
    assert.equal(
      await own(web, { cmd: "_mine", data: { "test.ping": true, net: { a: 1 } } }),
      true,
    );
    assert.equal(await own(db, { cmd: "_mine", data: { net: { a: 2 } } }), true);
    const get = (fun: Data, tgt: Data = "*") =>
      own(db, { cmd: "_mine_get", tgt, fun, tgt_type: "glob" });
    assert.deepEqual(await get("net"), { "web-1": { a: 1 }, "db-1": { a: 2 } });
    assert.deepEqual(await get("test.ping", "web-1"), { "web-1": true });
    assert.deepEqual(await get(["test.ping", "net"], "web-1"), {
      "test.ping": { "web-1": true },
      net: { "web-1": { a: 1 } },
    });
    assert.deepEqual(await get("none"), {});
    const { stdout } = await master.run("cache.mine", "--out=json");
    assert.deepEqual(JSON.parse(stdout)["db-1"], { net: { a: 2 } });
  });
  await step("keeps restricted values from those who are not meant", async () => {
    const secret = {
      __data__: "s",
      __saltmine_acl__: 1,
      allow_tgt: "db-*",
      allow_tgt_type: "glob",
    };
    const broken = { ...secret, allow_tgt: "(", allow_tgt_type: "pcre" };
    await own(web, { cmd: "_mine", data: { secret, broken } });
    const ask = (peer: RawPeer, fun: string) => own(peer, { cmd: "_mine_get", tgt: "*", fun });
    assert.deepEqual(await ask(db, "secret"), { "web-1": "s" });
    assert.deepEqual(await ask(web, "secret"), {});
    assert.deepEqual(await ask(db, "broken"), {});
  });
  await step("takes values out again, of the asking minion only", async () => {
    assert.equal(await own(web, { cmd: "_mine_delete", fun: "net" }), true);
    assert.deepEqual(await own(web, { cmd: "_mine_get", tgt: "*", fun: "net" }), {
      "db-1": { a: 2 },
    });
    assert.equal(await own(web, { cmd: "_mine_flush" }), true);
    assert.equal(await own(web, { cmd: "_mine_flush" }), false);
  });
  await step("stands loads that make no sense", async () => {
    for (const bad of TRASH) {
      await own(web, { cmd: "_mine", data: bad, clear: bad });
      await own(web, { cmd: "_mine_get", tgt: bad, fun: "net" });
      await own(web, { cmd: "_mine_get", tgt: "*", fun: bad });
      await own(web, { cmd: "_mine_get", tgt: "*", tgt_type: bad, fun: "net" });
      await own(web, { cmd: "_mine_delete", fun: bad });
    }
    assert.deepEqual(await own(web, { cmd: "_mine_get", tgt: "*", fun: "net" }), {
      "db-1": { a: 2 },
    });
  });
});

overTransports("jobs, runners and files of minions", async (lab, step) => {
  const master = await (await lab.master("saltx", {
    file_recv: true,
    peer: { "web-.*": ["test.ping", "publish.*"], "(": [".*"] },
    peer_run: { "web-.*": ["test.arg", "("] },
    worker_threads: 3,
  })).start();
  const minion = await (await lab.minion("saltx", "m1", master)).start();
  await master.accept("m1");
  await minion.ready();
  await master.awaitPing("m1");
  const web = await RawPeer.accepted(master, "web-1");
  const db = await RawPeer.accepted(master, "db-1", { key: 1 });
  const own = (peer: RawPeer, load: DataMap) =>
    peer.request({ id: peer.id, tok: peer.token, ...load });
  const pub = {
    cmd: "minion_pub",
    fun: "test.ping",
    arg: [],
    tgt: "m1",
    tgt_type: "glob",
    ret: "",
  };

  await step("a publication that peer allows runs, and its returns are for who asked", async () => {
    const published = await own(web, pub) as DataMap;
    assert.deepEqual(published["minions"], ["m1"]);
    const jid = published["jid"]!;
    let answers: DataMap = {};
    while (!("m1" in answers)) answers = await own(web, { cmd: "pub_ret", jid }) as DataMap;
    assert.equal((answers["m1"] as DataMap)["ret"], true);
    assert.deepEqual(await own(db, { cmd: "pub_ret", jid }), {});
    const operators = await master.publish("m1", "test.ping");
    assert.deepEqual(await own(web, { cmd: "pub_ret", jid: operators }), {});
  });
  await step("nothing else is published", async () => {
    assert.deepEqual(await own(db, pub), {});
    for (
      const bad of [
        { fun: "cmd.run", arg: ["id"] },
        { fun: "publish.publish" },
        { fun: "test.ping,cmd.run", arg: ["", "id"] },
        { fun: "test.ping,publish.publish", arg: ["", ""] },
        { fun: ["test.ping", "cmd.run"], arg: [[], ["id"]] },
        { tgt: "none" },
        { tgt_type: "unknown" },
        { tgt: "(", tgt_type: "pcre" },
        { jid: "x", tgt: "none" },
      ] as DataMap[]
    ) {
      assert.deepEqual(await own(web, { ...pub, ...bad }), {}, JSON.stringify(bad));
    }
    for (const bad of TRASH) {
      for (const field of ["fun", "arg", "tgt", "tgt_type", "ret"]) {
        const reply = await own(web, { ...pub, tgt: "none", [field]: bad });
        assert.deepEqual(reply, {}, field);
      }
      await own(web, { cmd: "pub_ret", jid: bad });
    }
  });
  await step("runners run where peer_run allows it", async () => {
    const run = { cmd: "minion_runner", fun: "test.arg", arg: [1, "a=2"] };
    assert.match(JSON.stringify(await own(web, run)), /"a":2/);
    assert.deepEqual(await own(db, run), {});
    assert.deepEqual(await own(web, { ...run, fun: "salt.cmd", arg: ["cmd.run", "id"] }), {});
    for (const bad of TRASH) {
      assert.deepEqual(await own(web, { ...run, fun: bad }), {});
      if (!Array.isArray(bad)) assert.deepEqual(await own(web, { ...run, arg: bad }), {});
    }
  });
  await step("files are kept below the minion's own folder", async () => {
    const push = { cmd: "_file_recv", path: ["etc", "a"], loc: 0, size: 1, data: "x" };
    assert.equal(await own(web, push), true);
    const path = join(master.cacheDir, "minions", "web-1", "files", "etc", "a");
    assert.equal(await readFile(path, "utf8"), "x");
    assert.equal(await own(web, { ...push, path: ["..", "..", "db-1", "a"] }), false);
    for (const bad of TRASH) assert.equal(await own(web, { ...push, path: bad }), false);
  });
});
