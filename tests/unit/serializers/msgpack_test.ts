import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { SaltDeserializationError } from "../../../src/errors.ts";
import {
  packLocal,
  packWire,
  packWireParts,
  SaltDateTime,
  unpack,
  unpackEntries,
  wireBytesHead,
} from "../../../src/serializers/msgpack.ts";
import type { UnpackOptions } from "../../../src/serializers/msgpack.ts";
import { type Data, type DataMap, Float, isMap } from "../../../src/types/mod.ts";
import { b64, hex, loadVectors } from "../../support/vectors.ts";

const vectors = loadVectors("msgpack.json");

/** These hold what JavaScript has no word for, or a file of JSON cannot say. */
const READ_ONLY = new Set(["int_keys", "not_set", "bytes_keys"]);

for (const c of vectors.cases) {
  test(`unpack() reads as Salt does: ${c.name}`, () => {
    const wire = b64(c.wire_b64);
    const inFloats = c.name === "floats";
    assert.deepEqual(unpack(wire), revive(c.loads_wire, inFloats));
    assert.deepEqual(unpack(wire, { raw: true }), revive(c.loads_wire_raw, inFloats));
    const local = unpack(b64(c.bin_b64), { keepBinary: true });
    assert.deepEqual(local, revive(c.loads_bin_utf8, inFloats));
  });
  if (READ_ONLY.has(c.name)) continue;
  test(`packWire() and packLocal() make Salt's bytes: ${c.name}`, () => {
    const value = revive(c.object, c.name === "floats") as Data;
    assert.deepEqual(packWire(value), b64(c.wire_b64));
    assert.deepEqual(packLocal(value), b64(c.bin_b64));
    assert.deepEqual(packWire(unpack(b64(c.wire_b64))), b64(c.wire_b64));
  });
}

test("the vector of integer keys reads with text keys, and is written so", () => {
  const value = { "1": "a", "2": "b" };
  assert.deepEqual(packWire(value), hex("82a131a161a132a162"));
});

/** The notation of the vector files as values; map keys are text in saltx, also where Salt has bytes. */
function revive(value: unknown, floats: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => revive(item, floats));
  if (typeof value === "number") {
    return floats && Number.isInteger(value) ? new Float(value) : value;
  }
  if (!isMap(value as Data)) return value;
  const map = value as DataMap;
  if (typeof map["$b64"] === "string") return b64(map["$b64"]);
  if (typeof map["$int"] === "string") return BigInt(map["$int"]);
  if (Array.isArray(map["$set"])) return revive(map["$set"], floats);
  if (typeof map["$repr"] === "string") return null;
  if (typeof map["$datetime"] === "string") return dateTime(map["$datetime"]);
  const entries = Object.entries(map).map(([key, item]) => {
    const plain = key.startsWith("$b64:") ? Buffer.from(key.slice(5), "base64").toString() : key;
    return [plain, revive(item, floats)];
  });
  return Object.fromEntries(entries);
}

function dateTime(text: string): SaltDateTime {
  const [seconds, micros = ""] = text.split(".");
  const whole = seconds?.includes("T") ? seconds : `${seconds}T00:00:00`;
  const digits = micros.padEnd(6, "0");
  return new SaltDateTime(Date.parse(`${whole}.${digits.slice(0, 3)}Z`), Number(digits.slice(3)));
}

test("packWire() chooses the smallest form of integers, text, lists and maps", () => {
  const cases: [Data, string][] = [
    [2 ** 53 - 1, "cf001fffffffffffff"],
    [-(2 ** 53) + 1, "d3ffe0000000000001"],
    [5n, "05"],
    [-129n, "d1ff7f"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [-(2n ** 63n), "d38000000000000000"],
    [0.5, "cb3fe0000000000000"],
    [2 ** 53, "cb4340000000000000"],
    [new Float(3), "cb4008000000000000"],
    [NaN, "cb7ff8000000000000"],
    [Array(16).fill(0), "dc0010" + "00".repeat(16)],
    ["é".repeat(16), "da0020" + "c3a9".repeat(16)],
    ["é", "a2c3a9"],
    [{}, "80"],
  ];
  for (const [value, bytes] of cases) assert.deepEqual(packWire(value), hex(bytes));
  assert.equal(unpack(packWire(2n ** 64n)), "18446744073709551616");
});

test("packWire() and unpack() carry long lists, maps, texts and bytes", () => {
  const map = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]));
  const values: Data[] = [
    "x".repeat(70_000),
    new Uint8Array(70_000).fill(255),
    Array.from({ length: 70_000 }, (_, i) => i - 35_000),
    map,
    { text: "a".repeat(40), bytes: new Uint8Array([255]) },
  ];
  for (const value of values) {
    assert.deepEqual(unpack(packWire(value)), value);
    assert.deepEqual(unpack(packLocal(value), { keepBinary: true }), value);
  }
});

test("unpack() keeps floats apart from integers, both ways", () => {
  const value = unpack(packWire([new Float(1), 1, 1.5, new Float(-0), 1e300])) as Data[];
  assert.deepEqual(value[0], new Float(1));
  assert.equal(value[1], 1);
  assert.equal(value[2], 1.5);
  assert.deepEqual(value[4], new Float(1e300));
  assert.deepEqual(packWire(value), packWire([new Float(1), 1, 1.5, new Float(-0), 1e300]));
  assert.deepEqual(unpack(hex("ca3f800000")), new Float(1));
});

test("unpack() gives bytes for text that is not UTF-8, and keeps a byte order mark", () => {
  assert.deepEqual(unpack(hex("a3eda080")), hex("eda080"));
  assert.equal(unpack(hex("a4efbbbf61")), "\ufeffa");
  assert.equal(unpack(hex("c403616263")), "abc");
  assert.deepEqual(unpack(hex("c403616263"), { keepBinary: true }), hex("616263"));
});

test("unpack() gives memory of its own", () => {
  const bytes = Buffer.from("92a2fffec402fffe", "hex");
  const [a, b] = unpack(bytes) as [Uint8Array, Uint8Array];
  bytes.fill(0);
  assert.deepEqual([a, b], [hex("fffe"), hex("fffe")]);
  assert.equal(Object.getPrototypeOf(a), Uint8Array.prototype);
});

test("unpack() makes entries, not prototypes, of the key __proto__", () => {
  const value = unpack(packWire(JSON.parse('{"__proto__":{"admin":true},"a":1}'))) as DataMap;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(value["admin"], undefined);
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.deepEqual(unpack(packWire(value)), value);
});

test("unpack() shows keys that are not text as Python does", () => {
  const bytes = hex(
    "87" + "c001" + "c301" + "c201" + "0101" + "ff01" + "cb3ff800000000000001" +
      "cb3ff000000000000001",
  );
  assert.deepEqual(Object.keys(unpack(bytes) as DataMap), [
    "1",
    "None",
    "True",
    "False",
    "-1",
    "1.5",
    "1.0",
  ]);
});

test("unpack() refuses what is not one well-formed value", () => {
  const refused: [string, string][] = [
    ["", "nothing"],
    ["c1", "a type byte that does not exist"],
    ["0000", "a second value"],
    ["a5616263", "text cut short"],
    ["91", "a list cut short"],
    ["8161", "a map cut short"],
    ["dd7fffffff", "a list longer than the message"],
    ["dfffffffff00", "a map longer than the message"],
    ["dbffffffff61", "text longer than the message"],
    ["c6ffffffff61", "bytes longer than the message"],
    ["c9ffffffff4e61", "an extension longer than the message"],
    ["cb00", "a float cut short"],
    ["c7014e61", "a datetime that is none"],
    ["c7024fc000", "a constant that is none"],
    ["819000", "a list as key"],
    ["818000", "a map as key"],
  ];
  for (const [bytes, what] of refused) {
    assert.throws(() => unpack(hex(bytes)), SaltDeserializationError, what);
  }
});

test("unpack() bounds depth and number of values", () => {
  const nested = (depth: number) => new Uint8Array(depth + 1).fill(0x91, 0, depth);
  assert.ok(Array.isArray(unpack(nested(512))));
  assert.throws(() => unpack(nested(513)), SaltDeserializationError);
  assert.throws(() => unpack(nested(1_000_000)), SaltDeserializationError);
  const options: UnpackOptions = { maxValues: 10 };
  assert.throws(() => unpack(packWire(Array(10).fill(0)), options), SaltDeserializationError);
  assert.deepEqual(unpack(packWire(Array(9).fill(0)), options), Array(9).fill(0));
});

test("packWire() leaves out entries that are undefined", () => {
  const load = { a: 1, b: undefined } as unknown as DataMap;
  assert.deepEqual(unpack(packWire(load)), { a: 1 });
});

test("packWire() refuses what the wire cannot say", () => {
  const loop: Data[] = [];
  loop.push(loop);
  const refused = [loop, () => 1, Symbol("s"), new Map(), new Error("no"), new Date(NaN)];
  for (const value of refused) assert.throws(() => packWire(value as Data));
  assert.deepEqual(packWire([1]), hex("9101"));
});

test("packWireParts() packs as packWire(), and does not copy large bytes", () => {
  const large = new Uint8Array(40_000).fill(255);
  const value = { a: [1, large, "x"], b: large, c: new Uint8Array(10) };
  const parts = packWireParts(value);
  assert.deepEqual(new Uint8Array(Buffer.concat(parts)), packWire(value));
  assert.equal(parts.filter((part) => part === large).length, 2);
  for (const length of [0, 31, 32, 65_535, 65_536]) {
    const bytes = new Uint8Array(length).fill(255);
    const packed = new Uint8Array([...wireBytesHead(length), ...bytes]);
    assert.deepEqual(packed, packWire(bytes));
  }
});

test("unpack() shares memory where that is asked for", () => {
  const packed = packWire({ a: new Uint8Array(5000).fill(255) });
  const { a } = unpack(packed, { share: true }) as { a: Uint8Array };
  assert.equal(a.buffer, packed.buffer);
});

test("unpack() tells text from bytes wherever a character or a wrong byte lies", () => {
  for (const at of [0, 1019, 1020, 1021, 1022, 1023, 1024, 4999]) {
    const text = `${"x".repeat(at)}€${"y".repeat(5000)}`;
    assert.equal(unpack(packWire(text)), text);
    const bytes = new Uint8Array(6000).fill(65);
    bytes[at] = 255;
    assert.deepEqual(unpack(packWire(bytes)), bytes);
  }
});

test("unpackEntries() gives entries as unpack() does, whatever lies between them", () => {
  const wanted = new Set(["here", "there", "nowhere"]);
  for (const c of vectors.cases) {
    const value = Buffer.from(b64(c.wire_b64)).toString("hex");
    // A map of three entries: the one in the midst is passed over.
    const bytes = hex(`83a468657265${value}a17a${value}a57468657265${value}`);
    const { z: _, ...expected } = unpack(bytes) as DataMap;
    assert.deepEqual(unpackEntries(bytes, wanted, 1 << 30), expected, c.name);
    assert.equal(unpackEntries(bytes, wanted, 0), null, "too large");
  }
  const every = [
    "c0 c2 c3 c40100 c5000100 c60000000100 7f c7010500 c800010500 c9000000010500",
    "ca00000000 cb0000000000000000 cc00 cd0000 ce00000000 cf0000000000000000 d000",
    "d10000 d200000000 d30000000000000000 d40000 d5000000 d60000000000",
    "d7000000000000000000 d80000000000000000000000000000000000 d90161 da000161",
    "db0000000161 dc000101 dd0000000101 de000101c0 df0000000101c0 80 90 81c0c0 91c0",
    "a161 e0",
  ].join(" ").split(" ");
  const bytes = hex(`82a17adc00${every.length.toString(16)}${every.join("")}a468657265c3`);
  assert.equal((unpack(bytes) as DataMap)["here"], true);
  assert.deepEqual(unpackEntries(bytes, wanted, 1), { here: true });
});

test("unpackEntries() is null for what is no map, and refuses what is cut short", () => {
  assert.equal(unpackEntries(hex("93010203"), new Set(), 9), null);
  for (const text of ["82a17a", "81a17ac4", "81a17ad90561", "81a17adc0002", "81a17ac1", ""]) {
    assert.throws(() => unpackEntries(hex(text), new Set(), 9), SaltDeserializationError, text);
  }
});
