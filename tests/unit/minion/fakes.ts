/**
 * A master, a bus, a clock and modules that live in the test's own memory.
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MinionChannel, SignIn, TransportFactory } from "../../../src/channel/types.ts";
import { loadMinionConfig, type MinionOpts } from "../../../src/config/mod.ts";
import { SaltReqTimeoutError } from "../../../src/errors.ts";
import type { EventBusServer } from "../../../src/event/mod.ts";
import { createRegistry } from "../../../src/loader/mod.ts";
import { executionModule, fn, type ModuleRegistry } from "../../../src/loader/types.ts";
import type { Clock } from "../../../src/channel/clock.ts";
import type { JobJournal, JournalEntry, Kept, UnsentReturn } from "../../../src/minion/journal.ts";
import type { MinionParts } from "../../../src/minion/parts.ts";
import type { ChannelWanted } from "../../../src/minion/session.ts";
import { matches } from "../../../src/plugins/matchers/mod.ts";
import type { PublishClient } from "../../../src/transport/types.ts";
import type {
  Data,
  DataMap,
  Jid,
  PublishLoad,
  ReturnLoad,
  SaltEvent,
} from "../../../src/types/mod.ts";

/** A folder that goes away with the test. */
export function tempFolder(t: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "saltx-minion-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Options of a minion `m1` that lives below `root`. */
export function testOpts(root: string, overrides: Record<string, unknown> = {}): MinionOpts {
  return loadMinionConfig({
    configDir: root,
    env: {},
    overrides: {
      id: "m1",
      master: "127.0.0.1",
      cachedir: join(root, "cache"),
      sock_dir: join(root, "sock"),
      pki_dir: join(root, "pki"),
      ...overrides,
    },
  });
}

/** A queue that tests wait on. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: { wanted(item: T): boolean; resolve(item: T): void }[] = [];

  put(item: T): void {
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (index < 0) this.#items.push(item);
    else this.#waiting.splice(index, 1)[0]!.resolve(item);
  }

  /** The first item, from now or before, that fits; it is taken away. */
  take(wanted: (item: T) => boolean = () => true): Promise<T> {
    const index = this.#items.findIndex(wanted);
    if (index >= 0) return Promise.resolve(this.#items.splice(index, 1)[0]!);
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  /** What came and was not taken. */
  get left(): readonly T[] {
    return this.#items;
  }
}

/** Time that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = Date.UTC(2026, 10, 21, 8, 0, 0);
  readonly #sleepers = new Set<{ at: number; wake(): void }>();
  /** ms of each sleep that began. */
  readonly sleeps = new Inbox<number>();

  now(): Date {
    return new Date(this.#now);
  }

  random(): number {
    return 0.5;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      }, { once: true });
      if (ms === 0) this.#wakeDue();
      else this.sleeps.put(ms);
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#wakeDue();
  }

  #wakeDue(): void {
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

/** How the fake master answers a request; throws for no answer. */
export type Answer = (load: DataMap) => Data | Promise<Data>;

/** A master without sockets or keys. Publications are JSON here. */
export class FakeMaster {
  readonly requests = new Inbox<DataMap>();
  readonly signIns = new Inbox<MinionOpts>();
  readonly subscriptions = new Inbox<{ uri: string; topics: string[] | null }>();
  answer: Answer = () => null;
  pillar: DataMap = {};
  signIn: (signal?: AbortSignal) => Promise<SignIn> = () =>
    Promise.resolve({ publishPort: 14505, version: 3 });
  decode: (load: PublishLoad) => PublishLoad | null = (load) => load;
  /** Whether the subscription stands at once. */
  linked = true;
  #links: FakeLink[] = [];
  #rekeys: (() => void)[] = [];

  readonly transport: TransportFactory = {
    requestClient: () => Promise.reject(new Error("the fake channel needs none")),
    publishClient: (uri, { topics }) => {
      this.subscriptions.put({ uri, topics });
      const link = new FakeLink(this.linked);
      this.#links.push(link);
      return Promise.resolve(link);
    },
  };

  readonly openChannel = ({ opts }: ChannelWanted): Promise<MinionChannel> => {
    let closed = false;
    return Promise.resolve({
      signIn: (signal) => {
        this.signIns.put(opts);
        return this.signIn(signal);
      },
      request: async (load) => {
        if (closed) throw new SaltReqTimeoutError("closed");
        const answer = await this.answer(load);
        this.requests.put(load);
        return answer;
      },
      requestPillar: (load) => {
        this.requests.put(load);
        return Promise.resolve(this.pillar);
      },
      decodePublication: (payload) =>
        Promise.resolve(this.decode(JSON.parse(new TextDecoder().decode(payload)))),
      onRekey: (listener) => void this.#rekeys.push(listener),
      close: () => {
        closed = true;
      },
    });
  };

  publish(load: DataMap): void {
    const payload = new TextEncoder().encode(JSON.stringify(load));
    for (const link of this.#links) link.put(payload);
  }

  link(up: boolean): void {
    for (const link of this.#links) link.set(up);
  }

  rekey(): void {
    for (const listener of this.#rekeys) listener();
  }

  /** The next request of a command. */
  next(cmd: string, fits: (load: DataMap) => boolean = () => true): Promise<DataMap> {
    return this.requests.take((load) => load["cmd"] === cmd && fits(load));
  }

  /** The next event of a tag. */
  event(tag: string): Promise<DataMap> {
    return this.next("_minion_event", (load) => load["tag"] === tag);
  }

  /** The next return of a job. */
  return(jid: string): Promise<DataMap> {
    return this.next("_return", (load) => load["jid"] === jid);
  }
}

class FakeLink implements PublishClient {
  readonly #messages: Uint8Array[] = [];
  readonly #listeners: ((up: boolean) => void)[] = [];
  #wake: (() => void) | null = null;
  #up: boolean;
  #closed = false;

  constructor(up: boolean) {
    this.#up = up;
  }

  put(payload: Uint8Array): void {
    this.#messages.push(payload);
    this.#wake?.();
  }

  set(up: boolean): void {
    if (this.#closed || up === this.#up) return;
    this.#up = up;
    for (const listener of this.#listeners) listener(up);
  }

  async *messages(): AsyncGenerator<{ topic: null; payload: Uint8Array }> {
    while (!this.#closed) {
      const payload = this.#messages.shift();
      if (payload) yield { topic: null, payload };
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  onLink(listener: (up: boolean) => void): void {
    this.#listeners.push(listener);
    if (this.#up) listener(true);
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }
}

/** A bus that only this process sees. */
export class FakeBus implements EventBusServer {
  readonly fired = new Inbox<SaltEvent>();
  readonly counts = { fired: 0, dropped: 0 };
  readonly #listeners: [string, (event: SaltEvent) => void][] = [];

  fire(tag: string, data: DataMap): void {
    this.fired.put({ tag, data });
    for (const [prefix, listener] of this.#listeners) {
      if (tag.startsWith(prefix)) listener({ tag, data });
    }
  }

  forward(): void {
    throw new Error("nobody forwards events here");
  }

  onEvent(prefix: string, listener: (event: SaltEvent) => void): () => void {
    this.#listeners.push([prefix, listener]);
    return () => {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A journal in memory. */
export class FakeJournal implements JobJournal {
  readonly entries = new Map<
    JournalEntry,
    { master: string; load: PublishLoad; result?: ReturnLoad }
  >();
  #last = 0;

  start(master: string, load: PublishLoad): JournalEntry {
    this.entries.set(this.#last += 1, { master, load });
    return this.#last;
  }

  finish(entry: JournalEntry, load: ReturnLoad): Kept {
    const job = this.entries.get(entry);
    if (job) job.result = load;
    return job === undefined ? "failed" : "kept";
  }

  remove(entry: JournalEntry): void {
    this.entries.delete(entry);
  }

  unsent(master: string, after: JournalEntry, limit: number): UnsentReturn[] {
    return [...this.entries]
      .filter(([entry, job]) => job.master === master && job.result && entry > after)
      .slice(0, limit).map(([entry, job]) => ({ entry, load: job.result! }));
  }

  recover(): number {
    return 0;
  }

  done(): string[] {
    return [];
  }

  jids(): string[] {
    return [...this.entries.values()].map(({ load }) => load.jid);
  }

  close(): void {}
}

/** What functions of the module `probe` wait for, and what they saw. */
export class Probe {
  /** Jobs that run `probe.wait`, as they begin. */
  readonly begun = new Inbox<string>();
  readonly #gates = new Map<string, PromiseWithResolvers<Data>>();

  gate(name: string): PromiseWithResolvers<Data> {
    const gate = this.#gates.get(name) ?? Promise.withResolvers<Data>();
    this.#gates.set(name, gate);
    return gate;
  }

  /** Modules whose functions do what the tests need. */
  registry(opts: MinionOpts, grains: DataMap): Promise<ModuleRegistry> {
    const name = { type: "string", doc: "A name.", required: true } as const;
    const probe = executionModule({
      name: "probe",
      doc: "For tests.",
      functions: {
        echo: fn({
          doc: "Gives its argument back.",
          args: { value: { type: "any", doc: "Anything." } },
          run: (_ctx, { value }) => value,
        }),
        wait: fn({
          doc: "Waits until the test opens its gate; does not listen to the signal.",
          args: { name },
          run: (ctx, args) => {
            this.begun.put(ctx.jid ?? "");
            return this.gate(args.name).promise;
          },
        }),
        pillar: fn({ doc: "The pillar.", args: {}, run: (ctx) => ctx.pillar }),
        fail: fn({
          doc: "Sets a return code.",
          args: {},
          out: "highstate",
          run: (ctx) => {
            ctx.context.retcode = 2;
            return "failed";
          },
        }),
      },
    });
    const saltutil = executionModule({
      name: "saltutil",
      doc: "For tests.",
      functions: {
        find_job: fn({
          doc: "A job that runs.",
          args: { jid: { type: "any", doc: "Its id.", required: true } },
          run: (ctx, { jid }) => {
            const job = ctx.minion.running().find((job) => job.jid === jid);
            return job ? { jid: job.jid, pid: job.pid } : {};
          },
        }),
        kill_job: fn({
          doc: "Kills a job.",
          args: { jid: { type: "any", doc: "Its id.", required: true } },
          run: (ctx, { jid }) => {
            ctx.minion.running().find((job) => job.jid === jid)?.abort("Killed with signal 9");
            return "killed";
          },
        }),
      },
    });
    return createRegistry([probe, saltutil], { opts, grains });
  }
}

/** A publication for everyone. */
export function job(jid: string, fun: string | string[], arg: Data[] = []): PublishLoad {
  return { fun, arg, tgt: "*", tgt_type: "glob", jid: jid as Jid, ret: "", user: "root" };
}

/** Parts of a minion that reach nothing outside of the test. */
export function fakeParts(
  master: FakeMaster,
  fakes: {
    bus?: FakeBus;
    clock?: FakeClock;
    journal?: JobJournal;
    probe?: Probe;
    grains?: DataMap;
  } = {},
): MinionParts {
  const probe = fakes.probe ?? new Probe();
  return {
    transport: master.transport,
    openChannel: master.openChannel,
    startBus: () => Promise.resolve(fakes.bus ?? new FakeBus()),
    loadGrains: (opts) => Promise.resolve({ ...(fakes.grains ?? { id: opts.id }) }),
    buildRegistry: ({ opts, grains }) => probe.registry(opts, grains),
    matches,
    openJournal: () => Promise.resolve(fakes.journal ?? new FakeJournal()),
    callBlocking: () => Promise.reject(new Error("no threads here")),
    resolver: {
      lookup: () => Promise.reject(new Error("no names here")),
      reachable: () => Promise.resolve(true),
    },
    clock: fakes.clock ?? new FakeClock(),
  };
}
