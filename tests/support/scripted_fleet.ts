/**
 * A master that does what a test tells it, behind the contracts of transport and event bus.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type ClientOpts, keyFilePath, LocalClient } from "../../src/client/mod.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import { MemoryNetwork } from "../../src/transport/memory/mod.ts";
import { type Data, type DataMap, isMap } from "../../src/types/mod.ts";
import { StepClock } from "./step_clock.ts";
import { MemoryBus } from "./memory_bus.ts";

const URI = "memory://master";

/** What a scripted minion does with a job. */
export interface ScriptedMinion {
  /** ms until it returns; Infinity: never. */
  after?: number;
  /** The same for `test.ping`, where that differs. */
  pingAfter?: number;
  ret?: Data;
  retcode?: Data;
  out?: string;
  /** Whether it answers `saltutil.find_job`, and for how long it says that it works. */
  silent?: boolean;
  worksUntil?: number;
}

/** A publication as the master got it. */
export interface Publication {
  load: DataMap;
  at: number;
  subscriptions: number;
}

/** The master, its minions, and a client of it, all on one fake clock. */
export class ScriptedFleet {
  readonly clock = new StepClock();
  readonly bus = new MemoryBus();
  readonly network = new MemoryNetwork();
  readonly publications: Publication[] = [];
  readonly minions: Record<string, ScriptedMinion>;
  readonly cachedir = mkdtempSync(join(tmpdir(), "saltx-client-"));
  /** Answers a clear command in place of the script when it gives something. */
  override?: (load: DataMap) => Data | undefined;
  missing: string[] = [];
  notConnected: string[] = [];
  readonly opts: ClientOpts;

  constructor(minions: Record<string, ScriptedMinion>, opts: Partial<ClientOpts> = {}) {
    this.minions = minions;
    this.opts = {
      interface: "127.0.0.1",
      ret_port: 4506,
      cachedir: this.cachedir,
      sock_dir: this.cachedir,
      user: userInfo().username,
      timeout: 5,
      gather_job_timeout: 10,
      nodegroups: {},
      order_masters: false,
      syndic_wait: 5,
      ext_job_cache: "",
      ...opts,
    };
    this.setKey("the-key");
    this.network.serve(URI, (payload) => Promise.resolve(packWire(this.#answer(payload))));
  }

  /** Writes the key file of whoever runs the test. */
  setKey(key: string): void {
    writeFileSync(keyFilePath(this.cachedir, this.opts.user), key);
  }

  /** A client that acts as the master's user. */
  async client(env: Record<string, string> = {}): Promise<LocalClient> {
    return new LocalClient({
      opts: this.opts,
      requests: await this.network.factory().requestClient(URI),
      openEvents: () => Promise.resolve(this.bus.client()),
      clock: this.clock,
      env,
    });
  }

  #answer(payload: Uint8Array): Data {
    const envelope = unpack(payload);
    const load = isMap(envelope) ? envelope["load"] : null;
    if (!isMap(load)) return "bad load";
    const other = this.override?.(load);
    if (other !== undefined) return other;
    return load["cmd"] === "publish" ? this.#publish(load) : {};
  }

  #publish(load: DataMap): Data {
    const { subscriptions } = this.bus;
    this.publications.push({ load, at: this.clock.now(), subscriptions });
    const jid = String(load["jid"]);
    const wanted = load["tgt"];
    const ids = Object.keys(this.minions).filter((id) =>
      Array.isArray(wanted) ? wanted.includes(id) : wanted === "*" || wanted === id
    );
    if (ids.length === 0) {
      return { enc: "clear", load: { jid: null, minions: [], error: "nobody" } };
    }
    this.bus.fire(`salt/job/${jid}/new`, { jid, minions: ids, missing: this.missing });
    for (const id of ids) {
      if (!this.notConnected.includes(id)) void this.#runOn(id, jid, load);
    }
    return {
      enc: "clear",
      load: { jid, minions: ids, missing: this.missing, not_connected: this.notConnected },
    };
  }

  async #runOn(id: string, jid: string, load: DataMap): Promise<void> {
    const minion = this.minions[id] ?? {};
    if (load["fun"] === "saltutil.find_job") {
      if (minion.silent) return;
      const wanted = Array.isArray(load["arg"]) ? load["arg"][0] ?? null : null;
      const works = (minion.worksUntil ?? 0) > this.clock.now();
      this.sendReturn(id, jid, {
        fun: load["fun"] as string,
        return: works ? { jid: wanted } : {},
      });
      return;
    }
    const ping = load["fun"] === "test.ping" && minion.pingAfter !== undefined;
    const { ret = true, retcode = 0, out }: ScriptedMinion = ping ? {} : minion;
    const after = (ping ? minion.pingAfter : minion.after) ?? 0;
    if (after === Infinity) return;
    if (after > 0) await this.clock.wait(after);
    this.sendReturn(id, jid, {
      fun: load["fun"] ?? null,
      return: ret,
      retcode,
      ...(out === undefined ? {} : { out }),
    });
  }

  /** Fires a return as the master does. */
  sendReturn(id: string, jid: string, data: DataMap): void {
    this.bus.fire(`salt/job/${jid}/ret/${id}`, { id, jid, retcode: 0, success: true, ...data });
  }

  [Symbol.dispose](): void {
    rmSync(this.cachedir, { recursive: true, force: true });
  }
}
