/**
 * The figures of the benchmark, each measured on one software at a time.
 * @module
 */
import { ask } from "../../tests/support/raw_request.ts";
import type { Software } from "../../tests/support/software.ts";
import { until } from "../../tests/support/until.ts";
import { cpuOf, memoryOf, percentile, single, type Spread, spreadOf, timed } from "./measure.ts";
import { pingsBeside } from "./pinging.ts";
import type { Row } from "./report.ts";
import { startSwarm } from "./scale_figures.ts";
import { runTool, Subject } from "./subject.ts";
import type { Swarm, SwarmReport } from "./swarm/swarm.ts";

/** s after which a daemon counts as at rest. */
const SETTLE = 8;

/** s for which a client that stays open pings. */
const OPEN = 3;

const sleep = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Makes rows of one software. */
function rowsOf(software: Software) {
  return (name: string, unit: Row["unit"], value: Spread | number, more = false): Row => ({
    name,
    unit,
    more,
    values: { [software]: typeof value === "number" ? single(value) : value },
  });
}

/** Programs from their start until they are of use. */
export async function startFigures(software: Software, times: number): Promise<Row[]> {
  const row = rowsOf(software);
  const version = await timed(times, () => runTool(software, "salt", "--version"));
  await using subject = await Subject.start(software);
  const minion = await subject.minion("bench-1");
  const starts: number[] = [];
  for (let i = 0; i < Math.min(times, 5); i += 1) {
    await minion.stop();
    const start = performance.now();
    await minion.start();
    await minion.ready();
    starts.push((performance.now() - start) / 1000);
  }
  const masterStarts: number[] = [];
  for (let i = 0; i < Math.min(times, 3); i += 1) {
    await subject.master.stop();
    const start = performance.now();
    await subject.master.start();
    masterStarts.push((performance.now() - start) / 1000);
  }
  return [
    row("`salt --version`", "s", version),
    row("minion start to ready, key accepted", "s", spreadOf(starts)),
    row("master start to first answer, keys exist", "s", spreadOf(masterStarts)),
  ];
}

/** The command line with one minion. */
export async function cliFigures(software: Software, times: number): Promise<Row[]> {
  const row = rowsOf(software);
  await using subject = await Subject.start(software);
  await subject.minion("bench-1");
  const { master } = subject;
  const answered = async (...args: string[]) => {
    const { stdout, code, stderr } = await master.salt("*", ...args);
    if (code !== 0 || !stdout.includes("bench-1")) throw new Error(`no answer: ${stdout}${stderr}`);
  };
  const exchanges = await pingsBeside(subject, "bench-1", () => sleep(OPEN));
  return [
    row("`salt '*' test.ping`, 1 minion", "s", await timed(times, () => answered("test.ping"))),
    row("… by a client that is open already", "s", spreadOf(exchanges.map((ms) => ms / 1000))),
    row(
      "`salt '*' cmd.run uname`, 1 minion",
      "s",
      await timed(times, () => answered("cmd.run", "uname")),
    ),
    row("`salt-key -L`", "s", await timed(times, () => master.key("-L"))),
  ];
}

/** Memory and CPU of daemons that have nothing to do. */
export async function idleFigures(software: Software): Promise<Row[]> {
  const row = rowsOf(software);
  await using subject = await Subject.start(software);
  const minion = await subject.minion("bench-1");
  await sleep(SETTLE);
  const master = await memoryOf(subject.master.daemon.pid);
  const own = await memoryOf(minion.daemon.pid);
  const before = await Promise.all([subject.master, minion].map(({ daemon }) => cpuOf(daemon.pid)));
  await sleep(SETTLE);
  const after = await Promise.all([subject.master, minion].map(({ daemon }) => cpuOf(daemon.pid)));
  const idle = after.map((cpu, i) => (cpu - (before[i] ?? 0)) / SETTLE * 60);
  return [
    row("idle master, PSS of all processes", "MiB", master.pss),
    row("idle master, RSS summed", "MiB", master.rss),
    row("idle master, processes", "", master.processes),
    row("idle minion, PSS of all processes", "MiB", own.pss),
    row("idle minion, RSS summed", "MiB", own.rss),
    row("idle minion, processes", "", own.processes),
    row("idle master, CPU s a minute", "s", idle[0] ?? NaN),
    row("idle minion, CPU s a minute", "s", idle[1] ?? NaN),
  ];
}

/** What one master takes from simulated minions that send as fast as it answers. */
export async function floodFigures(
  software: Software,
  count: number,
  seconds: number,
): Promise<Row[]> {
  const row = rowsOf(software);
  await using subject = await Subject.start(software);
  const { master } = subject;
  await using swarm = await startSwarm(subject, count);
  const storm = await swarm.order({ do: "sign-in" });
  expectAll(storm, "signIns", count);
  await swarm.order({ do: "listen" });
  const jobs = await broadcasts(subject, count);
  await swarm.order({ do: "await", jobs: 4, ms: 10_000 });
  const published = await publishedJobs(subject, swarm, count);
  const returns = await flood(subject, swarm, "return", seconds);
  const stored = await storedSince(subject, returns);
  const signIns = await flood(subject, swarm, "sign-in", seconds);
  const events = await flood(subject, swarm, "event", seconds);
  const after = await memoryOf(master.daemon.pid);
  const rate = ({ report }: Flood, what: "returns" | "events" | "signIns") => {
    return report.tally[what] / report.seconds;
  };
  const cpu = ({ report, cpu }: Flood, what: "returns" | "signIns") => {
    return cpu / report.tally[what] * 1000;
  };
  const lateness = returns.report.tally.latencies["_return"] ?? [];
  return [
    row(`${count} new minions sign in`, "s", storm.seconds),
    row(`\`salt '*' test.ping\`, ${count} minions`, "s", jobs),
    row(`returns a second, ${JOBS_AT_ONCE} published jobs at a time`, "/s", published, true),
    row("returns a second, each for a job of its own", "/s", rate(returns, "returns"), true),
    row("... stored of those acknowledged", "", stored / returns.report.tally.returns, true),
    row("... acknowledged after, 99 of 100", "ms", percentile(lateness, 0.99)),
    row("... CPU of the master for 1000 returns", "CPU s", cpu(returns, "returns")),
    row("authentications a second", "/s", rate(signIns, "signIns"), true),
    row("... CPU of the master for 1000 authentications", "CPU s", cpu(signIns, "signIns")),
    row("events a second", "/s", rate(events, "events"), true),
    row(`master after the floods, ${count} minions, PSS`, "MiB", after.pss),
    row(
      "errors and lost answers",
      "",
      [returns, signIns, events].reduce((sum, { report }) => sum + report.tally.errors, 0),
    ),
  ];
}

/** One flood and what it cost the master. `before`: returns that were stored before it. */
interface Flood {
  report: SwarmReport;
  cpu: number;
  before: number;
}

async function flood(
  subject: Subject,
  swarm: Swarm,
  what: "return" | "event" | "sign-in",
  seconds: number,
): Promise<Flood> {
  const before = await subject.storedReturns();
  const pid = subject.master.daemon.pid;
  const cpu = await cpuOf(pid);
  const report = await swarm.order({ do: "flood", what, ms: seconds * 1000 });
  if (report.failures.length > 0) throw new Error(`flood of ${what}: ${report.failures[0]}`);
  return { report, cpu: await cpuOf(pid) - cpu, before };
}

/** Waits for what is acknowledged but not yet stored. Gives how many there are since before. */
async function storedSince(subject: Subject, { before, report }: Flood): Promise<number> {
  const stored = async () => await subject.storedReturns() - before;
  await until("all returns to be stored", async () => await stored() >= report.tally.returns)
    .catch(() => {});
  return await stored();
}

/** Wall time of a broadcast until all have answered. */
async function broadcasts(subject: Subject, count: number): Promise<Spread> {
  const spread = await timed(3, async () => {
    const { stdout } = await subject.master.salt("--out=txt", "-t", "30", "*", "test.ping");
    const answers = stdout.split("\n").filter((line) => line.endsWith(": True")).length;
    if (answers !== count) throw new Error(`${answers} of ${count} minions answered`);
  });
  return spread;
}

/** Jobs published beside each other, and how often. */
const JOBS_AT_ONCE = 4;
const JOB_ROUNDS = 5;

/** Returns a second that are acknowledged for jobs that were published, some at a time. */
async function publishedJobs(subject: Subject, swarm: Swarm, count: number): Promise<number> {
  const { endpoint } = subject.master;
  const request = await subject.publication("test.ping");
  const start = performance.now();
  for (let round = 0; round < JOB_ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: JOBS_AT_ONCE }, () => ask(endpoint, request)));
    const { failures } = await swarm.order({ do: "await", jobs: JOBS_AT_ONCE, ms: 60_000 });
    if (failures.length > 0) throw new Error(`published jobs: ${failures[0]}`);
  }
  return JOB_ROUNDS * JOBS_AT_ONCE * count / ((performance.now() - start) / 1000);
}

function expectAll(report: SwarmReport, what: "signIns", count: number): void {
  if (report.tally[what] === count) return;
  throw new Error(`${report.tally[what]} of ${count} ${what}: ${report.failures.join("; ")}`);
}
