/**
 * What a worker thread does with a batch of requests: serves all of them side by side, commits what
 * they stored together, and hands their events and answers back together.
 * @module
 */
import type { Gate } from "../channel/gate.ts";
import { Fifo } from "../runtime/fifo.ts";
import type {
  AnswerBatch,
  BatchedAnswer,
  BatchedRequest,
  Hold,
} from "../transport/zeromq/request_batch.ts";

/** Bytes of answers that do not wait for the end of the turn. */
const FLUSH_BYTES = 64 * 1024;

/** Gathers what a turn of the event loop has for the main thread. */
export class Outbox {
  readonly #post: (batch: AnswerBatch, next: boolean) => void;
  #batch: AnswerBatch = emptyBatch();
  #bytes = 0;
  #scheduled = false;
  #next = false;

  /** `post` is told whether the batch of requests was looked through. */
  constructor(post: (batch: AnswerBatch, next: boolean) => void) {
    this.#post = post;
  }

  answer(answer: BatchedAnswer): void {
    this.#batch.answers.push(answer);
    this.#bytes += answer.payload.length;
    // Pieces of files go at once, one by one: together they would be copied, and held, as a whole.
    if (this.#bytes >= FLUSH_BYTES) this.flush();
    else this.#schedule();
  }

  event(frame: Uint8Array): void {
    this.#batch.events.push(frame);
    this.#schedule();
  }

  /** A request waits in this worker for others to go first. */
  deferred(seq: number): void {
    this.#batch.deferred.push(seq);
    this.#schedule();
  }

  /** A request waits for what needs little of this worker's time. */
  aside(seq: number): void {
    this.#batch.aside.push(seq);
    this.#schedule();
  }

  /** A batch was looked through: says so with the answers of this turn. */
  next(): void {
    this.#next = true;
    this.#schedule();
  }

  /** Posts what there is. */
  flush(): void {
    const batch = this.#batch;
    const next = this.#next;
    if (Object.values(batch).every(({ length }) => length === 0) && !next) return;
    this.#batch = emptyBatch();
    this.#bytes = 0;
    this.#next = false;
    this.#post(batch, next);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}

function emptyBatch(): AnswerBatch {
  return { answers: [], events: [], deferred: [], aside: [] };
}

/** Lets those that take long go one by one, each in a turn of the event loop of its own. */
class Turns {
  readonly #waiting = new Fifo<() => void>();

  get length(): number {
    return this.#waiting.length;
  }

  next(): Promise<void> {
    if (this.#waiting.length === 0) setImmediate(() => this.#give());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(): void {
    const resolve = this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#give());
    resolve?.();
  }
}

/** Remembers what a function gave for the rest of a batch: each request asks several times. */
export class TurnMemo<T> {
  readonly #ask: (name: string) => T;
  readonly #known = new Map<string, T>();

  constructor(ask: (name: string) => T) {
    this.#ask = ask;
  }

  get(name: string): T {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const asked = this.#ask(name);
    this.#known.set(name, asked);
    // Whoever asks outside of a batch starts anew as well.
    if (this.#known.size === 1) setImmediate(() => this.forget());
    return asked;
  }

  forget(): void {
    this.#known.clear();
  }
}

/** Serves batches. */
export class WorkerDesk {
  readonly #gate: Pick<Gate, "handle">;
  readonly #outbox: Outbox;
  readonly #commit: () => void;
  readonly #underWay = new Set<Promise<void>>();
  readonly #turns = new Turns();

  /** `commit` writes what the requests of a batch have left to be stored together. */
  constructor(gate: Pick<Gate, "handle">, outbox: Outbox, commit: () => void) {
    this.#gate = gate;
    this.#outbox = outbox;
    this.#commit = commit;
  }

  take(requests: readonly BatchedRequest[]): void {
    // One that is here alone keeps nobody waiting.
    const defers = requests.length > 1 || this.#turns.length > 0;
    for (const request of requests) {
      const served = this.#serve(request, defers);
      this.#underWay.add(served);
      void served.finally(() => this.#underWay.delete(served));
    }
    this.#commit();
    this.#outbox.next();
  }

  async #serve({ seq, verifiedId, payload }: BatchedRequest, defers: boolean): Promise<void> {
    let start = performance.now();
    let deferred = false;
    let kept: number | undefined;
    const turn = async () => {
      deferred = true;
      this.#outbox.deferred(seq);
      await this.#turns.next();
      start = performance.now();
    };
    const aside = () => {
      kept = performance.now() - start;
      this.#outbox.aside(seq);
    };
    let held: Hold | undefined;
    const hold = (topic: string, ms: number) => void (held = { topic, ms });
    const peer = { address: null, verifiedId, hold };
    const reply = this.#gate.handle(payload, peer, { turn: defers ? turn : undefined, aside });
    if (!deferred) kept ??= performance.now() - start;
    const bytes = await reply;
    const ms = kept ?? performance.now() - start;
    this.#outbox.answer({ seq, ms, payload: bytes, hold: held });
  }

  /** Resolves when all requests are answered, and what they had to say is posted. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#outbox.flush();
  }
}
