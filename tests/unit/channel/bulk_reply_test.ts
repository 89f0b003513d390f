import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Bulk,
  type BulkContent,
  isBulkReply,
  openBulkReply,
  sealBulkReply,
} from "../../../src/channel/bulk_reply.ts";
import { Crypticle } from "../../../src/crypt/mod.ts";
import { AuthenticationError, SaltClientError } from "../../../src/errors.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";

const nonce = "0123456789abcdef0123456789abcdef";
const crypticle = new Crypticle(Crypticle.generateKeyString());

function read(reply: Uint8Array, asked = nonce): Data {
  const outer = unpack(reply);
  assert.ok(isBulkReply(outer));
  const head = crypticle.loads(outer.head, { nonce: asked, raw: true });
  return openBulkReply(head, outer.bulk);
}

/** A content of equal bytes; `about` is what its end says. */
function contentOf(bytes: Uint8Array, about: DataMap = {}, ends: string[] = []): BulkContent {
  let at = 0;
  return {
    length: bytes.length,
    read: (into) => {
      into.set(bytes.subarray(at, at + into.length));
      at += into.length;
      return into.length;
    },
    end: () => {
      ends.push("end");
      return about;
    },
  };
}

const text = (value: Data | undefined) => new TextDecoder().decode(value as Uint8Array);

test("a reply with a large content reads as the value with the content in it", () => {
  for (const length of [0, 3, 40_000]) {
    const content = new Uint8Array(length).fill(65);
    const value = read(
      sealBulkReply(new Bulk({ dest: "a", n: 5 }, "data", contentOf(content)), crypticle, nonce),
    );
    const { dest, n, data, ...rest } = value as DataMap;
    assert.equal(text(dest), "a");
    assert.equal(n, 5);
    assert.deepEqual(new Uint8Array(data as Uint8Array), content);
    assert.deepEqual(rest, {});
  }
});

test("a reply with a large content is bound to its request, and to its own content", () => {
  const seal = (byte: number) =>
    sealBulkReply(
      new Bulk({}, "data", contentOf(new Uint8Array(500).fill(byte))),
      crypticle,
      nonce,
    );
  assert.throws(() => read(seal(1), nonce.replace("0", "1")), SaltClientError);
  const [one, two] = [unpack(seal(1)) as DataMap, unpack(seal(2)) as DataMap];
  const mixed = packWire({ head: one["head"]!, bulk: two["bulk"]! });
  assert.throws(() => read(mixed), AuthenticationError);
  const other = new Crypticle(Crypticle.generateKeyString());
  const foreign = sealBulkReply(new Bulk({}, "data", contentOf(new Uint8Array(9))), other, nonce);
  assert.throws(() => read(foreign), AuthenticationError);
});

test("a reply with a large content holds what the end of the content says, however long", () => {
  const content = new Uint8Array(300_000).map((_, i) => i * 31 + (i >> 8));
  for (const version of ["1", "v".repeat(20_000)]) {
    const bulk = new Bulk({}, "data", contentOf(content, { version }));
    const value = read(sealBulkReply(bulk, crypticle, nonce)) as DataMap;
    assert.equal(text(value["version"]), version);
    assert.deepEqual(value["data"], content);
  }
});

test("a content is ended also when it cannot be read", () => {
  const ends: string[] = [];
  const broken: BulkContent = {
    ...contentOf(new Uint8Array(9), {}, ends),
    read: () => {
      throw new Error("broken disk");
    },
  };
  const bulk = new Bulk({}, "data", broken);
  assert.throws(() => sealBulkReply(bulk, crypticle, nonce), /broken disk/);
  assert.deepEqual(ends, ["end"]);
});
