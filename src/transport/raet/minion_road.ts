/**
 * The transport contracts over a road to one master: requests and publications share an association.
 * @module
 */
import { AuthenticationError, EX, SaltClientError, SaltReqTimeoutError } from "../../errors.ts";
import type { PublishClient, RequestClient, TransportFactory } from "../types.ts";
import type { Identity } from "./discover.ts";
import { RoadError } from "./errors.ts";
import { Kind, type MessageHead, RejectCode } from "./frames.ts";
import type { Incoming } from "./inbox.ts";
import { Initiator, type InitiatorOptions, type LinkState } from "./initiator.ts";
import { RoadSocket } from "./socket.ts";

/** Publications that may wait to be read before the oldest is dropped. */
const MAX_UNREAD = 1000;
/** Bytes of a request from which on it does not hold up others. */
const BULK = 64 * 1024;

/** What a road is made with. */
export interface RoadSettings {
  /** All but the address and the master's name and key. */
  initiator: Omit<InitiatorOptions, "address" | "masterName" | "masterPub">;
  /** The master's pinned key. */
  pinned(host: string, port: number): Uint8Array | null;
  /** Null when an offered key may be this master's, else why not. */
  trust(host: string, port: number, identity: Identity): string | null;
  keep(host: string, port: number, identity: Identity): void;
  /** Tells a person how the link stands. */
  tell(state: LinkState, why: string): void;
  /** Local port; 0: any. */
  port: number;
}

interface Waiting {
  resolve(reply: Uint8Array): void;
  reject(error: Error): void;
}

type Publication = { topic: string | null; payload: Uint8Array };

/** One socket, one master. */
class Road {
  readonly host: string;
  readonly #settings: RoadSettings;
  readonly #socket: RoadSocket;
  readonly #initiator: Initiator;
  readonly #waiting = new Map<number, Waiting>();
  readonly listeners = new Set<(up: boolean) => void>();
  readonly subscribers = new Set<(publication: Publication) => void>();
  #users = 0;
  #nextCorr = 1;
  #why = "";

  private constructor(settings: RoadSettings, socket: RoadSocket, host: string, port: number) {
    this.#settings = settings;
    this.#socket = socket;
    this.host = host;
    this.#initiator = new Initiator(
      {
        ...settings.initiator,
        masterName: `the master at ${host}:${port}/udp`,
        address: { host, port },
        masterPub: settings.pinned(host, port),
      },
      {
        send: (packet, to) => socket.send(packet, to),
        deliver: (message) => this.#deliver(message),
        refuse: (head) => this.#refuse(head),
        trust: (identity) => settings.trust(host, port, identity),
        keep: (identity) => settings.keep(host, port, identity),
        link: (state, why) => this.#link(state, why),
        restarted: () => this.#restarted(),
      },
    );
  }

  static async open(settings: RoadSettings, host: string, port: number): Promise<Road> {
    const local = host.includes(":") ? "::" : "0.0.0.0";
    const socket = await RoadSocket.open({ host: local, port: settings.port, wantsBuffer: false });
    const road = new Road(settings, socket, host, port);
    road.#initiator.start(socket.now());
    socket.drive(road.#initiator);
    return road;
  }

  get isOpen(): boolean {
    return this.#initiator.state === "open";
  }

  use(): void {
    this.#users += 1;
  }

  /** The last user closes it. True: it is closed. */
  leave(): boolean {
    this.#users -= 1;
    if (this.#users > 0) return false;
    this.#initiator.close(this.#socket.now());
    void this.#socket.close();
    for (const { reject } of this.#waiting.values()) {
      reject(new SaltClientError(`The connection to ${this.host} was closed`));
    }
    this.#waiting.clear();
    return true;
  }

  async request(payload: Uint8Array, timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#initiator.state === "refused") throw this.#refusal();
    const corr = this.#nextCorr++;
    const reply = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(corr, reply);
    const timer = setTimeout(() => reply.reject(this.#timeout(timeoutMs)), timeoutMs);
    const onAbort = () => reply.reject(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      this.#initiator.sendMessage({
        kind: Kind.REQ,
        share: "remote_cmd",
        data: payload,
        ttl: timeoutMs,
        priority: payload.length > BULK ? 3 : 2,
        corr,
        settled: (error) => error && reply.reject(this.#failure(error, timeoutMs)),
      }, this.#socket.now());
      this.#socket.wake();
      return await reply.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#waiting.delete(corr);
    }
  }

  #timeout(timeoutMs: number): SaltReqTimeoutError {
    const why = this.#why === "" ? "" : `: ${this.#why}`;
    return new SaltReqTimeoutError(
      `No answer from the master at ${this.host} within ${timeoutMs / 1000} s over RAET${why}`,
    );
  }

  #failure(error: RoadError, timeoutMs: number): Error {
    return error.failure === "expired" ? this.#timeout(timeoutMs) : error;
  }

  #refusal(): AuthenticationError {
    const { refusal } = this.#initiator;
    const exitCode = refusal === "untrusted" ? EX.MASTER_KEY : EX.NOPERM;
    return new AuthenticationError(this.#why, { exitCode });
  }

  #refuse(head: MessageHead): { code: number; text: string } | null {
    const reply = head.kind === Kind.REP || head.kind === Kind.ERR;
    if (reply && this.#waiting.has(head.corr)) return null;
    if (head.kind === Kind.PUB && head.dstShare === "fun") return null;
    return { code: RejectCode.NOT_ALLOWED, text: "nobody waits for it here" };
  }

  #deliver({ head, data }: Incoming): void {
    if (head.kind === Kind.PUB) {
      for (const hear of this.subscribers) hear({ topic: null, payload: data });
    } else if (head.kind === Kind.REP) this.#waiting.get(head.corr)?.resolve(data);
    else {
      const why = new TextDecoder().decode(data.subarray(0, 500));
      this.#waiting.get(head.corr)?.reject(new SaltClientError(`The master failed: ${why}`));
    }
  }

  #link(state: LinkState, why: string): void {
    this.#why = why;
    this.#settings.tell(state, why);
    if (state === "refused") {
      for (const { reject } of this.#waiting.values()) reject(this.#refusal());
    }
    for (const listener of this.listeners) listener(state === "open");
  }

  /** Answers of the master before will not come; the channel asks again. */
  #restarted(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new SaltReqTimeoutError(`The master at ${this.host} was restarted meanwhile`));
    }
  }
}

class RaetPublishClient implements PublishClient {
  readonly #road: Road;
  readonly #leave: () => void;
  readonly #queue: Publication[] = [];
  readonly #own = new Set<(up: boolean) => void>();
  #wake: (() => void) | undefined;
  #closed = false;
  #up = false;

  constructor(road: Road, leave: () => void) {
    this.#road = road;
    this.#leave = leave;
    this.#up = road.isOpen;
    road.subscribers.add(this.#hear);
    road.listeners.add(this.#onRoad);
  }

  readonly #hear = (publication: Publication): void => {
    if (this.#queue.length >= MAX_UNREAD) this.#queue.shift();
    this.#queue.push(publication);
    this.#wake?.();
  };

  readonly #onRoad = (up: boolean): void => {
    if (up === this.#up) return;
    this.#up = up;
    for (const listener of this.#own) listener(up);
  };

  async *messages(): AsyncGenerator<Publication> {
    for (;;) {
      const next = this.#queue.shift();
      if (next) yield next;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  onLink(listener: (up: boolean) => void): void {
    this.#own.add(listener);
    if (this.#up) listener(true);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#own.clear();
    this.#road.subscribers.delete(this.#hear);
    this.#road.listeners.delete(this.#onRoad);
    this.#leave();
    this.#wake?.();
  }
}

/** Makes clients over RAET. Requests and publications of one master share a socket. */
export function raetTransport(settings: RoadSettings): TransportFactory {
  const roads = new Set<Road>();
  const open = async (host: string, port: number): Promise<Road> => {
    const road = await Road.open(settings, host, port);
    roads.add(road);
    return road;
  };
  const take = (road: Road) => {
    road.use();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (road.leave()) roads.delete(road);
    };
  };
  return {
    requestClient: async (uri): Promise<RequestClient> => {
      const { host, port } = addressIn(uri);
      const road = await open(host, port);
      const leave = take(road);
      let closed = false;
      return {
        request: (payload, { timeoutMs, signal }) => {
          if (closed) throw new SaltClientError(`The connection to ${uri} was closed`);
          return road.request(payload, timeoutMs, signal);
        },
        close: () => {
          closed = true;
          leave();
        },
      };
    },
    publishClient: async (uri): Promise<PublishClient> => {
      const { host, port } = addressIn(uri);
      // Publications come by the road of the requests, whatever the publish port.
      const road = [...roads].findLast((one) => one.host === host) ?? await open(host, port);
      return new RaetPublishClient(road, take(road));
    },
  };
}

function addressIn(uri: string): { host: string; port: number } {
  const { hostname, port } = new URL(uri.replace(/^tcp:/, "http:"));
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) };
}
