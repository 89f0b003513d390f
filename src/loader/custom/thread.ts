/**
 * The thread that loads and runs users' code.
 * @module
 */
import { CommandExecutionError } from "../../errors.ts";
import { addSink, getLogger } from "../../logging/mod.ts";
import type { ThreadPort } from "../../runtime/types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { errorOf, pack, plainError, read } from "../thread_values.ts";
import { ReturnerUnavailable } from "../returner_types.ts";
import { describe, type Loaded, memberOf } from "./contract.ts";
import { loadCustom } from "./load_file.ts";
import type { FromCustom, ToCustom } from "./messages.ts";

type Request = Extract<ToCustom, { kind: "describe" | "call" }>;

/** The thread's entry point. */
export function run(_data: unknown, port: ThreadPort): void {
  const thread = new CustomThread((message) => port.postMessage(message));
  port.onMessage((message) => thread.take(message as ToCustom));
}

class CustomThread {
  readonly #tell: (message: FromCustom) => void;
  readonly #waiting = new Map<number, { resolve(value: Data): void; reject(error: Error): void }>();
  #last = 0;
  #logLevelNo = 0;

  constructor(tell: (message: FromCustom) => void) {
    this.#tell = tell;
    addSink(
      (record) => tell({ kind: "log", record: { ...record, error: undefined } }),
      () => this.#logLevelNo,
    );
  }

  take(message: ToCustom): void {
    if (message.kind === "describe" || message.kind === "call") return void this.#do(message);
    const asker = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === "answer") asker?.resolve(read(message.value));
    else asker?.reject(errorOf(message.error));
  }

  async #do(request: Request): Promise<void> {
    this.#logLevelNo = request.logLevelNo;
    let loaded: Loaded;
    try {
      loaded = await loadCustom(request.file);
    } catch (error) {
      return this.#tell({ kind: "failed", error: located(error), atLoad: true });
    }
    try {
      if (request.kind === "describe") {
        const ctx = { opts: request.opts, grains: read(request.grains) as DataMap };
        const value = await describe(request.file, loaded, ctx);
        return this.#tell({ kind: "done", value: pack(value), retcode: 0, out: undefined });
      }
      await this.#call(request, loaded);
    } catch (error) {
      const atLoad = request.kind === "describe";
      this.#tell({ kind: "failed", error: located(error), atLoad });
    }
  }

  async #call(request: Extract<Request, { kind: "call" }>, loaded: Loaded): Promise<void> {
    const { file, member, services, opts } = request;
    const context: DataMap & { retcode: number } = { retcode: 0 };
    const ctx: Record<string, unknown> = {
      ...read(request.values) as DataMap,
      opts,
      context,
      log: getLogger(`saltx.custom.${file.kind}.${file.name}`),
      fail: (message: unknown) => {
        throw new CommandExecutionError(String(message));
      },
    };
    if (file.kind === "returners") {
      ctx["unavailable"] = (message: unknown) => {
        throw new ReturnerUnavailable(String(message));
      };
    }
    for (const service of services) {
      ctx[service] = (...args: Data[]) => this.#ask(service, args);
    }
    const args = read(request.args) as Data[];
    const value = await memberOf(file, loaded, member)(ctx, ...args);
    const { retcode, out } = context;
    this.#tell({
      kind: "done",
      value: pack(plain(value)),
      retcode: Number(retcode),
      out: typeof out === "string" ? out : undefined,
    });
  }

  #ask(service: string, args: Data[]): Promise<Data> {
    return new Promise((resolve, reject) => {
      const id = this.#last += 1;
      this.#waiting.set(id, { resolve, reject });
      this.#tell({ kind: "ask", id, service, args: pack(args.map(plain)) });
    });
  }
}

/** Errors of users' code have no classes of ours; their names count. */
function located(error: unknown): ReturnType<typeof plainError> {
  const plain = plainError(error);
  return error instanceof Error && plain.name === "Error" ? { ...plain, name: error.name } : plain;
}

/** What JavaScript has and Salt's wire has not. */
function plain(value: unknown): Data {
  if (value === undefined || value === null) return null;
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value instanceof Set || Array.isArray(value)) return [...value].map(plain);
  if (!isMap(value)) {
    return typeof value === "function" || typeof value === "symbol"
      ? String(value)
      : value as unknown as Data;
  }
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, plain(one)]));
}
