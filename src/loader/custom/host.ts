/**
 * Runs users' code on threads: one that hangs, throws or never stops computing is ended, and nothing
 * else with it. A thread that has done its work is kept for a while for the next one.
 * @module
 */
import { LoaderError } from "../../errors.ts";
import { lowestWanted, relay } from "../../logging/mod.ts";
import { runtime } from "../../runtime/mod.ts";
import type { WorkerThread } from "../../runtime/types.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { errorOf, pack, type PlainError, plainError, read } from "../thread_values.ts";
import type { CustomContext, CustomFile, CustomResult, FromCustom, ToCustom } from "./messages.ts";

/** Name of the entry point in `src/threads.ts`. */
export const CUSTOM_THREAD = "custom-code";

/** ms that a file may take to load. */
export const LOAD_LIMIT = 10_000;

/** Threads that are kept when they have nothing to do, and for how long in ms. */
const IDLE_THREADS = 2;
const IDLE_TIME = 60_000;

/** Functions of this process that users' code may call, by name. */
export type Services = Readonly<Record<string, (...args: Data[]) => Promise<Data> | Data>>;

/** How a call is made. */
export interface CallOptions extends Omit<CustomContext, "services"> {
  services?: Services;
  signal?: AbortSignal;
  /** ms it may take; without, it ends with the signal alone. */
  limit?: number;
}

/** A file with custom code cannot be used. The message has the file, and the line where it is known. */
export class CustomCodeError extends LoaderError {
  override name = "CustomCodeError";
}

interface Job {
  message: Extract<ToCustom, { kind: "describe" | "call" }>;
  file: CustomFile;
  services: Services;
  signal: AbortSignal | undefined;
  limit: number | undefined;
}

/** Threads of one process. */
export class CustomHost {
  readonly #idle = new Map<WorkerThread, ReturnType<typeof setTimeout>>();

  /**
   * Loads a file and says what it offers; see {@linkcode describe} in contract.ts.
   * @throws CustomCodeError when it cannot be loaded, or not within the limit.
   */
  async describe(
    file: CustomFile,
    { opts, grains }: { opts: object; grains: DataMap },
    limit = LOAD_LIMIT,
  ): Promise<DataMap> {
    const logLevelNo = lowestWanted();
    const message = { kind: "describe", file, opts, grains: pack(grains), logLevelNo } as const;
    const { value } = await this.#run({ message, file, services: {}, signal: undefined, limit });
    return value as DataMap;
  }

  /**
   * Calls a function of a file.
   * @throws what the function throws, CustomCodeError when the file cannot be loaded or the limit is
   * over, and the signal's reason.
   */
  call(
    file: CustomFile,
    member: string,
    args: readonly Data[],
    options: CallOptions,
  ): Promise<CustomResult> {
    const { opts, values, services = {}, signal, limit } = options;
    const message = {
      kind: "call",
      file,
      member,
      args: pack([...args]),
      opts,
      values: pack(values),
      services: Object.keys(services),
      logLevelNo: lowestWanted(),
    } as const;
    return this.#run({ message, file, services, signal, limit });
  }

  /** Ends the threads that have nothing to do. */
  async close(): Promise<void> {
    const threads = [...this.#idle.keys()];
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  async #run(job: Job): Promise<CustomResult> {
    job.signal?.throwIfAborted();
    const thread = this.#take();
    const { promise, resolve, reject } = Promise.withResolvers<CustomResult>();
    let usable = true;
    const broken = (error: unknown) => {
      usable = false;
      reject(error);
    };
    const onAbort = () => broken(job.signal?.reason);
    job.signal?.addEventListener("abort", onAbort, { once: true });
    const timer = job.limit === undefined ? undefined : setTimeout(() => {
      const seconds = job.limit! / 1000;
      broken(new CustomCodeError(`${job.file.path} does not come to an end within ${seconds} s`));
    }, job.limit);
    thread.listener = {
      message: (message) => this.#hear(thread.thread, job, message, resolve, reject),
      exit: (error) => {
        const why = error?.message ?? "it ended the thread";
        broken(new CustomCodeError(`${job.file.path} cannot go on: ${why}`));
      },
    };
    thread.thread.postMessage(job.message);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      job.signal?.removeEventListener("abort", onAbort);
      thread.listener = null;
      if (usable) this.#keep(thread);
      else void thread.thread.terminate();
    }
  }

  #hear(
    thread: WorkerThread,
    job: Job,
    message: FromCustom,
    resolve: (result: CustomResult) => void,
    reject: (error: unknown) => void,
  ): void {
    if (message.kind === "log") return relay(message.record);
    if (message.kind === "ask") return void answer(thread, job.services, message);
    if (message.kind === "failed") {
      return reject(
        message.atLoad ? loadError(job.file, message.error) : callError(message.error),
      );
    }
    const { retcode, out } = message;
    resolve({ value: read(message.value), retcode, ...(out === undefined ? {} : { out }) });
  }

  #take(): HostThread {
    for (const [thread, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(thread);
      thread.keepsAlive(true);
      const known = threads.get(thread);
      if (known) return known;
    }
    return startThread();
  }

  #keep({ thread, ended }: HostThread): void {
    if (ended) return;
    if (this.#idle.size >= IDLE_THREADS) return void thread.terminate();
    thread.keepsAlive(false);
    const timer = setTimeout(() => {
      this.#idle.delete(thread);
      void thread.terminate();
    }, IDLE_TIME);
    timer.unref?.();
    this.#idle.set(thread, timer);
  }
}

interface HostThread {
  thread: WorkerThread;
  ended: boolean;
  listener: { message(message: FromCustom): void; exit(error: Error | undefined): void } | null;
}

const threads = new WeakMap<WorkerThread, HostThread>();

function startThread(): HostThread {
  const thread = runtime.spawnThread(CUSTOM_THREAD, null);
  const entry: HostThread = { thread, ended: false, listener: null };
  threads.set(thread, entry);
  thread.onMessage((message) => entry.listener?.message(message as FromCustom));
  thread.onExit((_code, error) => {
    entry.ended = true;
    entry.listener?.exit(error);
  });
  return entry;
}

async function answer(
  thread: WorkerThread,
  services: Services,
  { id, service, args }: Extract<FromCustom, { kind: "ask" }>,
): Promise<void> {
  const tell = (message: ToCustom) => thread.postMessage(message);
  try {
    const work = Object.hasOwn(services, service) ? services[service] : undefined;
    if (!work) throw new Error(`There is no ${service} here`);
    const value = await work(...read(args) as Data[]);
    tell({ kind: "answer", id, value: pack(value ?? null) });
  } catch (error) {
    tell({ kind: "refusal", id, error: plainError(error) });
  }
}

/** What is wrong with a file and, where the error says so, in which line. */
function loadError(file: CustomFile, plain: PlainError): CustomCodeError {
  const line = lineOf(file.path, `${plain.message}\n${plain.stack ?? ""}`);
  const at = line === undefined ? "" : `, line ${line}`;
  const text = plain.message.split("\n")[0]!;
  return new CustomCodeError(`${file.path}${at}: ${text}`);
}

function callError(plain: PlainError): Error {
  const error = errorOf(plain);
  if (!["Error", plain.name].includes(error.name)) return error;
  error.name = plain.name;
  return error;
}

/** The first line of a file that the text names: `path:3`, `file:///path?v=1:3:18`. */
export function lineOf(path: string, text: string): number | undefined {
  const name = encodeURI(path).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const plain = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = new RegExp(`(?:${name}|${plain})(?:\\?v=[^:\\s]*)?:(\\d+)`).exec(text);
  return found ? Number(found[1]) : undefined;
}

/** The threads of this process. */
export const customHost = new CustomHost();
