/**
 * The transport contracts over a road to one master: requests and publications share an association.
 * @module
 */
import { AuthenticationError, EX, SaltClientError, SaltReqTimeoutError } from "../../errors.ts";
import type { LaneBus, PublishClient, RequestClient, TransportFactory } from "../types.ts";
import type { Address } from "./address.ts";
import { isAllowed } from "./allow.ts";
import type { Identity } from "./discover.ts";
import { RoadError } from "./errors.ts";
import { Kind, type MessageHead, RejectCode } from "./frames.ts";
import type { Incoming } from "./inbox.ts";
import { Initiator, type InitiatorOptions, type LinkState } from "./initiator.ts";
import { openLane } from "./lane.ts";
import { LISTENING, NOT_LISTENING } from "./listening.ts";
import { type Letter, outgoing, Router, type Sender } from "./router.ts";
import { type PacketSocket, RoadSocket, type SocketOptions } from "./socket.ts";

/** Publications that may wait to be read; the master is told of the next one that it is not taken. */
const MAX_UNREAD = 1000;
/** ms before a request is sent again to a master that has too many of this minion already. */
const BUSY_MS = 200;
/** ms for which the word that this minion listens is kept for a master that is away: for ever. */
const LISTEN_TTL = 2 ** 46;
/** These words are in order: the last one holds. */
const WORD_STREAM = 3;
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
  /** Messages that a yard may have unread. (`raet_lane_bufcnt`) */
  laneBuffer: number;
  /** Bytes of a message to a yard. */
  maxLetter: number;
  /** Opens what the packets go through, in place of a plain socket. */
  openSocket?(options: SocketOptions): Promise<PacketSocket>;
}

interface Waiting {
  resolve(reply: Uint8Array): void;
  reject(error: Error): void;
}

type Publication = { topic: string | null; payload: Uint8Array };

/** One socket, one master. */
class Road {
  readonly host: string;
  readonly port: number;
  readonly #settings: RoadSettings;
  readonly #socket: PacketSocket;
  readonly #initiator: Initiator;
  readonly #waiting = new Map<number, Waiting>();
  readonly listeners = new Set<(up: boolean) => void>();
  readonly #subscribers = new Set<RaetPublishClient>();
  /** How yards call the master. */
  readonly estate: string;
  readonly #router: Router;
  #users = 0;
  #nextCorr = 1;
  #why = "";

  private constructor(
    settings: RoadSettings,
    router: Router,
    socket: PacketSocket,
    { host, port }: Address,
  ) {
    this.#settings = settings;
    this.#socket = socket;
    this.host = host;
    this.port = port;
    this.estate = `${host}_master`;
    this.#router = router;
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

  static async open(settings: RoadSettings, router: Router, at: Address): Promise<Road> {
    const { host } = at;
    const local = host.includes(":") ? "::" : "0.0.0.0";
    const options = { host: local, port: settings.port, datagram: settings.initiator.mtu ?? 0 };
    const socket = await (settings.openSocket ?? RoadSocket.open)(options);
    const road = new Road(settings, router, socket, at);
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
    const end = this.#socket.now() + timeoutMs;
    const send = () => {
      this.#initiator.sendMessage({
        kind: Kind.REQ,
        share: "remote_cmd",
        data: payload,
        ttl: Math.max(1, end - this.#socket.now()),
        priority: payload.length > BULK ? 3 : 2,
        corr,
        settled: (error) => {
          if (error?.failure === "overloaded" && this.#waiting.has(corr)) {
            setTimeout(again, BUSY_MS);
          } else if (error) reply.reject(this.#failure(error, timeoutMs));
        },
      }, this.#socket.now());
      this.#socket.wake();
    };
    const again = () => {
      if (!this.#waiting.has(corr)) return;
      try {
        send();
      } catch (error) {
        reply.reject(error as Error);
      }
    };
    try {
      send();
      return await reply.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#waiting.delete(corr);
    }
  }

  /** Sends to a yard of the master's host. @throws RoadError. */
  sendLetter(letter: Letter, settled: (error: RoadError | null) => void): void {
    this.#initiator.sendMessage({ ...outgoing(letter), settled }, this.#socket.now());
    this.#socket.wake();
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

  /** The master publishes to who has said that it listens. */
  subscribe(client: RaetPublishClient): void {
    this.#subscribers.add(client);
    if (this.#subscribers.size === 1) this.#say(LISTENING);
  }

  unsubscribe(client: RaetPublishClient): void {
    this.#subscribers.delete(client);
    if (this.#subscribers.size === 0 && this.isOpen) this.#say(NOT_LISTENING);
  }

  #say(data: Uint8Array): void {
    this.#initiator.sendMessage(
      { kind: Kind.SUB, share: "fun", data, ttl: LISTEN_TTL, priority: 1, stream: WORD_STREAM },
      this.#socket.now(),
    );
    this.#socket.wake();
  }

  get #sender(): Sender {
    return { estate: this.estate, source: "master" };
  }

  #refuse(head: MessageHead): { code: number; text: string } | null {
    if (head.dstYard !== "") return this.#router.refuse(this.#sender, head, this.#socket.now());
    const { kind, corr, dstShare } = head;
    const awaited = this.#waiting.has(corr);
    if (!isAllowed("master", "minion", { kind, corr, yard: "", share: dstShare, awaited })) {
      return { code: RejectCode.NOT_ALLOWED, text: "nobody waits for it here" };
    }
    if (kind !== Kind.PUB || [...this.#subscribers].every(({ hasRoom }) => hasRoom)) return null;
    return { code: RejectCode.BUSY, text: `${MAX_UNREAD} publications wait to be read` };
  }

  #deliver({ head, data }: Incoming): void {
    if (head.dstYard !== "") this.#router.arrive(this.#sender, head, data);
    else if (head.kind === Kind.PUB) {
      for (const subscriber of this.#subscribers) subscriber.hear({ topic: null, payload: data });
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
    if (this.#subscribers.size > 0) this.#say(LISTENING);
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
    road.subscribe(this);
    road.listeners.add(this.#onRoad);
  }

  /** Whether one more publication may come. */
  get hasRoom(): boolean {
    return this.#queue.length < MAX_UNREAD;
  }

  hear(publication: Publication): void {
    this.#queue.push(publication);
    this.#wake?.();
  }

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
    this.#road.unsubscribe(this);
    this.#road.listeners.delete(this.#onRoad);
    this.#leave();
    this.#wake?.();
  }
}

/** Clients over RAET, and lanes for processes of this host. */
export interface RaetTransport extends TransportFactory {
  lane(bus: LaneBus): () => void;
}

/** Makes clients over RAET. Requests and publications of one master share a socket. */
export function raetTransport(settings: RoadSettings): RaetTransport {
  const roads = new Set<Road>();
  const router = new Router("minion", settings.laneBuffer, {
    send: (estate, letter, settled) => {
      const road = [...roads].find((one) => one.isOpen && [one.estate, "master"].includes(estate));
      if (road) return road.sendLetter(letter, settled);
      const why = `There is no session with ${estate}: it is down, or no master of this minion`;
      throw new RoadError("unreachable", why);
    },
  });
  const open = async (host: string, port: number): Promise<Road> => {
    const road = await Road.open(settings, router, { host, port });
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
    lane: (bus) => {
      return openLane(bus, router, { maxBody: settings.maxLetter, now: () => performance.now() });
    },
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
    publishClient: async (uri, { requestUri = uri }): Promise<PublishClient> => {
      // Publications come by the road of the requests, whatever the publish port.
      const { host, port } = addressIn(requestUri);
      const known = [...roads].findLast((one) => one.host === host && one.port === port);
      const road = known ?? await open(host, port);
      return new RaetPublishClient(road, take(road));
    },
  };
}

function addressIn(uri: string): { host: string; port: number } {
  const { hostname, port } = new URL(uri.replace(/^tcp:/, "http:"));
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) };
}
