/**
 * A worker thread as the request server sees it: what it was given, and how much more it may have.
 * @module
 */
import type { BatchedRequest } from "./request_batch.ts";
import { type Lane, LANES } from "./request_lanes.ts";
import type { ZmtpPeer } from "./zmtp_server.ts";

/** How many requests of a worker may be of lanes whose requests take long: others wait for no more than these. */
const SLOW_PER_WORKER: Partial<Readonly<Record<Lane, number>>> = { heavy: 2, "sign-in": 4 };

/** A worker thread, as far as requests go. */
export interface RequestWorker {
  take(requests: BatchedRequest[]): void;
}

/** Whoever asked: a connection, or the id that a transport of this process has proven. */
export type Asker = ZmtpPeer | string;

/** One request, from its receipt to its answer. */
export interface Request {
  seq: number;
  asker: Asker;
  /** Frames before the payload, for the answer. */
  route: Uint8Array[];
  payload: Uint8Array;
  verifiedId: string | null;
  lane: Lane;
  since: number;
  /** Workers that were given it. */
  tries: number;
  worker: WorkerSlot | null;
  /** Whether it waits in its worker while others are served. */
  deferred: boolean;
  /** Whether it waits for what needs little of its worker's time. */
  aside: boolean;
  answer: ((reply: Uint8Array) => void) | null;
}

/** A worker thread and what it has with it. */
export class WorkerSlot {
  readonly worker: RequestWorker;
  readonly requests = new Set<Request>();
  /** Requests of lanes that take long. */
  readonly slow: Partial<Record<Lane, number>> = {};
  /** Requests that wait in it while others are served. */
  deferred = 0;
  /** Whether it has a batch that it has not looked through: the next one grows meanwhile. */
  busy = false;
  batch: BatchedRequest[] = [];
  batchBytes = 0;

  constructor(worker: RequestWorker) {
    this.worker = worker;
  }

  /** Lanes of which it has as many as it may. */
  get full(): ReadonlySet<Lane> {
    return new Set(
      LANES.filter((lane) => (this.slow[lane] ?? 0) >= (SLOW_PER_WORKER[lane] ?? Infinity)),
    );
  }

  /** Requests that it serves now, one after the other. */
  get active(): number {
    return this.requests.size - this.deferred;
  }

  /** Takes a request, which it has from now on. */
  give(request: Request): void {
    request.worker = this;
    this.requests.add(request);
    this.#count(request.lane, 1);
    this.batch.push(request);
    this.batchBytes += request.payload.length;
  }

  /** A request was answered. */
  release(request: Request): void {
    this.requests.delete(request);
    if (!request.aside) this.#count(request.lane, -1);
    if (request.deferred) this.deferred -= 1;
  }

  /** A request waits while others are served, and takes long. */
  defer(request: Request): void {
    request.deferred = true;
    this.deferred += 1;
    this.#count(request.lane, -1);
    request.lane = "heavy";
    this.#count(request.lane, 1);
  }

  /** A request waits, and no longer counts among those that the worker may have. */
  setAside(request: Request): void {
    request.aside = true;
    this.#count(request.lane, -1);
    if (request.deferred) return;
    request.deferred = true;
    this.deferred += 1;
  }

  /** How much it has to do: what takes long weighs more. */
  get load(): number {
    return this.active + ((this.slow.heavy ?? 0) + (this.slow["sign-in"] ?? 0)) * 8;
  }

  /** A request of a lane came to it (1) or left it (-1). */
  #count(lane: Lane, change: 1 | -1): void {
    if (SLOW_PER_WORKER[lane] !== undefined) this.slow[lane] = (this.slow[lane] ?? 0) + change;
  }
}
