/**
 * How a master does as its fleet grows: each figure for some numbers of simulated minions.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ask } from "../../tests/support/raw_request.ts";
import { runCommand } from "../../tests/support/commands.ts";
import { commandOf, type Software } from "../../tests/support/software.ts";
import { messageOf } from "../../src/errors.ts";
import { openFilesLimit } from "../../src/master/open_files.ts";
import { nodeProgram } from "../node_program.ts";
import { cpuOf, memoryOf, single, type Spread, spreadOf, watchMemory } from "./measure.ts";
import type { Row } from "./report.ts";
import { Subject } from "./subject.ts";
import { type Behaviour, plainBehaviour } from "./swarm/behaviour.ts";
import type { Order } from "./swarm/process.ts";
import { Swarm, type SwarmReport } from "./swarm/swarm.ts";

const root = resolve(import.meta.dirname ?? ".", "../..");

/** Processes of the swarm: it shares the cores with the master that it measures. */
export const SWARM_PROCESSES = 2;

/** Descriptors that a master needs besides those of its minions. */
const OWN_FILES = 500;

/** ms in which minions that lost their master try again, as saltx and Salt minions spread it. */
const RECONNECT_MS = 10_000;

/** First packets a second that a RAET master takes here: all of a swarm come from one address. */
const HELLOS = 5000;

/** From so many minions on, memory is looked at again after a rest. */
const MANY = 1000;

/** s of that rest, the same for all software. */
const REST = 30;

/** Times that all are pinged. */
const BROADCASTS = 3;

/** What was measured with one number of minions; seconds, MiB. */
export interface Point {
  software: Software;
  minions: number;
  connect?: number;
  broadcast?: number;
  memory?: number;
  /** The most of it until then. */
  peak?: number;
  /** The same after a rest, in which nothing is asked of the master; of large fleets alone. */
  rest?: number;
  herd?: number;
}

/** Minions that can keep both connections: the master's descriptors are what limits that. */
async function connectionsKept(count: number): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  // The master raises its limit to the hard one.
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  const files = Number(hard ?? openFilesLimit(limits) ?? Infinity);
  return Math.max(0, Math.min(count, files - count - OWN_FILES));
}

/** A swarm against a subject's master. */
export async function startSwarm(
  subject: Subject,
  count: number,
  { within, ...behaviour }: Partial<Behaviour> & { within?: readonly string[] } = {},
): Promise<Swarm> {
  const { host, requestPort } = subject.master.endpoint;
  return await Swarm.start({
    count,
    processes: Math.min(SWARM_PROCESSES, count),
    keeping: await connectionsKept(count),
    behaviour: {
      ...plainBehaviour,
      host,
      requestPort,
      ...behaviour,
    },
    node: nodeProgram(),
    within: within ?? [],
    keyFolder: join(root, ".cache", "bench", "keys"),
  });
}

/** Throws what the swarm says went wrong. */
export function checked(report: SwarmReport, what: string): SwarmReport {
  if (report.failures.length > 0) throw new Error(`${what}: ${report.failures[0]}`);
  return report;
}

/** How a number of minions is measured. */
export interface ScaleOptions {
  transport: "zeromq" | "raet";
  /** s that all of it may take once the swarm stands. */
  limit: number;
}

/** Rows and point of what was measured, and why the rest was not. */
export interface ScaleFigures {
  rows: Row[];
  point: Point;
  missing: string | null;
}

/** Connects `count` minions, commands them, loses the master and waits until all are back. */
export async function scaleFigures(
  software: Software,
  count: number,
  options: ScaleOptions,
): Promise<ScaleFigures> {
  const found: ScaleFigures = { rows: [], point: { software, minions: count }, missing: null };
  const { transport } = options;
  const raet = transport === "raet" ? { transport, raet_hello_rate: HELLOS } : {};
  await using subject = await Subject.start(software, raet);
  await using swarm = await startSwarm(subject, count, {
    reconnectMs: RECONNECT_MS,
    resumes: software === "saltx",
    transport,
  });
  try {
    await new ScaleRun(subject, swarm, count, found, options.limit).run();
  } catch (error) {
    // A command that took too long has thousands of lines to show.
    found.missing = messageOf(error).split("\n", 1)[0] ?? "";
  }
  return found;
}

/** One number of minions on one master. */
class ScaleRun {
  readonly #subject: Subject;
  readonly #swarm: Swarm;
  readonly #count: number;
  readonly #found: ScaleFigures;
  readonly #end: number;

  constructor(subject: Subject, swarm: Swarm, count: number, found: ScaleFigures, limit: number) {
    this.#subject = subject;
    this.#swarm = swarm;
    this.#count = count;
    this.#found = found;
    this.#end = performance.now() + limit * 1000;
  }

  get #pid(): number {
    return this.#subject.master.daemon.pid;
  }

  async run(): Promise<void> {
    const { point } = this.#found;
    await this.#connect();
    const answered = await this.#broadcast();
    point.broadcast = answered.median;
    this.#rowOf("`salt '*' test.ping`, all answers printed", "s", answered);
    await this.#order({ do: "await", jobs: 1, ms: 1 });
    await this.#lastReturn();
    point.herd = await this.#herd();
    this.#row("all back after the master was killed and started", "s", point.herd);
  }

  async #connect(): Promise<void> {
    const { point } = this.#found;
    const count = this.#count;
    const cpu = await cpuOf(this.#pid);
    const { storm, listen } = await this.#gather();
    const kept = await connectionsKept(count);
    console.error(
      `  the swarm used ${storm.cpu.toFixed(1)} CPU s to sign in; ${kept} of ${count} keep their ` +
        `request connection; ${storm.openFiles} open files a process`,
    );
    point.connect = storm.seconds + listen.seconds;
    this.#row("all connected after", "s", point.connect);
    const each = (await cpuOf(this.#pid) - cpu) / count;
    this.#row("CPU of the master to connect 1000", "CPU s", each * 1000);
    this.#row("CPU of the swarm to connect 1000", "CPU s", (storm.cpu + listen.cpu) / count * 1000);
    await this.#memory();
  }

  /** Signs all in and has them listen, while the master's memory is watched. */
  async #gather() {
    const most = watchMemory(this.#pid);
    try {
      const storm = checked(await this.#order({ do: "sign-in" }), "sign-in");
      const listen = checked(await this.#order({ do: "listen" }), "listen");
      return { storm, listen };
    } finally {
      this.#found.point.peak = await most();
    }
  }

  async #memory(): Promise<void> {
    const { point } = this.#found;
    point.memory = (await memoryOf(this.#pid)).pss;
    this.#row("memory of the master (PSS), all just connected", "MiB", point.memory);
    this.#row("... the most while they connected", "MiB", point.peak ?? NaN);
    if (this.#count < MANY) return;
    await new Promise((resolve) => setTimeout(resolve, REST * 1000));
    point.rest = (await memoryOf(this.#pid)).pss;
    this.#row(`... after ${REST} s of rest`, "MiB", point.rest);
  }

  async #broadcast() {
    const { software, master } = this.#subject;
    const seconds: number[] = [];
    for (let i = 0; i < BROADCASTS; i += 1) {
      const start = performance.now();
      const tool = [...commandOf(software, "salt"), "-c", master.configDir];
      const argv = [...tool, "--out=txt", "-t", "120", "*", "test.ping"];
      const { stdout } = await runCommand(argv, { timeoutMs: this.#left() }).catch(() => {
        throw new Error("the time was up at `salt '*' test.ping`");
      });
      seconds.push((performance.now() - start) / 1000);
      const answers = stdout.split("\n").filter((line) => line.endsWith(": True")).length;
      if (answers !== this.#count) throw new Error(`${answers} of ${this.#count} minions answered`);
    }
    return spreadOf(seconds);
  }

  async #lastReturn(): Promise<void> {
    const { endpoint } = this.#subject.master;
    const request = await this.#subject.publication("test.ping");
    const before = await cpuOf(this.#pid);
    await this.#order({ do: "die", share: 0 });
    const start = performance.now();
    await ask(endpoint, request, Math.min(60_000, this.#left()));
    const report = await this.#order({ do: "await", jobs: 1, ms: this.#left() });
    checked(report, "returns of one job");
    const seconds = (performance.now() - start) / 1000;
    this.#row("publication to last return stored", "s", seconds);
    this.#row("CPU of the master for one publication", "CPU s", await cpuOf(this.#pid) - before);
    this.#row("CPU of the swarm for one publication", "CPU s", report.cpu);
  }

  /** From the start of the master until the last minion has signed in again. */
  async #herd(): Promise<number> {
    await this.#order({ do: "die", share: 0 });
    await this.#subject.master.stop("SIGKILL");
    const start = performance.now();
    await this.#subject.master.start();
    const report = await this.#order({ do: "await-herd", lost: 0, ms: this.#left() });
    checked(report, `the herd of ${this.#count}`);
    return (performance.now() - start) / 1000;
  }

  #row(name: string, unit: Row["unit"], value: number): void {
    this.#rowOf(name, unit, single(value));
  }

  #rowOf(name: string, unit: Row["unit"], value: Spread): void {
    const { software } = this.#subject;
    const full = `${this.#count} minions: ${name}`;
    this.#found.rows.push({ name: full, unit, more: false, values: { [software]: value } });
  }

  /** ms until the time is up. Throws when it is. */
  #left(): number {
    const left = this.#end - performance.now();
    if (left <= 0) throw new Error("the time was up");
    return left;
  }

  async #order(order: Order): Promise<SwarmReport> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`the time was up at "${order.do}"`)),
      this.#left(),
    );
    try {
      return await Promise.race([this.#swarm.order(order), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
