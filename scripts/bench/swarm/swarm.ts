/**
 * A swarm of simulated minions in some processes.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { generateRsaKeyPair, type KeyPair } from "../../../src/crypt/mod.ts";
import { type Behaviour, emptyTally, type Tally } from "./minion.ts";
import type { Order, ProcessConfig, Report } from "./process.ts";

/** What a swarm is made of. */
export interface SwarmOptions {
  /** Minions in all. */
  count: number;
  /** Processes that share them. */
  processes: number;
  behaviour: Behaviour;
  /** Program that runs TypeScript: Node. */
  node: string;
  /** Where the key pairs of the minions are kept between runs. */
  keyFile: string;
  /** Key pairs that the minions share in turn; making one takes a tenth of a second. */
  keyPairs: number;
}

/** What all processes together reported. `seconds` is that of the slowest. */
export interface SwarmReport {
  tally: Tally;
  seconds: number;
  cpu: number;
  failures: string[];
}

/** Ids of a swarm: `sim-0` … */
export function swarmIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `sim-${i}`);
}

/** The key pairs in a file, made where they are missing. */
export async function ensureKeys(file: string, count: number): Promise<KeyPair[]> {
  const text = await readFile(file, "utf8").catch(() => "[]");
  const pairs = JSON.parse(text) as KeyPair[];
  while (pairs.length < count) pairs.push(await generateRsaKeyPair());
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(pairs), { mode: 0o600 });
  return pairs;
}

/** Its processes; `await using` ends them. */
export class Swarm implements AsyncDisposable {
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  static async start(options: SwarmOptions): Promise<Swarm> {
    await ensureKeys(options.keyFile, options.keyPairs);
    const ids = swarmIds(options.count);
    const of = options.processes;
    const share = Math.ceil(ids.length / of);
    const { keyFile, behaviour, node } = options;
    const workers = Array.from({ length: of }, (_, index) => {
      const own = ids.slice(index * share, (index + 1) * share);
      return new Worker(node, { index, of, ids: own, keyFile, behaviour });
    });
    return new Swarm(workers);
  }

  /** Gives all processes the same order and waits for all. */
  async order(order: Order): Promise<SwarmReport> {
    const reports = await Promise.all(this.#workers.map((worker) => worker.order(order)));
    return merge(reports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}

function merge(reports: Report[]): SwarmReport {
  const tally = emptyTally();
  for (const report of reports) {
    for (const name of ["signIns", "jobs", "returns", "events", "errors"] as const) {
      tally[name] += report.tally[name];
    }
    for (const [cmd, values] of Object.entries(report.tally.latencies)) {
      tally.latencies[cmd] = (tally.latencies[cmd] ?? []).concat(values);
    }
  }
  return {
    tally,
    seconds: Math.max(...reports.map(({ ms }) => ms)) / 1000,
    cpu: reports.reduce((sum, { cpu }) => sum + cpu, 0),
    failures: reports.flatMap(({ failures }) => failures),
  };
}

/** One process of the swarm. */
class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(node: string, config: ProcessConfig) {
    const script = join(import.meta.dirname ?? ".", "process.ts");
    if (!existsSync(script)) throw new Error(`${script} is missing`);
    this.#child = spawn(node, [
      "--disable-warning=ExperimentalWarning",
      script,
      JSON.stringify(config),
    ], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!this.#child.stdout) throw new Error("no output");
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async order(order: Order): Promise<Report> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("a process of the swarm ended");
    return JSON.parse(value) as Report;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end(`${JSON.stringify({ do: "stop" } satisfies Order)}\n`);
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(force);
    this.#reader.close();
  }
}
