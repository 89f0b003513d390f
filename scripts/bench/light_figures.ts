/**
 * How much one minion does at once, and what it does while there is nothing to do.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { ask } from "../../tests/support/raw_request.ts";
import type { Software } from "../../tests/support/software.ts";
import { until } from "../../tests/support/until.ts";
import { single, type Spread, spreadOf } from "./measure.ts";
import type { Row } from "./report.ts";
import { Subject } from "./subject.ts";

/** Jobs that are published at the same time. */
const JOBS = 50;

/** s for which wake-ups are counted. */
const WATCH = 20;

/** Times many jobs at once on one minion, and counts how often it wakes at rest. */
export async function lightFigures(software: Software, times: number): Promise<Row[]> {
  await using subject = await Subject.start(software);
  const minion = await subject.minion("bench-1");
  // What is loaded and made for the first job is no part of the others.
  await subject.master.salt("*", "cmd.run", "true");
  const seconds: number[] = [];
  for (let i = 0; i < Math.min(times, 3); i += 1) seconds.push(await jobsAtOnce(subject));
  await new Promise((done) => setTimeout(done, 5000));
  const before = await switchesOf(minion.daemon.pid);
  await new Promise((done) => setTimeout(done, WATCH * 1000));
  const wakes = (await switchesOf(minion.daemon.pid) - before) / WATCH;
  const row = (name: string, unit: Row["unit"], spread: Spread): Row => {
    return { name, unit, more: false, values: { [software]: spread } };
  };
  return [
    row(
      `${JOBS} jobs of \`cmd.run true\` at once on one minion, all returned`,
      "s",
      spreadOf(seconds),
    ),
    row("idle minion, wake-ups a second", "", single(wakes)),
  ];
}

async function jobsAtOnce(subject: Subject): Promise<number> {
  const { endpoint } = subject.master;
  const request = await subject.publication("cmd.run", { arg: ["true"] });
  const stored = await subject.storedReturns();
  const start = performance.now();
  await Promise.all(Array.from({ length: JOBS }, () => ask(endpoint, request)));
  const all = async () => await subject.storedReturns() >= stored + JOBS;
  await until(`${JOBS} returns`, all, 60_000);
  return (performance.now() - start) / 1000;
}

/** How often a process and its children gave up a core of their own accord, so far. */
async function switchesOf(pid: number): Promise<number> {
  let sum = 0;
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const status = await readFile(`/proc/${pid}/task/${task}/status`, "utf8").catch(() => "");
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    const children = await readFile(`/proc/${pid}/task/${task}/children`, "utf8").catch(() => "");
    for (const child of children.split(" ").filter(Boolean)) sum += await switchesOf(Number(child));
  }
  return sum;
}
