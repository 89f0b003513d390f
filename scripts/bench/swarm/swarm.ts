/**
 * A swarm of simulated minions in some processes.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Behaviour } from "./behaviour.ts";
import { ensureKeys } from "./keys.ts";
import type { Order, ProcessConfig, Report } from "./process.ts";
import { emptyTally, type Tally } from "./tally.ts";

/** What a swarm is made of. */
export interface SwarmOptions {
  /** Minions in all. */
  count: number;
  /** Processes that share them. */
  processes: number;
  behaviour: Behaviour;
  /** Minions that keep their request connection, where descriptors do not suffice for all. */
  keeping?: number;
  /** Program that runs TypeScript: Node. */
  node: string;
  /** argv in front of it: where it runs. */
  within?: readonly string[];
  /** Where the key pairs of the minions are kept between runs. */
  keyFolder: string;
}

/** What all processes together reported. `seconds` is that of the slowest. */
export interface SwarmReport {
  tally: Tally;
  seconds: number;
  cpu: number;
  failures: string[];
  /** Files that one process may have open. */
  openFiles: number;
}

/** Ids of a swarm: `sim-0` … */
export function swarmIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `sim-${i}`);
}

/** Its processes; `await using` ends them. */
export class Swarm implements AsyncDisposable {
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  static async start(options: SwarmOptions): Promise<Swarm> {
    await ensureKeys(options.keyFolder, options.count);
    const ids = swarmIds(options.count);
    const of = options.processes;
    const share = Math.ceil(ids.length / of);
    const { keyFolder, behaviour } = options;
    const node = [...options.within ?? [], options.node];
    const workers = Array.from({ length: of }, (_, index) => {
      const from = index * share;
      const own = ids.slice(from, from + share);
      const keeping = Math.min(own.length, Math.ceil((options.keeping ?? Infinity) / of));
      return new Worker(node, { index, of, from, ids: own, keyFolder, behaviour, keeping });
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

const COUNTS = [
  "signIns",
  "resumes",
  "jobs",
  "returns",
  "events",
  "pieces",
  "packetsLost",
  "comebacks",
  "errors",
] as const;

function merge(reports: Report[]): SwarmReport {
  const tally = emptyTally();
  for (const report of reports) {
    for (const name of COUNTS) tally[name] += report.tally[name];
    tally.reasons.push(...report.tally.reasons);
    for (const [cmd, values] of Object.entries(report.tally.latencies)) {
      tally.latencies[cmd] = (tally.latencies[cmd] ?? []).concat(values);
    }
  }
  return {
    tally,
    seconds: Math.max(...reports.map(({ ms }) => ms)) / 1000,
    cpu: reports.reduce((sum, { cpu }) => sum + cpu, 0),
    failures: reports.flatMap(({ failures }) => failures),
    openFiles: Math.min(...reports.map(({ openFiles }) => openFiles)),
  };
}

/** One process of the swarm. */
class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(node: readonly string[], config: ProcessConfig) {
    const script = join(import.meta.dirname ?? ".", "process.ts");
    if (!existsSync(script)) throw new Error(`${script} is missing`);
    const [program = "", ...first] = node;
    this.#child = spawn(program, [
      ...first,
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
