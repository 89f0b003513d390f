/**
 * Brings returns, jobs and events to returners, over the times when their servers are away.
 * @module
 */
import { OutboxFile } from "../../cache/outbox.ts";
import { OutboxSender, type SendItems } from "../../cache/outbox_sender.ts";
import { messageOf } from "../../errors.ts";
import { type OpenReturner, ReturnerUnavailable } from "../../loader/returner_types.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { Returners } from "./mod.ts";

const log = getLogger("saltx.returners");

/** What is stored, by the returner's function. */
export type ReturnerWrite = "returner" | "save_load" | "event_return";

/** The name of a queue: its order is kept. */
function queueName(returner: string): string {
  return `returner ${returner}`;
}

/** An item as the outbox keeps it. */
function itemOf(write: ReturnerWrite, data: DataMap): DataMap {
  return { write, data };
}

/** Options that bound an outbox, and where it is. */
export interface OutboxOpts {
  readonly cachedir: string;
  readonly outbox_max_entries: number;
  readonly outbox_max_bytes: number;
}

/** Opens the outbox of a minion or master. */
export function openOutbox(opts: OutboxOpts): OutboxFile {
  const { cachedir, outbox_max_entries: entries, outbox_max_bytes: bytes } = opts;
  return new OutboxFile(cachedir, { entries, bytes });
}

/** Puts something in. False: it could not be kept. */
export function enqueue(
  file: OutboxFile,
  returner: string,
  write: ReturnerWrite,
  data: DataMap,
): boolean {
  return file.add(queueName(returner), itemOf(write, data));
}

/** Puts several things in at once. */
export function enqueueAll(
  file: OutboxFile,
  returner: string,
  write: ReturnerWrite,
  data: readonly DataMap[],
): boolean {
  return file.addAll(queueName(returner), data.map((one) => itemOf(write, one)));
}

/** Sends what is in the outbox, in one process of a minion or master. */
export class ReturnerOutbox {
  readonly #file: OutboxFile;
  readonly #returners: Returners;
  readonly #sender: OutboxSender;

  constructor(
    file: OutboxFile,
    returners: Returners,
    sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  ) {
    this.#file = file;
    this.#returners = returners;
    this.#sender = new OutboxSender({
      file,
      sleep,
      passes: (error) => error instanceof ReturnerUnavailable,
      send: (queue) => this.#send(queue.slice(queueName("").length)),
    });
  }

  /** Keeps something for each of some returners and sends it. What cannot be done is told in the log. */
  async deliver(names: readonly string[], write: ReturnerWrite, data: DataMap): Promise<void> {
    for (const name of names) {
      try {
        const returner = await this.#returners.get(name);
        if (!returner[write]) {
          log.error(`Returner '${name}' does not support function ${write}`);
        } else if (enqueue(this.#file, name, write, data)) this.#sender.wake(queueName(name));
        else await store(returner, write, [data], false);
      } catch (error) {
        log.error(messageOf(error));
      }
    }
  }

  /** Sends what waits, from earlier or from another thread. */
  wake(returner?: string): void {
    this.#sender.wake(returner === undefined ? undefined : queueName(returner));
  }

  /** Gives what is under way at most `ms`, then stops; the rest is sent after the next start. */
  async close(ms: number): Promise<void> {
    await this.#sender.drain(ms);
    await this.#sender.close();
    await this.#returners.reset();
    this.#file.close();
  }

  #send(name: string): SendItems {
    return async (items, { again }) => {
      const returner = await this.#returners.get(name);
      for (const { write, data } of runs(items)) await store(returner, write, data, again);
    };
  }
}

/** Stores things of one kind. */
async function store(
  returner: OpenReturner,
  write: ReturnerWrite,
  data: readonly DataMap[],
  again: boolean,
): Promise<void> {
  if (write === "returner") await returner.returner?.(data, { again });
  else if (write === "event_return") await returner.event_return?.(data, { again });
  else for (const { jid, load, minions } of data) await saveLoad(returner, jid, load, minions);
}

async function saveLoad(
  returner: OpenReturner,
  jid: Data | undefined,
  load: Data | undefined,
  minions: Data | undefined,
): Promise<void> {
  const ids = Array.isArray(minions) ? minions.map(String) : null;
  await returner.save_load?.(String(jid), isMap(load) ? load : {}, ids);
}

/** Items of one kind that follow each other, together. */
function runs(items: readonly DataMap[]): { write: ReturnerWrite; data: DataMap[] }[] {
  const found: { write: ReturnerWrite; data: DataMap[] }[] = [];
  for (const item of items) {
    const write = item["write"] as ReturnerWrite;
    const data = isMap(item["data"]) ? item["data"] : {};
    const last = found.at(-1);
    if (last?.write === write) last.data.push(data);
    else found.push({ write, data: [data] });
  }
  return found;
}
