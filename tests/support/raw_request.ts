/**
 * Requests as any program can send them to a master: one frame there, one frame back.
 * @module
 */
import { runtime } from "../../src/runtime/mod.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import type { Data } from "../../src/types/mod.ts";
import type { Endpoint } from "./loopback.ts";

/**
 * Sends one payload over a connection of its own and gives the reply's bytes.
 * @throws Error with code EAGAIN when there is none within `timeoutMs`.
 */
export async function rawRequest(
  { host, requestPort }: Pick<Endpoint, "host" | "requestPort">,
  payload: Uint8Array,
  timeoutMs = 10_000,
): Promise<Uint8Array> {
  const socket = await runtime.openSocket("req", { linger: 0 });
  try {
    socket.connect(`tcp://${host}:${requestPort}`);
    await socket.send(payload);
    const [reply] = await socket.receive(timeoutMs);
    return reply ?? new Uint8Array();
  } finally {
    socket.close();
  }
}

/** Sends a value and gives the reply, both as msgpack without encryption. */
export async function ask(endpoint: Endpoint, request: Data, timeoutMs?: number): Promise<Data> {
  return unpack(await rawRequest(endpoint, packWire(request), timeoutMs));
}

/** Whether a master answers there. Rejects when it does not within `timeoutMs`. */
export async function answersPing(endpoint: Endpoint, timeoutMs?: number): Promise<boolean> {
  await ask(endpoint, { enc: "clear", load: { cmd: "ping" }, version: 3 }, timeoutMs);
  return true;
}
