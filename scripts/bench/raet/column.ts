/**
 * What is measured of one transport at one loss: a column of the table.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runCommand } from "../../../tests/support/commands.ts";
import { Lab, type Transport } from "../../../tests/support/lab.ts";
import type { Master } from "../../../tests/support/master.ts";
import { commandOf } from "../../../tests/support/software.ts";
import { nodeProgram } from "../../node_program.ts";
import { writeRandom } from "../files.ts";
import { cpuOf, memoryOf, percentile } from "../measure.ts";
import { plainBehaviour } from "../swarm/behaviour.ts";
import type { Order } from "../swarm/process.ts";
import { Swarm } from "../swarm/swarm.ts";
import type { JobFigure } from "./jobs.ts";
import { LossyLink, MASTER_ADDRESS } from "./link.ts";

/** What was measured, by name. */
export type Figures = Record<string, string>;

/** What can be measured. */
export const PARTS = ["ping", "fleet", "file"] as const;
export type Part = typeof PARTS[number];

/** s that the parts of a column may take. */
export const LIMITS = {
  /** One job, to one minion or to all. */
  job: 60,
  /** Handshakes of all minions, and sign-ins of all. */
  fleet: 120,
  file: 240,
};

/** How much of it. */
export interface ColumnOptions {
  transport: Transport;
  /** Congestion control of TCP. */
  tcp: string;
  /** Of packets each way, in percent. */
  loss: number;
  /** Of the link each way, in ms. */
  delay: number;
  minions: number;
  /** Jobs to one minion. */
  times: number;
  /** Jobs to all. */
  rounds: number;
  /** Of the file, in MiB. */
  size: number;
  parts: readonly Part[];
}

/** Where a column is measured. */
interface Site {
  lab: Lab;
  link: LossyLink;
  master: Master;
}

const root = resolve(import.meta.dirname ?? ".", "../../..");
const MINION = "bench-1";
const shown = (value: number, digits = 0) => value.toFixed(digits);

/** Puts figures into `figures`, which hold what was measured before something failed. */
export async function measureColumn(figures: Figures, options: ColumnOptions): Promise<void> {
  const { transport, delay, loss, tcp, size, parts } = options;
  await using lab = await Lab.open(transport);
  await using link = await LossyLink.open(delay, loss, tcp);
  const files = join(lab.root, "files");
  await mkdir(files);
  if (parts.includes("file")) await writeRandom(join(files, "large"), size);
  try {
    const config = {
      interface: "0.0.0.0",
      auto_accept: true,
      worker_threads: 5,
      loop_interval: 60,
      file_roots: { base: [files] },
      raet_hello_rate: 1000,
    };
    const master = await (await lab.master("saltx", config, "m", link.master)).start();
    const own = { master: MASTER_ADDRESS };
    const minion = await (await lab.minion("saltx", MINION, master, own, link.minions)).start();
    await minion.ready();
    await master.awaitPing(MINION);
    const site = { lab, link, master };
    if (parts.includes("ping")) await measurePing(figures, site, options);
    if (parts.includes("fleet")) await measureFleet(figures, site, options);
    // What is left of a file that takes too long would slow others down.
    if (parts.includes("file")) await measureFile(figures, site, options);
  } catch (error) {
    console.error(lab.logs());
    throw error;
  }
}

async function measurePing(figures: Figures, site: Site, { times }: ColumnOptions): Promise<void> {
  const pings = await jobs(site, MINION, 1, times);
  tellJobs(figures, "`test.ping`, 1 minion, median", pings, 1, 0.5, 1);
  tellJobs(figures, "… slowest of ten", pings, 1, 0.9, 1);
}

async function measureFleet(
  figures: Figures,
  site: Site,
  { transport, minions, rounds }: ColumnOptions,
): Promise<void> {
  const { link, master } = site;
  await using swarm = await Swarm.start({
    count: minions,
    processes: 1,
    node: nodeProgram(),
    within: link.minions.command,
    keyFolder: join(root, ".cache", "bench", "keys"),
    behaviour: {
      ...plainBehaviour,
      host: MASTER_ADDRESS,
      requestPort: master.endpoint.requestPort,
      transport,
    },
  });
  const obey = async (order: Order) => {
    const report = await within(LIMITS.fleet, swarm.order(order));
    if (report && report.failures.length > 0) throw new Error(report.failures.join("; "));
    return report;
  };
  for (const [order, name] of [["connect", "handshakes"], ["sign-in", "sign-ins"]] as const) {
    const { value, seconds, cpu } = await cost(master, () => obey({ do: order }));
    const rate = `${shown(minions / seconds)}/s`;
    figures[`${name} of ${minions} minions`] = value ? rate : over(LIMITS.fleet);
    if (!value) return;
    figures[`… CPU of the master for ${name}`] = `${shown(cpu / minions * 1000, 2)} ms each`;
  }
  const name = `a job to ${minions + 1} minions and back`;
  if (!await obey({ do: "listen" })) {
    figures[name] = `minions not ready after ${LIMITS.fleet} s`;
    return;
  }
  const { value, cpu } = await cost(master, () => jobs(site, "*", minions + 1, rounds));
  tellJobs(figures, name, value, minions + 1, 0.5);
  tellJobs(figures, "… slowest", value, minions + 1, 1);
  figures["… CPU of the master for one"] = `${shown(cpu / (rounds + 1), 2)} s`;
  figures["memory of the master (PSS)"] = `${shown((await memoryOf(master.daemon.pid)).pss)} MiB`;
}

async function measureFile(figures: Figures, site: Site, { size }: ColumnOptions): Promise<void> {
  const { lab, link, master } = site;
  const target = join(lab.root, "large");
  const salt = [...link.master.command, ...commandOf("saltx", "salt"), "-c", master.configDir];
  const args = ["-t", "1800", "--out=txt", MINION, "cp.get_file", "salt://large", target];
  const timeoutMs = (LIMITS.file + 1) * 1000;
  const { value, seconds, cpu } = await cost(
    master,
    () => within(LIMITS.file, runCommand([...salt, ...args], { timeoutMs })),
  );
  if (value && !value.stdout.includes(target)) {
    throw new Error(`No file: ${value.stdout}${value.stderr}`);
  }
  figures["a large file"] = value ? `${shown(size / seconds, 2)} MiB/s` : over(LIMITS.file);
  figures["… CPU of the master for it"] = `${shown(cpu, 2)} s`;
}

/** What jobs took, run where the master is. */
async function jobs(
  { link, master }: Site,
  tgt: string,
  returns: number,
  times: number,
): Promise<JobFigure[]> {
  const script = join(import.meta.dirname ?? ".", "jobs.ts");
  const args = [master.configDir, tgt, returns, times, LIMITS.job].map(String);
  const argv = [...link.master.command, nodeProgram(), script, ...args];
  const timeoutMs = (times + 2) * LIMITS.job * 1000;
  const { stdout, stderr, code } = await runCommand(argv, { timeoutMs });
  if (code !== 0) throw new Error(`Jobs failed: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]") as JobFigure[];
}

/** The figure below which a share of the jobs lies, or who answered where one was not done in time. */
function tellJobs(
  figures: Figures,
  name: string,
  all: readonly JobFigure[],
  returns: number,
  share: number,
  digits = 0,
): void {
  const cut = all.find(({ answered }) => answered < returns);
  figures[name] = cut
    ? `${cut.answered} of ${returns} answered within ${LIMITS.job} s`
    : `${shown(percentile(all.map(({ ms }) => ms), share), digits)} ms`;
}

/** The time and the CPU seconds of the master that something takes. */
async function cost<T>(
  master: Master,
  work: () => Promise<T>,
): Promise<{ value: T; seconds: number; cpu: number }> {
  const { pid } = master.daemon;
  const [start, before] = [performance.now(), await cpuOf(pid)];
  const value = await work();
  const seconds = (performance.now() - start) / 1000;
  return { value, seconds, cpu: await cpuOf(pid) - before };
}

/** What comes of the work; null when it takes longer. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => timer = setTimeout(resolve, seconds * 1000, null));
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function over(seconds: number): string {
  return `more than ${seconds} s`;
}
