/**
 * Gathers returns of the lower master's minions into what goes upward. No I/O.
 * (`salt/minion.py:SyndicManager._process_event, Minion._return_pub_multi`)
 * @module
 */
import type { Data, DataMap, PublishLoad } from "../../types/mod.ts";

/** What of a return goes upward; the rest is the same for all minions of a job. */
const FIELDS = ["return", "retcode", "success", "fun_args"];

/** Returns gathered of one job; more begin another load. */
const MOST = 1000;

/** Where the load of a job is looked up. */
export type FindLoad = (jid: string) => PublishLoad | null;

/** Returns by job, until they are taken. */
export class ReturnBundle {
  readonly #id: string;
  readonly #findLoad: FindLoad;
  /** Jobs of which the load went upward. */
  readonly #told = new Set<string>();
  readonly #mostTold: number;
  #loads = new Map<string, DataMap & { return: DataMap }>();
  #full: DataMap[] = [];

  /** @param mostTold `syndic_jid_forward_cache_hwm` */
  constructor(id: string, findLoad: FindLoad, mostTold: number) {
    this.#id = id;
    this.#findLoad = findLoad;
    this.#mostTold = mostTold;
  }

  get isEmpty(): boolean {
    return this.#loads.size + this.#full.length === 0;
  }

  /**
   * Takes a return.
   * @param known Whether the master above has the load of the job already.
   */
  add(jid: string, ret: DataMap, known: boolean): void {
    let load = this.#loads.get(jid);
    if (!load) {
      const job = known || this.#told.has(jid) ? null : this.#findLoad(jid);
      load = { id: this.#id, jid, fun: ret["fun"] ?? null, return: {} };
      load["load"] = (job ?? {}) as DataMap;
      for (const name of ["arg", "tgt", "tgt_type"]) load[name] = (job?.[name] ?? null) as Data;
      if (ret["master_id"] !== undefined) load["master_id"] = ret["master_id"];
      if (typeof ret["out"] === "string") load["out"] = ret["out"];
      this.#loads.set(jid, load);
      this.#tell(jid);
    }
    const item: DataMap = {};
    for (const name of FIELDS) if (ret[name] !== undefined) item[name] = ret[name];
    load.return[String(ret["id"])] = item;
    if (Object.keys(load.return).length < MOST) return;
    this.#full.push(load);
    this.#loads.delete(jid);
  }

  /** What has been gathered: a load for each job. */
  take(): DataMap[] {
    const loads = [...this.#full, ...this.#loads.values()];
    this.#loads = new Map();
    this.#full = [];
    return loads;
  }

  #tell(jid: string): void {
    this.#told.add(jid);
    for (const oldest of this.#told) {
      if (this.#told.size <= this.#mostTold) break;
      this.#told.delete(oldest);
    }
  }
}
