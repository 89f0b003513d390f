/**
 * The master's request side: ROUTER on the network, worker threads behind it, and a DEALER at
 * `workers.ipc` for REP workers of other programs.
 *
 * Requests wait here, in lanes, and not in queues of sockets: so what waits has a bound, can be
 * counted, is dropped with the peer that asked, is served in fair turns, and is given to another
 * worker when one is lost. (`salt/transport/zeromq.py:RequestServer.zmq_device`)
 * @module
 */
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";
import type { ConnectionRoom } from "./connection_room.ts";
import { type GuestHost, GuestWorkers } from "./guest_workers.ts";
import { HeldRequests, type Keeping } from "./held_requests.ts";
import type { BatchedAnswer, Hold } from "./request_batch.ts";
import { type Lane, laneOf, LANES, RequestLanes } from "./request_lanes.ts";
import { type Asker, type Request, type RequestWorker, WorkerSlot } from "./worker_slot.ts";
import { type ZmtpPeer, ZmtpServer } from "./zmtp_server.ts";

/** What passed, and what is there now. */
export interface RequestServerStats {
  received: number;
  answered: number;
  /** Requests given to a second worker. */
  repeated: number;
  /** Requests whose peer was gone before a worker had taken them. */
  abandoned: number;
  /** Requests dropped as the queue was full, or as two workers were lost with them. */
  dropped: number;
  /** Times a peer was held back as it had too many requests waiting. */
  paused: number;
}

/** Bounds on what waits. */
export interface RequestLimits {
  /** Requests that wait in all. */
  queue: number;
  /** Bytes of them. */
  queueBytes: number;
  /** Requests of one connection; beyond it nothing more is read from it. */
  perPeer: number;
}

/** Where to listen. */
export interface RequestServerOptions {
  endpoint: string;
  workersEndpoint: string;
  router: ZmqOptions;
  limits?: Partial<RequestLimits>;
  room?: ConnectionRoom | undefined;
}

/** The way back from a worker thread. */
export interface WorkerLink {
  answered(answers: readonly BatchedAnswer[]): void;
  /**
   * These turned out to take long, and wait in the worker. It may have others meanwhile, and what else
   * their peers ask waits with what takes long.
   */
  deferred(seqs: readonly number[]): void;
  /** These wait for what needs little of the worker's time: it may have others of any kind. */
  aside(seqs: readonly number[]): void;
  /** The worker has looked through the batch it was given, and may have another one. */
  next(): void;
  /** The worker is lost: others serve what it had with it. */
  lost(): void;
}

const DEFAULT_LIMITS: RequestLimits = {
  queue: 50_000,
  queueBytes: 512 * 1024 * 1024,
  perPeer: 32,
};

/** Requests that one worker thread has at a time: enough to work while the next are on their way. */
const PER_WORKER = 32;

/** ms that a request takes from which on the next of its peer goes to the lane of those that take long. */
const HEAVY_MS = 2;

/** What a request is that no worker has had. */
const FRESH = { tries: 0, worker: null, deferred: false, aside: false };

/** Bytes that one batch may have, unless its first request alone has more. */
const BATCH_BYTES = 1024 * 1024;

/** Moves requests from the network to the workers and their answers back, until closed. */
export class ZmqRequestServer {
  readonly stats: RequestServerStats = {
    received: 0,
    answered: 0,
    repeated: 0,
    abandoned: 0,
    dropped: 0,
    paused: 0,
  };
  /** Called with the ms from receipt to answer. */
  onServed: (lane: Lane, ms: number) => void = () => {};
  #router!: ZmtpServer;
  #guests!: GuestWorkers;
  readonly #limits: RequestLimits;
  readonly #lanes = new RequestLanes<Asker, Request>();
  readonly #underWay = new Map<number, Request>();
  readonly #perPeer = new Map<ZmtpPeer, number>();
  /** Peers whose last request took long. */
  readonly #heavy = new Set<Asker>();
  readonly #held = new HeldRequests();
  readonly #slots: WorkerSlot[] = [];
  #waitingBytes = 0;
  #nextSeq = 0;
  #scheduled = false;

  private constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** @throws what bind rejects with: `code: "EADDRINUSE"`, `"EACCES"` … */
  static async open(
    options: RequestServerOptions,
    bindPrivate: (socket: ZmqSocket, endpoint: string) => Promise<unknown>,
  ): Promise<ZmqRequestServer> {
    const server = new ZmqRequestServer({ ...DEFAULT_LIMITS, ...options.limits });
    const guests = server.#guests = await GuestWorkers.open(server.#guestHost());
    try {
      server.#router = await ZmtpServer.open(options.endpoint, options.router, {
        type: "ROUTER",
        peers: ["REQ", "DEALER", "ROUTER"],
        room: options.room,
        message: (peer, frames) => server.#take(peer, frames),
        closed: (peer) => server.#forget(peer),
      });
      await bindPrivate(guests.socket, options.workersEndpoint);
      return server;
    } catch (error) {
      await guests.close();
      await server.#router?.close();
      throw error;
    }
  }

  #guestHost(): GuestHost {
    const given = () => [...this.#underWay.values()].filter(({ worker }) => worker === null);
    return {
      given,
      answered: (seq, reply) => {
        this.#answer(seq, reply);
        this.#schedule();
      },
      repeated: () => void (this.stats.repeated += 1),
      changed: () => this.#schedule(),
      deserted: () => this.#again(given()),
    };
  }

  get endpoint(): string {
    return this.#router.endpoint;
  }

  /**
   * Connections, requests that wait by lane, that workers have and that are kept back, and connections
   * refused.
   */
  get depths(): {
    peers: number;
    refused: number;
    underWay: number;
    held: number;
    waiting: Record<Lane, number>;
  } {
    const waiting = {
      clear: this.#lanes.lengthOf("clear"),
      encrypted: this.#lanes.lengthOf("encrypted"),
      heavy: this.#lanes.lengthOf("heavy"),
      "sign-in": this.#lanes.lengthOf("sign-in"),
    };
    const { peers, refused } = this.#router;
    return {
      peers: peers.size,
      refused,
      underWay: this.#underWay.size,
      held: this.#held.size,
      waiting,
    };
  }

  /** Lets a worker thread have requests from now on. */
  attach(worker: RequestWorker): WorkerLink {
    const slot = new WorkerSlot(worker);
    this.#slots.push(slot);
    this.#schedule();
    return {
      answered: (answers) => {
        for (const { seq, ms, payload, hold } of answers) this.#answer(seq, payload, ms, hold);
        this.#schedule();
      },
      deferred: (seqs) => this.#defer(slot, seqs),
      aside: (seqs) => this.#setAside(slot, seqs),
      next: () => {
        slot.busy = false;
        this.#schedule();
      },
      lost: () => this.#lose(slot),
    };
  }

  /**
   * Has a worker answer a request that came by a transport of this process, which has proven that it
   * is from `verifiedId`. Resolves with nothing when the server is closed first.
   */
  async ask(payload: Uint8Array, verifiedId: string): Promise<Uint8Array> {
    return await new Promise<Uint8Array>((answer) => {
      this.#enqueue({ asker: verifiedId, route: [], payload, verifiedId, answer });
    });
  }

  /** There is word about a topic: requests that are kept back for it are served anew. */
  recall(topic: string): void {
    for (const request of this.#held.takeTopic(topic)) this.#anew(request);
  }

  #anew(request: Request): void {
    this.#waitingBytes += request.payload.length;
    const since = performance.now();
    this.#lanes.add(request.lane, request.asker, { ...request, since, ...FRESH });
    this.#schedule();
  }

  /** Answers that come within `drainMs` still go out. */
  async close(drainMs = 0): Promise<void> {
    this.#held.clear();
    const end = performance.now() + drainMs;
    while (this.#underWay.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.#guests.close();
    await this.#router.close();
  }

  #take(peer: ZmtpPeer, frames: Uint8Array[]): void {
    const delimiter = frames.findIndex((frame) => frame.length === 0);
    // What no REP would take: an empty frame stands before the payload, which is one frame.
    if (delimiter < 0 || delimiter !== frames.length - 2) return;
    const count = (this.#perPeer.get(peer) ?? 0) + 1;
    this.#perPeer.set(peer, count);
    if (count >= this.#limits.perPeer) {
      this.stats.paused += 1;
      peer.pause();
    }
    this.#enqueue({
      asker: peer,
      route: frames.slice(0, delimiter + 1),
      payload: frames[delimiter + 1]!,
      verifiedId: null,
      answer: null,
    });
  }

  #enqueue(
    asked: Pick<Request, "asker" | "route" | "payload" | "verifiedId" | "answer">,
  ): void {
    this.stats.received += 1;
    const { payload, asker } = asked;
    const bytes = this.#waitingBytes + payload.length;
    if (this.#lanes.length >= this.#limits.queue || bytes > this.#limits.queueBytes) {
      // Its peer asks again after its timeout, when there may be room.
      this.stats.dropped += 1;
      if (typeof asker !== "string") this.#release(asker);
      asked.answer?.(new Uint8Array());
      return;
    }
    const kind = laneOf(payload);
    const lane = kind === "encrypted" && this.#heavy.has(asker) ? "heavy" : kind;
    const seq = this.#nextSeq = (this.#nextSeq + 1) >>> 0;
    const since = performance.now();
    this.#waitingBytes = bytes;
    this.#lanes.add(lane, asker, { ...asked, seq, lane, since, ...FRESH });
    this.#schedule();
  }

  /** Deals once all sockets that had something have been read: what came together goes together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deal();
    });
  }

  #deal(): void {
    if (this.#guests.count > 0) this.#dealToGuests();
    while (this.#lanes.length > 0) {
      const slot = this.#freest();
      if (!slot) break;
      const next = this.#lanes.take(slot.full);
      if (!next) break;
      this.#begin(next.request);
      slot.give(next.request);
    }
    for (const slot of this.#slots) {
      if (slot.batch.length === 0) continue;
      slot.busy = true;
      slot.worker.take(slot.batch);
      slot.batch = [];
      slot.batchBytes = 0;
    }
  }

  /** The worker with the least to do, of those that may have more. */
  #freest(): WorkerSlot | undefined {
    let best: WorkerSlot | undefined;
    const lanes = LANES.filter((lane) => this.#lanes.lengthOf(lane) > 0);
    for (const slot of this.#slots) {
      if (slot.busy || slot.active >= PER_WORKER || slot.batchBytes > BATCH_BYTES) continue;
      const { full } = slot;
      if (full.size > 0 && lanes.every((lane) => full.has(lane))) continue;
      if (!best || slot.load < best.load) best = slot;
    }
    return best;
  }

  #begin(request: Request): void {
    this.#waitingBytes -= request.payload.length;
    request.tries += 1;
    this.#underWay.set(request.seq, request);
  }

  /** REP workers get one each beside threads; alone, as many as their small queues hold. */
  #dealToGuests(): void {
    while (this.#lanes.length > 0) {
      if (this.#slots.length > 0 && this.#guests.busy >= this.#guests.count) return;
      const next = this.#lanes.take();
      if (!next) return;
      if (!this.#guests.give(next.request)) {
        this.#lanes.add(next.lane, next.peer, next.request);
        return;
      }
      this.#begin(next.request);
    }
  }

  #answer(seq: number, reply: Uint8Array, ms = 0, hold?: Hold): void {
    const request = this.#underWay.get(seq);
    if (!request) return;
    this.#underWay.delete(seq);
    const { asker, worker } = request;
    if (worker) worker.release(request);
    else this.#guests.busy -= 1;
    this.onServed(request.lane, performance.now() - request.since);
    if (ms >= HEAVY_MS) this.#noteHeavy(asker);
    else if (this.#heavy.size > 0) this.#heavy.delete(asker);
    const kept = hold ? this.#keep(request, reply, hold) : "no room";
    if (kept === "word came") this.#anew(request);
    else if (kept === "no room") this.#reply(request, reply);
  }

  #keep(request: Request, reply: Uint8Array, hold: Hold): Keeping {
    const { asker } = request;
    if (typeof asker !== "string" && asker.closed) return "no room";
    return this.#held.keep(request, hold, () => this.#reply(request, reply));
  }

  #reply(request: Request, reply: Uint8Array): void {
    const { asker } = request;
    this.stats.answered += 1;
    if (typeof asker === "string") return request.answer?.(reply);
    asker.send([...request.route, reply]);
    this.#release(asker);
  }

  /** One request less of a peer, which may go on if it was held back. */
  #release(peer: ZmtpPeer): void {
    const count = this.#perPeer.get(peer);
    if (count === undefined) return;
    if (count <= 1) this.#perPeer.delete(peer);
    else this.#perPeer.set(peer, count - 1);
    if (count === this.#limits.perPeer) peer.resume();
  }

  /** A peer that gave up has nobody left to answer: its requests are not served. */
  #forget(peer: ZmtpPeer): void {
    this.#perPeer.delete(peer);
    this.#heavy.delete(peer);
    this.#held.takeAsker(peer);
    for (const request of this.#lanes.forget(peer)) {
      this.#waitingBytes -= request.payload.length;
      this.stats.abandoned += 1;
    }
  }

  #noteHeavy(asker: Asker): void {
    // One that has gone would never be forgotten.
    if (typeof asker === "string" || !asker.closed) this.#heavy.add(asker);
  }

  #defer(slot: WorkerSlot, seqs: readonly number[]): void {
    for (const seq of seqs) {
      const request = this.#underWay.get(seq);
      if (request?.worker !== slot || request.deferred) continue;
      slot.defer(request);
      this.#noteHeavy(request.asker);
    }
  }

  #setAside(slot: WorkerSlot, seqs: readonly number[]): void {
    for (const seq of seqs) {
      const request = this.#underWay.get(seq);
      if (request?.worker === slot && !request.aside) slot.setAside(request);
    }
    this.#schedule();
  }

  #lose(slot: WorkerSlot): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    this.#again([...slot.requests]);
    this.#schedule();
  }

  /** Lets others serve what a worker was lost with. */
  #again(requests: readonly Request[]): void {
    for (const request of requests) {
      this.#underWay.delete(request.seq);
      request.worker = null;
      request.deferred = request.aside = false;
      const { asker } = request;
      // What two workers were lost with may be what they were lost by.
      if (request.tries >= 2) {
        this.stats.dropped += 1;
        if (typeof asker === "string") request.answer?.(new Uint8Array());
        else this.#release(asker);
        continue;
      }
      this.stats.repeated += 1;
      this.#waitingBytes += request.payload.length;
      this.#lanes.add(request.lane, asker, request);
    }
  }
}
