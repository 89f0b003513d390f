import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { Crypticle } from "../../../src/crypt/mod.ts";
import { packWire } from "../../../src/serializers/msgpack.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";
import { newNonce, TestMaster, TestPeer, vectorKey } from "../../support/master_in_memory.ts";

const later = () => Promise.resolve("later");

const encrypted = {
  whoami: {
    tok: true,
    run: (_: DataMap, caller: { id: unknown }) => ({ you: caller.id as string }),
  },
  open: { tok: false, run: () => "open" },
  large: { tok: false, aside: true, run: ({ large }: DataMap) => large ? later() : "now" },
  slow: { tok: false, run: () => later() },
  broken: {
    tok: false,
    run: () => {
      throw new Error("defect");
    },
  },
};

describe("Gate, plain refusals", () => {
  let master: TestMaster;
  before(() => void (master = new TestMaster({ encrypted, clear: { ping: (load) => load } })));
  after(() => master.remove());

  const clear = (load: Data, rest: DataMap = {}) =>
    packWire({ enc: "clear", load, version: 3, ...rest });
  const cases: [string, Uint8Array, Data][] = [
    ["nothing", new Uint8Array(), { msg: "bad load" }],
    ["bytes that are no msgpack", new Uint8Array([0xc1, 0xff]), { msg: "bad load" }],
    ["truncated msgpack", packWire({ enc: "clear" }).subarray(0, 5), { msg: "bad load" }],
    ["a huge length", new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]), { msg: "bad load" }],
    ["a list", packWire([1, 2]), "bad load"],
    ["a number", packWire(7), "bad load"],
    ["no load", packWire({ enc: "clear", version: 3 }), "bad load"],
    ["no enc", packWire({ load: {}, version: 3 }), "bad load"],
    ["an unknown enc", packWire({ enc: "rot13", load: {}, version: 3 }), "bad load"],
    ["a version that is text", packWire({ enc: "clear", load: {}, version: "3" }), "bad load"],
    ["a load that is text", clear("x"), "payload and load must be a dict"],
    ["an id that is a number", clear({ cmd: "ping", id: 5 }), "bad load: id 5 is not a string"],
    ["an id with NUL", clear({ id: "a\0b" }), "bad load: id contains a null byte"],
    ["an unknown clear command", clear({ cmd: "_prep_auth_info" }), {}],
    ["a name of Object's for a command", clear({ cmd: "constructor" }), {}],
    ["a command that is a list", clear({ cmd: ["ping"] }), {}],
    ["an encrypted load that is a map", packWire({ enc: "aes", load: {}, version: 3 }), "bad load"],
    [
      "no session",
      packWire({ enc: "aes", load: new Uint8Array(99), id: "w", version: 3 }),
      "bad load",
    ],
    [
      "an id with a slash",
      packWire({ enc: "aes", load: new Uint8Array(9), id: "../w", version: 3 }),
      "bad load",
    ],
  ];
  for (const [name, payload, reply] of cases) {
    test(`answers ${name} with ${JSON.stringify(reply)}`, async () => {
      assert.deepEqual(await master.send(payload), reply);
    });
  }

  test("serves a clear command that is in the table", async () => {
    assert.deepEqual(await master.send(clear({ cmd: "ping" })), { cmd: "ping" });
  });
});

describe("Gate, encrypted requests", () => {
  let master: TestMaster;
  let peer: TestPeer;
  before(async () => {
    master = new TestMaster({ encrypted });
    peer = new TestPeer(master, "web1");
    await peer.signIn();
  });
  after(() => master.remove());

  test("serves who has signed in, with the nonce in front of the answer", async () => {
    assert.deepEqual(await peer.ask({ cmd: "whoami" }), { you: "web1" });
  });

  test("says so when a command has to wait that needs no time of its own meanwhile", async () => {
    let waits = 0;
    const giveWay = { turn: undefined, aside: () => void waits++ };
    const ask = async (load: DataMap) => {
      const sender = { address: null, verifiedId: null };
      await master.gate.handle(peer.seal(load), sender, giveWay);
      return waits;
    };
    assert.equal(await ask({ cmd: "large", large: false }), 0);
    assert.equal(await ask({ cmd: "slow" }), 0);
    assert.equal(await ask({ cmd: "large", large: true }), 1);
  });

  test("gives an empty map for a command that does not exist, encrypted", async () => {
    assert.deepEqual(await peer.ask({ cmd: "__class__" }), {});
  });

  test("answers a handler that raises with an empty text, encrypted", async () => {
    assert.equal(await peer.ask({ cmd: "broken" }), "");
  });

  const refused: [string, DataMap, DataMap][] = [
    ["another minion's id in the load", { id: "web2" }, {}],
    ["another minion's id in the envelope", {}, { id: "web2" }],
    ["no token", { tok: null }, {}],
    ["a token that is text", { tok: "salt" }, {}],
    ["a token of another key", { tok: new Uint8Array(256).fill(1) }, {}],
    ["no nonce", { nonce: null }, {}],
    ["a nonce that is a number", { nonce: 7 }, {}],
  ];
  for (const [name, load, envelope] of refused) {
    test(`refuses ${name}`, async () => {
      assert.equal(await peer.ask({ cmd: "whoami", ...load }, envelope), "bad load");
    });
  }

  test("refuses the same request a second time", async () => {
    const request = peer.seal({ cmd: "whoami" });
    assert.ok(await master.send(request) instanceof Uint8Array);
    assert.equal(await master.send(request), "bad load");
  });

  test("refuses a changed byte", async () => {
    const sealed = new Crypticle(peer.session).dumps({ cmd: "whoami", id: "web1" });
    sealed[20]! ^= 1;
    const request = packWire({ enc: "aes", load: sealed, id: "web1", version: 3 });
    assert.equal(await master.send(request), "bad load");
  });

  test("refuses the session of a minion whose key was deleted", async () => {
    const gone = new TestPeer(master, "gone");
    await gone.signIn();
    assert.deepEqual(await gone.ask({ cmd: "whoami" }), { you: "gone" });
    master.keys.change("delete", [{ state: "accepted", id: "gone" }]);
    assert.equal(await gone.ask({ cmd: "whoami" }), "bad load");
  });

  test("refuses version 2 of a minion that has spoken version 3", async () => {
    assert.equal(await peer.ask({ cmd: "whoami" }, { version: 2 }), "bad load");
  });

  test("serves version 2, and asks it for a token where the command does", async () => {
    const old = new TestPeer(master, "old");
    await old.signIn(2);
    assert.deepEqual(await old.ask({ cmd: "whoami" }, { version: 2 }), { you: "old" });
    assert.deepEqual(await old.ask({ cmd: "whoami", tok: null }, { version: 2 }), {});
    assert.equal(await old.ask({ cmd: "open", tok: null }, { version: 2 }), "open");
  });

  test("refuses version 2 under a key that was rotated away", async () => {
    const old = new TestPeer(master, "old2");
    await old.signIn(2);
    master.fleetKey = Crypticle.generateKeyString();
    assert.equal(await old.ask({ cmd: "open" }, { version: 2 }), "bad load");
    await old.signIn(2);
    assert.equal(await old.ask({ cmd: "open" }, { version: 2 }), "open");
  });
});

test("Gate refuses versions below minimum_auth_version, clear requests too", async () => {
  const master = new TestMaster({ minimumVersion: 3, clear: { ping: (load) => load } });
  const request = packWire({ enc: "clear", load: { cmd: "ping" }, version: 2 });
  assert.equal(await master.send(request), "bad load");
  master.remove();
});

test("Gate refuses requests older than request_server_ttl by their own clock", async () => {
  const master = new TestMaster({ encrypted, requestTtl: 60 });
  const peer = new TestPeer(master, "web1");
  await peer.signIn();
  const now = Math.floor(Date.now() / 1000);
  assert.equal(await peer.ask({ cmd: "open", ts: now - 3600 }), "bad load");
  assert.equal(await peer.ask({ cmd: "open", ts: now }), "open");
  master.remove();
});

describe("SignInServer", () => {
  test("says wait to a new key and keeps it pending", async () => {
    const master = new TestMaster({ store: { auto_accept: false } });
    const body = await new TestPeer(master, "new").signIn();
    assert.equal(body["ret"], true);
    assert.deepEqual(master.keys.list().pending, ["new"]);
    assert.deepEqual(master.events.map((event) => event.data["act"]), ["pend"]);
    master.remove();
  });

  test("keeps the answer about a pending key back when asked to, within its bound", async () => {
    const master = new TestMaster({ store: { auto_accept: false } });
    const peer = new TestPeer(master, "new");
    assert.equal((await peer.signIn(3, { saltx_hold: 5 }))["saltx_hold"], undefined);
    master.holds = true;
    assert.equal((await peer.signIn())["saltx_hold"], true);
    assert.deepEqual(master.held, []);
    for (const saltx_hold of [5, 1e9, -1, "5", NaN]) await peer.signIn(3, { saltx_hold });
    assert.deepEqual(master.held, [["new", 5000], ["new", 60_000]]);
    master.keys.change("accept", [{ state: "pending", id: "new" }]);
    assert.equal((await peer.signIn(3, { saltx_hold: 5 }))["saltx_hold"], undefined);
    assert.equal(master.held.length, 2);
    master.remove();
  });

  test("refuses a second key for a known id, and never uses it", async () => {
    const master = new TestMaster();
    const peer = new TestPeer(master, "web1");
    await peer.signIn();
    const thief = new TestPeer(master, "web1", "test-minion-other");
    assert.equal((await thief.signIn())["ret"], false);
    assert.deepEqual(master.keys.list().denied, ["web1"]);
    assert.equal(
      master.keys.acceptedKey("web1")?.trim(),
      vectorKey("test-minion").public_pem.trim(),
    );
    master.remove();
  });

  test("signs every answer of version 2 and newer, refusals too, and echoes the nonce", async () => {
    const { pkcs1Verify } = await import("../../../src/crypt/mod.ts");
    const master = new TestMaster({ store: { auto_accept: false } });
    const nonce = newNonce();
    const load = { cmd: "_auth", id: "web1", pub: vectorKey("test-minion").public_pem, nonce };
    const answer = await master.send(packWire({ enc: "clear", load, version: 2 })) as DataMap;
    const signed = answer["load"] as Uint8Array;
    const key = vectorKey("test-master").public_pem;
    assert.ok(pkcs1Verify(key, signed, answer["sig"] as Uint8Array, "PKCS1v15-SHA1"));
    assert.ok(new TextDecoder().decode(signed).includes(nonce));
    master.remove();
  });

  const bad: [string, DataMap, Data][] = [
    ["an unsupported encryption", { enc_algo: "ROT13" }, "bad enc algo"],
    ["no key", { pub: null }, false],
    ["a key that is none", { pub: "nonsense" }, false],
    ["an id with a slash", { id: "../x" }, false],
    ["an id of 300 characters", { id: "x".repeat(300) }, false],
    ["an empty id", { id: "" }, false],
    ["the id ..", { id: ".." }, false],
  ];
  for (const [name, changes, ret] of bad) {
    test(`answers ${name} with ${JSON.stringify(ret)} and keeps no key`, async () => {
      const master = new TestMaster();
      const body = await new TestPeer(master, "web1").signIn(3, changes);
      assert.equal(body["ret"], ret);
      for (const folder of readdirSync(master.dir, { withFileTypes: true })) {
        if (folder.isDirectory()) assert.deepEqual(readdirSync(`${master.dir}/${folder.name}`), []);
      }
      master.remove();
    });
  }

  test("answers a token for this master's key, and leaves out the answer to another one", async () => {
    const { oaepEncrypt } = await import("../../../src/crypt/mod.ts");
    const master = new TestMaster();
    const peer = new TestPeer(master, "web1");
    for (const [name, answered] of [["test-master", true], ["test-master-sign", false]] as const) {
      const token = oaepEncrypt(vectorKey(name).public_pem, "token", "OAEP-SHA1");
      const body = await peer.signIn(3, { token });
      assert.equal("token" in body, answered);
      assert.ok(body["aes"]);
    }
    master.remove();
  });

  test("answers an unsupported signature unsigned", async () => {
    const master = new TestMaster();
    const load = { cmd: "_auth", id: "w", pub: "p", nonce: newNonce(), sig_algo: "none" };
    const answer = await master.send(packWire({ enc: "clear", load, version: 3 }));
    assert.deepEqual(answer, { enc: "clear", load: { ret: "bad sig algo" } });
    master.remove();
  });
});
