/** What a master does with requests that no honest peer sends: it answers, logs a line, and goes on. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { makeNonce } from "../../scripts/bench/swarm/wire.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { rawRequest } from "../support/raw_request.ts";
import type { Master } from "../support/master.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { scenario } from "../support/scenario.ts";
import { listTree } from "../support/tree.ts";
import { until } from "../support/until.ts";

const PLAIN_TRASH = { msg: "bad load" };

/** Sends bytes and expects this plain answer, and one line about it in the master's log. */
async function refuses(master: Master, payload: Uint8Array, expected: Data): Promise<void> {
  const before = complaints(master).length;
  assert.deepEqual(unpack(await rawRequest(master.endpoint, payload)), expected);
  await until("a line in the log", () => complaints(master).length > before);
  assert.equal(complaints(master).length, before + 1, complaints(master).slice(before).join("\n"));
}

/** Lines of the master's log that tell of something wrong. */
function complaints(master: Master): string[] {
  return master.daemon.log.split("\n").filter((line) =>
    /\[(WARNING|ERROR|CRITICAL)\s*\]/.test(line)
  );
}

/** Resident memory of the master in MiB. */
async function memory(master: Master): Promise<number> {
  const status = await readFile(`/proc/${master.daemon.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function clear(load: Data, version: Data = 3): Uint8Array {
  return packWire({ enc: "clear", load, version });
}

scenario("requests that are no messages", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const trash: [string, Uint8Array][] = [
    ["no bytes at all", new Uint8Array()],
    ["text", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a byte that msgpack never uses", Buffer.of(0xc1)],
    ["a message cut short", clear({ cmd: "ping" }).subarray(0, 9)],
    ["data after the message", Buffer.concat([clear({ cmd: "ping" }), Buffer.of(1)])],
    ["text of 4 GiB that is not there", Buffer.from("dbffffffff61", "hex")],
    ["a list of 4 thousand million items that are not there", Buffer.from("ddffffffff01", "hex")],
    ["a map of 4 thousand million items that are not there", Buffer.from("dfffffffffa161", "hex")],
    ["lists within lists, 100000 deep", Buffer.alloc(100_000, 0x91)],
  ];
  for (const [name, payload] of trash) {
    await step(`${name}: bad load`, () => refuses(master, payload, PLAIN_TRASH));
  }
  const shapes: [string, Data][] = [
    ["a number", 5],
    ["text", "load"],
    ["a list", [1, 2]],
    ["null", null],
    ["a map without enc and load", { version: 3 }],
    ["an encrypted load that is a map", { enc: "aes", load: { cmd: "_return" }, version: 3 }],
    ["a version that is text", { enc: "clear", load: { cmd: "ping" }, version: "3" }],
    ["a version below minimum_auth_version", { enc: "clear", load: { cmd: "ping" }, version: 1 }],
  ];
  for (const [name, value] of shapes) {
    await step(`${name}: bad load`, () => refuses(master, packWire(value), "bad load"));
  }
  const notMap = "payload and load must be a dict";
  await step("a clear load that is text", () => refuses(master, clear("ping"), notMap));
  const nullByte = "bad load: id contains a null byte";
  await step("an id with a null byte", () => {
    return refuses(master, clear({ cmd: "ping", id: "a\0b" }), nullByte);
  });
  await step("an id that is a number", () => {
    return refuses(master, clear({ cmd: "ping", id: 5 }), "bad load: id 5 is not a string");
  });
  await step("a clear command that does not exist: an empty map", async () => {
    for (
      const cmd of ["_return", "__init__", "constructor", "toString", "minion_runner", 7, null]
    ) {
      await refuses(master, clear({ cmd }), {});
    }
  });
  for (const cmd of ["publish", "runner", "wheel"]) {
    await step(`${cmd} with a wrong key says so and does nothing`, async () => {
      const job = { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob" };
      for (const key of ["", "wrong", null, { a: 1 }]) {
        const load = { cmd, ...job, ...(cmd === "wheel" ? {} : { user: "root" }), key };
        const reply = unpack(await rawRequest(master.endpoint, clear(load))) as DataMap;
        assert.equal((reply["error"] as DataMap)["name"], "AuthenticationError");
      }
    });
  }
  await step("a flood of trash leaves memory as it was and the master at work", async () => {
    const before = await memory(master);
    const big = Buffer.alloc(1 << 20, 0x91);
    for (let round = 0; round < 20; round += 1) {
      const asked = Array.from({ length: 10 }, () => rawRequest(master.endpoint, big));
      for (const reply of await Promise.all(asked)) assert.deepEqual(unpack(reply), PLAIN_TRASH);
    }
    assert.ok(await memory(master) < before + 150, `${before} → ${await memory(master)} MiB`);
    assert.equal(master.daemon.status, null);
    assert.doesNotMatch(master.daemon.log, /Worker \d+ ended/);
  });
});

scenario("sign-ins with ids that are no ids", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const before = await listTree(master.pkiDir);
  const ids = ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "x".repeat(300), "a\nb"];
  for (const id of ids) {
    await step(`${JSON.stringify(id.slice(0, 20))} is refused and leaves nothing`, async () => {
      const peer = await RawPeer.make(master, id);
      assert.deepEqual(await peer.signIn(), { ret: false });
      assert.deepEqual(await listTree(master.pkiDir), before);
    });
  }
  await step("a sign-in without a usable key, nonce or algorithm is refused", async () => {
    const peer = await RawPeer.make(master, "odd");
    assert.deepEqual(await peer.signIn({ pub: 5 }), { ret: false });
    assert.deepEqual(await peer.signIn({ pub: "x".repeat(1 << 20) }), { ret: false });
    assert.deepEqual(await peer.signIn({ sig_algo: "MD5" }), { ret: "bad sig algo" });
    assert.deepEqual(await peer.signIn({ enc_algo: "ROT13" }), { ret: "bad enc algo" });
    assert.deepEqual(await listTree(master.pkiDir), before);
  });
});

scenario("encrypted requests that are not what they claim", async (lab, step) => {
  const master = await (await lab.master("saltx", { request_server_ttl: 60 })).start();
  const peer = await RawPeer.accepted(master, "honest");
  const other = await RawPeer.accepted(master, "victim", { key: 1 });
  const event = { cmd: "_minion_event", tag: "acme/x", data: {} };

  await step("an honest one is served", async () => {
    assert.equal(await peer.request(event), null);
  });
  await step("one that comes a second time is refused", async () => {
    const payload = peer.seal(event);
    await peer.send(payload);
    await refuses(master, payload, "bad load");
  });
  await step("one that is an hour old is refused", async () => {
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    const payload = peer.seal(event);
    Date.now = now;
    await refuses(master, payload, "bad load");
    assert.match(complaints(master).at(-1) ?? "", /honest.*3[56]\d\d s.*request_server_ttl.*clock/);
  });
  await step("one bit changed: refused", async () => {
    const message = unpack(peer.seal(event)) as DataMap;
    const load = message["load"] as Uint8Array;
    load[load.length >> 1]! ^= 1;
    await refuses(master, packWire(message), "bad load");
  });
  await step("a load too short for a signature: refused", () => {
    return refuses(
      master,
      packWire({ enc: "aes", load: Buffer.of(255), version: 3, id: "honest" }),
      "bad load",
    );
  });
  await step("another minion's id inside: refused", () => {
    return refuses(master, forged(peer, { ...event, id: "victim" }), "bad load");
  });
  await step("another minion's id outside: refused", () => {
    const message = unpack(peer.seal(event)) as DataMap;
    return refuses(master, packWire({ ...message, id: "victim" }), "bad load");
  });
  await step("another minion's token: refused", () => {
    return refuses(
      master,
      forged(peer, { ...event, id: "honest", tok: Buffer.alloc(256, 7) }),
      "bad load",
    );
  });
  await step("no token: refused", () => {
    return refuses(master, forged(peer, { ...event, id: "honest" }, false), "bad load");
  });
  await step("a minion known to speak version 3 cannot be spoken for in version 2", async () => {
    assert.equal(await other.request(event), null);
    // Each worker learns it from the others' notes within seconds.
    await until("a version 2 request in its name to be refused", async () => {
      const load = { cmd: "_return", id: "victim", fun: "test.ping", jid: "20260101000000000000" };
      const sealed = other.session.fleet.dumps({ ...load, return: 1, nonce: makeNonce() });
      return await peer.sendPlain(packWire({ enc: "aes", load: sealed, version: 2 })) ===
        "bad load";
    });
  });
  await step("an encrypted command that does not exist: an empty map", async () => {
    for (const cmd of ["publish", "__class__", "constructor", "_auth", "runner", 9]) {
      assert.deepEqual(await peer.request({ cmd }), {});
    }
  });
  await step("commands with loads of wrong types are answered and break nothing", async () => {
    const loads: DataMap[] = [
      { cmd: "_return", jid: 5, return: null },
      { cmd: "_return", jid: "../../x", fun: "test.ping", return: 1 },
      { cmd: "_return", jid: "20260101000000000000" },
      { cmd: "_minion_event", events: "none" },
      { cmd: "_minion_event", tag: ["a"], data: 5 },
      { cmd: "_minion_event", tag: "x".repeat(1000), data: { deep: [[[[]]]] } },
      { cmd: "_mine", data: "text" },
      { cmd: "_file_recv", path: ["..", "x"], loc: -1, data: 5 },
      { cmd: "_serve_file", path: "../../../etc/passwd", saltenv: "base", loc: 0 },
    ];
    for (const load of loads) await peer.request(load);
    assert.equal(master.daemon.status, null);
  });
  await step("the master still serves honest ones, with no worker lost", async () => {
    assert.equal(await peer.request(event), null);
    assert.doesNotMatch(master.daemon.log, /Worker \d+ ended/);
  });
});

/** A request under the peer's own session key, with a load that says what it should not. */
function forged(peer: RawPeer, load: DataMap, withToken = true): Uint8Array {
  const full: DataMap = { ...load, nonce: makeNonce(), ts: Math.floor(Date.now() / 1000) };
  if (withToken && full["tok"] === undefined) full["tok"] = peer.token;
  const sealed = peer.session.own?.dumps(full) ?? new Uint8Array();
  return packWire({ enc: "aes", load: sealed, version: 3, id: peer.id });
}
