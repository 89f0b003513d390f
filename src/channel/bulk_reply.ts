/**
 * A reply with a large content, between two saltx: the map `{bulk, head}`. `head` is an ordinary sealed
 * reply, a map that holds a `key`; `bulk` is the content under that key (see `crypt/bulk.ts`). Nobody
 * gets one who has not asked for it.
 * @module
 */
import { Buffer } from "node:buffer";
import { BULK_TAG_BYTES, type Crypticle, openBulk, sealBulk } from "../crypt/mod.ts";
import { AuthenticationError } from "../errors.ts";
import { packWire } from "../serializers/msgpack.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";

/** A large content, read while it is sealed. */
export interface BulkContent {
  /** Bytes, at most. */
  readonly length: number;
  /** Fills bytes from their front with what follows, and says how many; fewer at the end. */
  read(into: Uint8Array): number;
  /** Called at the end in any case: entries of the value that are about what was read. */
  end(): DataMap;
}

/** What a command answers when it has a large content. */
export class Bulk {
  readonly value: DataMap;
  readonly name: string;
  readonly content: BulkContent;

  /** `content` becomes the entry `name` of `value` for who asked. */
  constructor(value: DataMap, name: string, content: BulkContent) {
    this.value = value;
    this.name = name;
    this.content = content;
  }
}

/** Bytes that a sealed head has more than its value, and what the content's end adds to that. */
const HEAD_ROOM = 1024;

/** The bytes of the reply: written where they stay, the content first, as the head tells of its end. */
export function sealBulkReply(bulk: Bulk, crypticle: Crypticle, nonce?: string): Uint8Array {
  const { content, value, name } = bulk;
  // A map of two entries.
  const front = Buffer.concat([Uint8Array.of(0x82), packWire("bulk")]);
  const most = content.length + BULK_TAG_BYTES;
  const boxAt = front.length + BYTES_HEAD;
  const room = packWire(value).length + HEAD_ROOM;
  const reply = new Uint8Array(Buffer.allocUnsafeSlow(boxAt + most + room).buffer);
  const { key, used, about } = sealContent(content, reply.subarray(boxAt, boxAt + most));
  const sealed = crypticle.dumps({ ...value, ...about, key, name }, nonce);
  const head = Buffer.concat([packWire("head"), packWire(sealed)]);
  reply.set(front);
  reply.set(longBytesHead(used), front.length);
  const end = boxAt + used;
  if (head.length > reply.length - end) return Buffer.concat([reply.subarray(0, end), head]);
  reply.set(head, end);
  return reply.subarray(0, end + head.length);
}

function sealContent(content: BulkContent, box: Uint8Array) {
  let about: DataMap = {};
  let sealed: ReturnType<typeof sealBulk>;
  try {
    sealed = sealBulk(box, content.length, (into) => content.read(into));
  } finally {
    about = content.end();
  }
  return { ...sealed, about };
}

/** Bytes of {@linkcode longBytesHead}. */
const BYTES_HEAD = 5;

/** What stands before bytes in a message, of one length whatever theirs. */
function longBytesHead(length: number): Uint8Array {
  const head = Buffer.allocUnsafe(BYTES_HEAD);
  head[0] = 0xdb;
  head.writeUInt32BE(length, 1);
  return head;
}

/** Whether a reply is one with a large content. */
export function isBulkReply(outer: Data): outer is { head: Uint8Array; bulk: Data } {
  return isMap(outer) && outer["head"] instanceof Uint8Array && outer["bulk"] !== undefined;
}

/**
 * The value of a reply, with the content in its place.
 * @param head What stood in the sealed `head`, its text as bytes.
 * @throws AuthenticationError when the content is not what the head's sender sealed.
 */
export function openBulkReply(head: Data, bulk: Data): Data {
  if (!isMap(head)) throw new AuthenticationError("The reply has no head");
  const { key, name, ...value } = head;
  if (!(key instanceof Uint8Array) || !(name instanceof Uint8Array)) {
    throw new AuthenticationError("The reply has no key");
  }
  // A short box may have been taken for text.
  const box = typeof bulk === "string" ? new TextEncoder().encode(bulk) : bulk;
  if (!(box instanceof Uint8Array)) throw new AuthenticationError("The reply has no content");
  return { ...value, [new TextDecoder().decode(name)]: openBulk(key, box) };
}
