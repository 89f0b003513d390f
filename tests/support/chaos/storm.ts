/**
 * A cluster of masters under commands, in which masters, Redis and minions are killed, paused and cut
 * off at random. What happens follows from a seed; when it hits depends on the machine.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterJid, currentJid } from "../../../src/text/jid.ts";
import type { Jid } from "../../../src/types/mod.ts";
import type { Lab } from "../lab.ts";
import type { Minion } from "../minion.ts";
import { Random } from "../random.ts";
import { RedisServer } from "../redis_server.ts";
import { until } from "../until.ts";
import { ChaosMaster } from "./master.ts";
import { type Ledger, readLedger } from "./ledger.ts";
import type { Archipelago } from "./network.ts";

/** How long and how wild. */
export interface StormRules {
  seed: number;
  /** ms of commands and mischief. */
  duration: number;
  minions: number;
  /** Commands a second. */
  rate: number;
  say(line: string): void;
}

/** Something that was done to somebody; times in ms since 1970, until it was put right. */
export interface Act {
  what: string;
  whom: string;
  from: number;
  to: number;
}

/** How a storm went. */
export interface StormReport extends Ledger {
  /** How often what was done to whom. */
  mischief: Record<string, number>;
  /** What was done, in its order. */
  history: readonly Act[];
  commands: number;
  taken: number;
}

const MASTERS = 3;

/** Runs a storm and gives its books once all is calm and merged. */
export async function runStorm(
  lab: Lab,
  network: Archipelago | null,
  rules: StormRules,
): Promise<StormReport> {
  const storm = new Storm(lab, network, rules);
  await storm.begin();
  const from = Date.now();
  await Promise.all([storm.command(), storm.mischief()]);
  const to = Date.now();
  try {
    await storm.calm();
    return await storm.report(from, to);
  } finally {
    storm.close();
  }
}

class Storm {
  readonly #lab: Lab;
  readonly #network: Archipelago | null;
  readonly #rules: StormRules;
  readonly #random: Random;
  readonly #marks: string;
  readonly #counts: Record<string, number> = {};
  readonly #history: Act[] = [];
  readonly #away = new Map<string, [number, number][]>();
  readonly #busy = new Set<string>();
  readonly #acts = new Set<Promise<void>>();
  #masters: ChaosMaster[] = [];
  #minions: Minion[] = [];
  #redis!: RedisServer;
  #redisPid = 0;
  #end = 0;
  #commands = 0;
  #jid: Jid | undefined;

  constructor(lab: Lab, network: Archipelago | null, rules: StormRules) {
    this.#lab = lab;
    this.#network = network;
    this.#rules = rules;
    this.#random = new Random(rules.seed);
    this.#marks = join(lab.root, "marks");
  }

  async begin(): Promise<void> {
    await mkdir(this.#marks);
    const password = "only for the storm";
    const bind = this.#network ? ["--bind", "0.0.0.0"] : [];
    this.#redis = await RedisServer.start(this.#lab, { password, args: bind });
    this.#redisPid = await this.#pidOfRedis();
    this.#masters = await Promise.all(
      Array.from(
        { length: MASTERS },
        (_, i) =>
          ChaosMaster.start(this.#lab, `m${i + 1}`, this.#redis, this.#network?.islands[i] ?? null),
      ),
    );
    const addresses = this.#masters.map(({ address }) => address);
    this.#minions = await Promise.all(
      Array.from({ length: this.#rules.minions }, async (_, i) => {
        const turn = i % MASTERS;
        const minion = await this.#lab.minion("saltx", `n${i + 1}`, this.#masters[0]!, {
          master: [...addresses.slice(turn), ...addresses.slice(0, turn)],
          // Each master tells where it publishes.
          publish_port: 4506,
          master_type: "failover",
          master_alive_interval: 2,
          auth_timeout: 3,
          log_level: "warning",
        });
        return await minion.start();
      }),
    );
    for (const minion of this.#minions) await minion.ready();
  }

  /** Issues commands on random masters, each for one to three minions. */
  async command(): Promise<void> {
    this.#end = Date.now() + this.#rules.duration;
    const random = new Random(this.#rules.seed + 1);
    const begun = Date.now();
    while (Date.now() < this.#end) {
      const ids = new Set(
        Array.from({ length: 1 + random.below(3) }, () => random.pick(this.#minions).id),
      );
      this.#jid = currentJid(this.#jid);
      const jid = clusterJid(this.#jid);
      const work = `echo ${jid} $(date +%s%3N) >> ${this.#marks}/$TEST_MINION; echo done ${jid}`;
      random.pick(this.#masters).command({ jid, ids: [...ids], work });
      this.#commands += 1;
      await sleep(Math.max(0, begun + this.#commands * 1000 / this.#rules.rate - Date.now()));
    }
  }

  /** Does something to somebody every few seconds; never to all masters at once. */
  async mischief(): Promise<void> {
    await sleep(1000);
    while (Date.now() < this.#end) {
      const act = this.#pick();
      if (act) {
        const running: Promise<void> = act().finally(() => this.#acts.delete(running));
        this.#acts.add(running);
      }
      await sleep(1000 + this.#random.below(2500));
    }
  }

  /** Waits until all are back and the masters have told each other everything. */
  async calm(): Promise<void> {
    await Promise.all(this.#acts);
    this.#rules.say("calm: waiting for the last returns");
    await until("all minions to answer through every master", async () => {
      const sets = await Promise.all(this.#masters.map((master) => master.present()));
      return sets.every((ids) => ids.length === this.#minions.length);
    }, 120_000);
    const settled = async () => {
      const { lost, different } = await this.report(0, 0);
      return lost.length + different.length === 0;
    };
    await until("the masters to agree", settled, 60_000).catch(() => {});
  }

  close(): void {
    for (const master of this.#masters) master.stop();
  }

  async report(from: number, to: number): Promise<StormReport> {
    const ledger = await readLedger({
      marks: this.#marks,
      ids: this.#minions.map(({ id }) => id),
      cacheDirs: this.#masters.map(({ cacheDir }) => cacheDir),
      away: this.#away,
      from,
      to,
    });
    const taken = this.#masters.reduce((sum, master) => sum + master.taken, 0);
    const known = { mischief: this.#counts, history: this.#history, commands: this.#commands };
    return { ...ledger, ...known, taken };
  }

  #pick(): (() => Promise<void>) | null {
    const kind = this.#random.pick(["master", "master", "redis", "minion", "minion"]);
    const way = this.#random.below(3);
    const time = 1000 + this.#random.below(6000);
    if (kind === "minion") {
      const minion = this.#random.pick(this.#minions);
      return this.#once(minion.id, () => this.#harmMinion(minion, way, time));
    }
    if (kind === "redis") return this.#once("redis", () => this.#harmRedis(way, time));
    const master = this.#random.pick(this.#masters);
    const harmed = this.#masters.filter(({ name }) => this.#busy.has(name)).length;
    if (harmed >= MASTERS - 1) return null;
    return this.#once(master.name, () => this.#harmMaster(master, way, time));
  }

  #once(name: string, act: () => Promise<void>): (() => Promise<void>) | null {
    if (this.#busy.has(name)) return null;
    this.#busy.add(name);
    return () =>
      act().finally(() => {
        this.#busy.delete(name);
        const last = this.#history.findLast(({ whom }) => whom === name);
        if (last) last.to = Date.now();
      });
  }

  async #harmMaster(master: ChaosMaster, way: number, time: number): Promise<void> {
    if (way === 0) {
      this.#note(`kill master`, master.name, time);
      await master.kill();
      await sleep(time);
      await master.resume();
    } else if (way === 1 && master.island) {
      this.#note(`cut off master`, master.name, time);
      await master.island.cut();
      await sleep(time);
      await master.island.join();
    } else {
      this.#note(`pause master`, master.name, time);
      await paused(master.pid, time);
    }
  }

  async #harmRedis(way: number, time: number): Promise<void> {
    if (way === 0) {
      this.#note("kill redis", "redis", time);
      await this.#redis.kill();
      await sleep(time);
      await this.#redis.resume();
      this.#redisPid = await this.#pidOfRedis();
    } else {
      this.#note("pause redis", "redis", time);
      await paused(this.#redisPid, time);
    }
  }

  async #harmMinion(minion: Minion, way: number, time: number): Promise<void> {
    const from = Date.now();
    if (way === 0) {
      this.#note("kill minion", minion.id, time);
      await minion.stop("SIGKILL");
      await sleep(time / 3);
      await minion.start();
      await minion.ready();
    } else {
      this.#note("pause minion", minion.id, time);
      await paused(minion.daemon.pid, time);
    }
    const times = this.#away.get(minion.id) ?? [];
    this.#away.set(minion.id, [...times, [from, Date.now()]]);
  }

  #note(what: string, whom: string, time: number): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
    this.#history.push({ what, whom, from: Date.now(), to: Infinity });
    this.#rules.say(`${what} ${whom} for ${time} ms`);
  }

  async #pidOfRedis(): Promise<number> {
    return Number(/process_id:(\d+)/.exec(await this.#redis.command("INFO", "server"))?.[1]);
  }
}

async function paused(pid: number, time: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await sleep(time);
  process.kill(pid, "SIGCONT");
}
