/**
 * A simulated minion's road: one UDP socket and one association, by the code that real minions use.
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Address } from "../../../src/transport/raet/address.ts";
import { publicOf } from "../../../src/transport/raet/crypto.ts";
import { EstateKind } from "../../../src/transport/raet/join.ts";
import { raetTransport } from "../../../src/transport/raet/minion_road.ts";
import type { PublishClient, RequestClient } from "../../../src/transport/types.ts";
import type { MinionId } from "../../../src/types/mod.ts";
import { type Fate, LossySocket } from "./lossy_socket.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const MIB = 1 << 20;
const CONNECT_MS = 120_000;

/** What becomes of a link. */
export interface LinkFate extends Fate {
  /** Told, once the link stands, when the master is lost and when it is found again. */
  onLink(up: boolean): void;
}

/** A way to one master. */
export class RaetLink {
  readonly #requests: RequestClient;
  readonly #publications: PublishClient;
  readonly #socket: LossySocket;

  private constructor(requests: RequestClient, publications: PublishClient, socket: LossySocket) {
    this.#requests = requests;
    this.#publications = publications;
    this.#socket = socket;
  }

  /** Shakes hands, with keys of its own, and waits until the master takes it. */
  static async open(id: string, { host, port }: Address, fate: LinkFate): Promise<RaetLink> {
    const secret = random(32);
    let socket: LossySocket | undefined;
    const transport = raetTransport({
      initiator: {
        id,
        kind: EstateKind.MINION,
        keys: { secret, pub: publicOf(secret) },
        verify: random(32),
        version: "bench",
        grains: null,
        vouch: () => null,
        random,
        chance: Math.random,
        txMessages: 1000,
        txBytes: 64 * MIB,
        maxMessage: 64 * MIB,
        rxMemory: 64 * MIB,
        alive: 20_000,
        rekey: 3_600_000,
      },
      pinned: () => null,
      trust: () => null,
      keep: () => {},
      tell: () => {},
      port: 0,
      laneBuffer: 1,
      maxLetter: 0,
      openSocket: async (options) => socket = await LossySocket.open(options, fate),
    });
    const uri = `tcp://${host}:${port}`;
    const requests = await transport.requestClient(uri);
    const publications = await transport.publishClient(uri, { id: id as MinionId, topics: null });
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      publications.onLink((up) => up && resolve());
      timer = setTimeout(() => reject(new Error(`${id} found no master`)), CONNECT_MS);
    }).finally(() => clearTimeout(timer));
    publications.onLink(fate.onLink);
    return new RaetLink(requests, publications, socket!);
  }

  /** @throws SaltReqTimeoutError. */
  request(payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#requests.request(payload, { timeoutMs });
  }

  /** Hands on what is published from now on. */
  listen(published: (payload: Uint8Array) => void): void {
    void (async () => {
      for await (const { payload } of this.#publications.messages()) published(payload);
    })();
  }

  /** Nothing comes or goes any more. */
  silence(): void {
    this.#socket.silence();
  }

  close(): void {
    this.#publications.close();
    this.#requests.close();
  }
}
