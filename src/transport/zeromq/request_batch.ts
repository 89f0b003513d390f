/**
 * Requests on their way to a worker thread and answers on the way back, many in one buffer: what it
 * costs to wake a thread is paid once for all of them.
 * @module
 */
import { Buffer } from "node:buffer";

/** One request as a worker sees it. */
export interface BatchedRequest {
  seq: number;
  /** What the transport has proven of the sender. */
  verifiedId: string | null;
  payload: Uint8Array;
}

/** One answer. */
export interface BatchedAnswer {
  seq: number;
  /** ms for which the request kept its worker from others. */
  ms: number;
  payload: Uint8Array;
  hold?: Hold | undefined;
}

/** For how long an answer is kept back, and word about what lets its request be served anew. */
export interface Hold {
  topic: string;
  ms: number;
}

/** What a worker hands back at the end of a turn: events to fire first, then answers. */
export interface AnswerBatch {
  answers: BatchedAnswer[];
  events: Uint8Array[];
  /** Requests that turned out to take long, and wait in the worker: others may go first. */
  deferred: number[];
  /** Requests that wait for what needs little of the worker's time. */
  aside: number[];
}

const NO_ID = 0xffff;

/** Bytes from which on an answer that has its memory for itself is handed over, not copied. */
const LARGE = 1 << 16;

/** Bytes of that memory that it may leave unused. */
const SLACK = 4096;

/** Takes the answers out of a batch that are better handed over as they are. */
export function takeLarge(batch: AnswerBatch): BatchedAnswer[] {
  const isLarge = ({ payload }: BatchedAnswer) =>
    payload.length >= LARGE && payload.buffer.byteLength - payload.length <= SLACK;
  const large = batch.answers.filter(isLarge);
  if (large.length > 0) batch.answers = batch.answers.filter((answer) => !isLarge(answer));
  return large;
}

/** Packs requests; {@linkcode unpackRequests} reads them. */
export function packRequests(requests: readonly BatchedRequest[]): ArrayBuffer {
  const ids = requests.map(({ verifiedId }) =>
    verifiedId === null ? null : Buffer.from(verifiedId)
  );
  let size = 4;
  requests.forEach(({ payload }, i) => size += 10 + (ids[i]?.length ?? 0) + payload.length);
  const packed = new ArrayBuffer(size);
  const bytes = Buffer.from(packed);
  let at = bytes.writeUInt32LE(requests.length);
  requests.forEach(({ seq, payload }, i) => {
    const id = ids[i] ?? null;
    at = bytes.writeUInt32LE(seq, at);
    at = bytes.writeUInt16LE(id === null ? NO_ID : id.length, at);
    at = bytes.writeUInt32LE(payload.length, at);
    if (id !== null) {
      bytes.set(id, at);
      at += id.length;
    }
    bytes.set(payload, at);
    at += payload.length;
  });
  return packed;
}

/** Payloads are views of `packed`. */
export function unpackRequests(packed: ArrayBuffer): BatchedRequest[] {
  const bytes = Buffer.from(packed);
  const requests: BatchedRequest[] = [];
  let at = 4;
  for (let left = bytes.readUInt32LE(0); left > 0; left--) {
    const seq = bytes.readUInt32LE(at);
    const idBytes = bytes.readUInt16LE(at + 4);
    const size = bytes.readUInt32LE(at + 6);
    at += 10;
    let verifiedId: string | null = null;
    if (idBytes !== NO_ID) {
      verifiedId = bytes.toString("utf8", at, at + idBytes);
      at += idBytes;
    }
    requests.push({ seq, verifiedId, payload: bytes.subarray(at, at + size) });
    at += size;
  }
  return requests;
}

/** Packs a turn's answers and events; {@linkcode unpackAnswers} reads them. */
export function packAnswers({ answers, events, deferred, aside }: AnswerBatch): ArrayBuffer {
  const holds = answers.flatMap(({ hold }, at) =>
    hold ? [{ at, ms: hold.ms, topic: Buffer.from(hold.topic) }] : []
  );
  let size = 20 + 4 * (deferred.length + aside.length);
  for (const { topic } of holds) size += 12 + topic.length;
  for (const { payload } of answers) size += 12 + payload.length;
  for (const event of events) size += 4 + event.length;
  const packed = new ArrayBuffer(size);
  const bytes = Buffer.from(packed);
  let at = bytes.writeUInt32LE(answers.length);
  at = bytes.writeUInt32LE(events.length, at);
  at = bytes.writeUInt32LE(deferred.length, at);
  at = bytes.writeUInt32LE(holds.length, at);
  at = bytes.writeUInt32LE(aside.length, at);
  for (const seq of [...deferred, ...aside]) at = bytes.writeUInt32LE(seq, at);
  for (const event of events) {
    at = bytes.writeUInt32LE(event.length, at);
    bytes.set(event, at);
    at += event.length;
  }
  for (const { seq, ms, payload } of answers) {
    at = bytes.writeUInt32LE(seq, at);
    at = bytes.writeFloatLE(ms, at);
    at = bytes.writeUInt32LE(payload.length, at);
    bytes.set(payload, at);
    at += payload.length;
  }
  for (const hold of holds) {
    at = bytes.writeUInt32LE(hold.at, at);
    at = bytes.writeUInt32LE(hold.ms, at);
    at = bytes.writeUInt32LE(hold.topic.length, at);
    bytes.set(hold.topic, at);
    at += hold.topic.length;
  }
  return packed;
}

/** Payloads and events are views of `packed`. */
export function unpackAnswers(packed: ArrayBuffer): AnswerBatch {
  const bytes = Buffer.from(packed);
  const batch: AnswerBatch = { answers: [], events: [], deferred: [], aside: [] };
  let at = 20;
  for (let left = bytes.readUInt32LE(8); left > 0; left--) {
    batch.deferred.push(bytes.readUInt32LE(at));
    at += 4;
  }
  for (let left = bytes.readUInt32LE(16); left > 0; left--) {
    batch.aside.push(bytes.readUInt32LE(at));
    at += 4;
  }
  for (let left = bytes.readUInt32LE(4); left > 0; left--) {
    const size = bytes.readUInt32LE(at);
    at += 4;
    batch.events.push(bytes.subarray(at, at + size));
    at += size;
  }
  for (let left = bytes.readUInt32LE(0); left > 0; left--) {
    const seq = bytes.readUInt32LE(at);
    const ms = bytes.readFloatLE(at + 4);
    const size = bytes.readUInt32LE(at + 8);
    at += 12;
    batch.answers.push({ seq, ms, payload: bytes.subarray(at, at + size) });
    at += size;
  }
  for (let left = bytes.readUInt32LE(12); left > 0; left--) {
    const answer = batch.answers[bytes.readUInt32LE(at)];
    const ms = bytes.readUInt32LE(at + 4);
    const size = bytes.readUInt32LE(at + 8);
    at += 12;
    if (answer) answer.hold = { topic: bytes.toString("utf8", at, at + size), ms };
    at += size;
  }
  return batch;
}
