/**
 * One process of the swarm: many simulated minions, told what to do by lines of JSON on standard input,
 * answering each with a line on standard output. Run by Node.
 *
 *     node process.ts '{"ids": [...], "keys": [...], "behaviour": {...}}'
 * @module
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { KeyPair } from "../../../src/crypt/mod.ts";
import { type Behaviour, emptyTally, SimulatedMinion, type Tally } from "./minion.ts";

/** What a process is started with. `keyFile` holds the key pairs as JSON; minions use them in turn. */
export interface ProcessConfig {
  /** Which of how many processes this is. */
  index: number;
  of: number;
  ids: string[];
  keyFile: string;
  behaviour: Behaviour;
}

/** What a process can be told. */
export type Order =
  | { do: "sign-in" }
  | { do: "listen" }
  /** Each minion sends as fast as its answers come, for `ms`. */
  | { do: "flood"; what: "return" | "event" | "sign-in"; ms: number }
  /** Waits until all minions have returned so many jobs since the last order, `ms` at most. */
  | { do: "await"; jobs: number; ms: number }
  | { do: "stop" };

/** What it answers: what happened since the order came, and how long that took. */
export interface Report {
  tally: Tally;
  ms: number;
  /** CPU seconds of this process since the order came. */
  cpu: number;
  failures: string[];
}

/** Sign-ins under way at once in one process: each costs this side RSA too. */
const SIGN_INS_AT_ONCE = 200;

const config = JSON.parse(process.argv[2] ?? "{}") as ProcessConfig;
const keys = JSON.parse(readFileSync(config.keyFile, "utf8")) as KeyPair[];
const tally = emptyTally();
const started = Date.now();
const minions = config.ids.map((id) => {
  // The number at the end of the id decides, so that all processes agree.
  const pair = keys[Number(/\d+$/.exec(id)?.[0] ?? 0) % keys.length];
  if (pair === undefined) throw new Error(`no keys in ${config.keyFile}`);
  return new SimulatedMinion({ id, ...pair }, config.behaviour, tally);
});

/** Calls `work` for all minions, so many at a time. Gives the first few things that went wrong. */
async function forAll(
  atOnce: number,
  work: (minion: SimulatedMinion) => Promise<void>,
): Promise<string[]> {
  const failures: string[] = [];
  const waiting = minions.values();
  const lane = async () => {
    for (const minion of waiting) {
      await work(minion).catch((error) => {
        tally.errors += 1;
        if (failures.length < 5) failures.push(String(error));
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, minions.length) }, lane));
  return failures;
}

/** Returns sent in floods so far. */
let sent = 0;

/**
 * A job id of its own for each return of all processes: real masters take the second return for a
 * job that nobody published for an error.
 */
function nextJid(): string {
  const micros = BigInt(started) * 1000n + BigInt(sent * config.of + config.index);
  sent += 1;
  const digits = new Date(Number(micros / 1000n)).toISOString().replace(/\D/g, "");
  return `${digits.slice(0, 17)}${String(micros % 1000n).padStart(3, "0")}`;
}

async function flood(order: Order & { do: "flood" }): Promise<string[]> {
  const end = performance.now() + order.ms;
  return await forAll(minions.length, async (minion) => {
    while (performance.now() < end) {
      if (order.what === "return") await minion.return(nextJid());
      else if (order.what === "event") await minion.fire("bench/event");
      else await minion.signIn();
    }
  });
}

/** Returns are counted when they are acknowledged. */
async function awaitReturns(order: Order & { do: "await" }): Promise<string[]> {
  const wanted = order.jobs * minions.length;
  const end = performance.now() + order.ms;
  while (tally.returns < wanted && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return tally.returns < wanted ? [`${wanted - tally.returns} returns are missing`] : [];
}

async function obey(order: Order): Promise<string[]> {
  if (order.do === "sign-in") return await forAll(SIGN_INS_AT_ONCE, (minion) => minion.signIn());
  if (order.do === "listen") return await forAll(SIGN_INS_AT_ONCE, (minion) => minion.listen());
  if (order.do === "flood") return await flood(order);
  if (order.do === "await") return await awaitReturns(order);
  return [];
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Takes what was counted so far out of the tally. */
function takeTally(): Tally {
  const taken = structuredClone(tally);
  Object.assign(tally, emptyTally());
  return taken;
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  if (order.do === "stop") break;
  if (order.do !== "await") takeTally();
  const start = performance.now();
  const cpu = cpuSeconds();
  const failures = await obey(order);
  const report: Report = {
    tally: takeTally(),
    ms: performance.now() - start,
    cpu: cpuSeconds() - cpu,
    failures,
  };
  if (!process.stdout.write(`${JSON.stringify(report)}\n`)) await once(process.stdout, "drain");
}
for (const minion of minions) minion.close();
process.exit(0);
