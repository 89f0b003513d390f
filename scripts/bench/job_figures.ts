/**
 * Many jobs under way at the same time: all are published before one is answered.
 * @module
 */
import { messageOf } from "../../src/errors.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import { isMap } from "../../src/types/mod.ts";
import type { Software } from "../../tests/support/software.ts";
import { until } from "../../tests/support/until.ts";
import { cpuOf, single } from "./measure.ts";
import type { Row } from "./report.ts";
import { checked, startSwarm } from "./scale_figures.ts";
import { Subject } from "./subject.ts";
import type { Swarm } from "./swarm/swarm.ts";

/** Connections that publish at the same time. */
const PUBLISHERS = 20;

/** How much of it there is. */
export interface JobsOptions {
  /** Jobs under way together; a multiple of the minions. */
  jobs: number;
  /** Simulated minions that they are for, each job for one, in turn. */
  minions: number;
  /** s that all of it may take once the minions listen. */
  limit: number;
}

/** What was measured, and why the rest was not. */
export interface JobsFigures {
  rows: Row[];
  missing: string | null;
}

/**
 * Publishes the jobs to minions that hold their answers, has them answer when each minion has read all
 * publications, and waits until every return is acknowledged and stored.
 */
export async function jobFigures(software: Software, options: JobsOptions): Promise<JobsFigures> {
  const { jobs, minions } = options;
  const found: JobsFigures = { rows: [], missing: null };
  const row = (name: string, unit: Row["unit"], value: number, more = false) => {
    found.rows.push({ name, unit, more, values: { [software]: single(value) } });
  };
  await using subject = await Subject.start(software);
  await using swarm = await startSwarm(subject, minions);
  checked(await swarm.order({ do: "sign-in" }), "sign-in");
  checked(await swarm.order({ do: "listen" }), "listen");
  const { pid } = subject.master.daemon;
  const end = performance.now() + options.limit * 1000;
  const cpu = await cpuOf(pid);
  let step = "publishing";
  try {
    const start = performance.now();
    await swarm.order({ do: "hold", share: 1 });
    await publishAll(subject, options, end);
    step = "reading publications";
    const read = checked(
      await swarm.order({ do: "await-jobs", jobs, ms: leftUntil(end) }),
      step,
    );
    if (read.tally.returns > 0) throw new Error("jobs were answered before all were under way");
    const published = performance.now();
    row(`${jobs} jobs published to ${minions} minions, none answered`, "s", since(start));
    step = "answering";
    await answerAll(swarm, jobs / minions, leftUntil(end));
    row("... then all of them answered", "s", since(published));
    step = "storing";
    // The master is fresh: all that it has stored is of these jobs.
    const stored = async () => await subject.storedReturns() === jobs;
    await until("all returns to be stored", stored, leftUntil(end));
    row("... CPU of the master for all of it", "CPU s", await cpuOf(pid) - cpu);
  } catch (error) {
    found.missing = `${step}: ${messageOf(error).split("\n", 1)[0]}`;
  }
  return found;
}

async function answerAll(swarm: Swarm, each: number, ms: number): Promise<void> {
  await swarm.order({ do: "release" });
  checked(await swarm.order({ do: "await", jobs: each, ms }), "returns");
}

async function publishAll(subject: Subject, options: JobsOptions, end: number): Promise<void> {
  const { host, requestPort } = subject.master.endpoint;
  const { jobs, minions } = options;
  const requests: Uint8Array[] = [];
  for (let i = 0; i < jobs; i += 1) {
    const tgt = [`sim-${i % minions}`];
    requests.push(packWire(await subject.publication("test.ping", { tgt })));
  }
  const waiting = requests.values();
  await Promise.all(Array.from({ length: PUBLISHERS }, async () => {
    const socket = await runtime.openSocket("req", { linger: 0 });
    try {
      socket.connect(`tcp://${host}:${requestPort}`);
      for (const request of waiting) {
        await socket.send(request);
        const [reply] = await socket.receive(leftUntil(end));
        const answer = unpack(reply ?? new Uint8Array());
        if (isMap(answer) && isMap(answer["load"])) continue;
        throw new Error(`a publication was answered ${JSON.stringify(answer)}`);
      }
    } finally {
      socket.close();
    }
  }));
}

/** s since then. */
function since(start: number): number {
  return (performance.now() - start) / 1000;
}

/** ms until then. Throws when it is over. */
function leftUntil(end: number): number {
  const left = end - performance.now();
  if (left <= 0) throw new Error("the time was up");
  return left;
}
