/**
 * One process of the swarm: many simulated minions, told what to do by lines of JSON on standard input,
 * answering each with a line on standard output. Run by Node.
 *
 *     node process.ts '{"ids": [...], "keys": [...], "behaviour": {...}}'
 * @module
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { openFilesLimit } from "../../../src/master/open_files.ts";
import type { Behaviour, Knobs } from "./behaviour.ts";
import { readKeys } from "./keys.ts";
import { SimulatedMinion } from "./minion.ts";
import { emptyTally, noteError, type Tally } from "./tally.ts";
import { keepToken } from "./wire.ts";

/** What a process is started with. Minion `from + i` has key pair `from + i` of the folder. */
export interface ProcessConfig {
  /** Which of how many processes this is. */
  index: number;
  of: number;
  from: number;
  ids: string[];
  keyFolder: string;
  behaviour: Behaviour;
  /** Minions that keep their request connection; the others open one for each request. */
  keeping: number;
}

/** What minions may flood a master with. */
export type FloodKind = "return" | "event" | "sign-in" | "file";

/** What a process can be told. */
export type Order =
  /** Opens connections and nothing more. */
  | { do: "connect" }
  | { do: "sign-in" }
  | { do: "listen" }
  /** Each minion sends as fast as its answers come, for `ms`; `path` of the file where that is asked for. */
  | { do: "flood"; what: FloodKind; ms: number; share?: number; path?: string }
  /** The same without an end, beside other orders, until `await-flood`. */
  | { do: "begin-flood"; what: FloodKind; share?: number; path?: string }
  /** Ends that flood and waits for its last answers; reports since `begin-flood`. */
  | { do: "await-flood" }
  /** A share holds its answers to jobs, and does not come back to a lost master, until `release`. */
  | { do: "hold"; share: number }
  | { do: "release" }
  /** Waits until so many publications were decrypted since the last order, `ms` at most. */
  | { do: "await-jobs"; jobs: number; ms: number }
  /** So many returns and events a second, by one minion after the other, for `ms`. */
  | { do: "trickle"; returns: number; events: number; ms: number }
  /** So many minions of all processes fetch a file once. */
  | { do: "fetch"; path: string; minions: number }
  /** Waits until minions that had lost their master are back, `ms` at most. */
  | { do: "await-herd"; lost: number; ms: number }
  /** A share of the minions behaves otherwise from now on. */
  | { do: "behave"; share?: number; knobs: Partial<Knobs> }
  /** A share of the minions is gone as if killed. */
  | { do: "die"; share: number }
  /** Waits until all minions have returned so many jobs since the last order, `ms` at most. */
  | { do: "await"; jobs: number; ms: number }
  | { do: "stop" };

/** What it answers: what happened since the order came, and how long that took. */
export interface Report {
  tally: Tally;
  ms: number;
  /** CPU seconds of this process since the last report. */
  cpu: number;
  failures: string[];
  /** Files that this process may have open: Node raises the soft limit to the hard one. */
  openFiles: number;
}

/** Sign-ins under way at once in one process: each costs this side RSA too. */
const SIGN_INS_AT_ONCE = 200;

const config = JSON.parse(process.argv[2] ?? "{}") as ProcessConfig;
const keys = await readKeys(config.keyFolder, config.from, config.from + config.ids.length);
const tally = emptyTally();
let cpuBefore = cpuSeconds();
const openFiles = openFilesLimit(await readFile("/proc/self/limits", "utf8")) ?? Infinity;
const keeps = config.behaviour;
const passing = { ...keeps, keepsConnection: false };
const started = Date.now();
let minions = config.ids.map((id, i) => {
  const pair = keys[i];
  if (pair === undefined) throw new Error(`no keys for ${id} in ${config.keyFolder}`);
  const who = { id, privateKey: pair.privateKey, publicKey: pair.publicKey };
  keepToken(who, Buffer.from(pair.token, "base64"));
  return new SimulatedMinion(who, i < config.keeping ? keeps : passing, tally);
});

/** Calls `work` for all minions, so many at a time. Gives the first few things that went wrong. */
async function forAll(
  atOnce: number,
  work: (minion: SimulatedMinion) => Promise<unknown>,
  some: readonly SimulatedMinion[] = minions,
): Promise<string[]> {
  const failures: string[] = [];
  const waiting = some.values();
  const lane = async () => {
    for (const minion of waiting) {
      await work(minion).catch((error) => {
        noteError(tally, error);
        if (failures.length < 5) failures.push(String(error));
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, some.length) }, lane));
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

/** The first of them, as many as a share is. */
function someOf(share = 1): SimulatedMinion[] {
  return minions.slice(0, Math.ceil(minions.length * share));
}

async function flood(
  { what, share, path = "" }: Omit<Order & { do: "begin-flood" }, "do">,
  isOver: () => boolean,
): Promise<string[]> {
  const some = someOf(share);
  return await forAll(some.length, async (minion) => {
    while (!isOver()) {
      if (what === "return") await minion.return(nextJid());
      else if (what === "event") await minion.fire("bench/event");
      else if (what === "file") await minion.fetch(path, isOver);
      else await minion.signIn();
    }
  }, some);
}

/** The flood that goes on beside other orders, and what ends it. */
let underWay: { over: boolean; done: Promise<string[]> } | null = null;

function beginFlood(order: Order & { do: "begin-flood" }): string[] {
  if (underWay) return ["a flood is under way"];
  const begun = { over: false, done: Promise.resolve<string[]>([]) };
  begun.done = flood(order, () => begun.over);
  underWay = begun;
  return [];
}

async function endFlood(): Promise<string[]> {
  const begun = underWay;
  if (!begun) return ["no flood is under way"];
  underWay = null;
  begun.over = true;
  return await begun.done;
}

/** ms between two bursts of a trickle. */
const BURST = 250;

async function trickle({ returns, events, ms }: Order & { do: "trickle" }): Promise<string[]> {
  const start = performance.now();
  const failures: string[] = [];
  const under: Promise<unknown>[] = [];
  const sent = { returns: 0, events: 0 };
  let turn = 0;
  const send = (work: (minion: SimulatedMinion) => Promise<unknown>) => {
    const minion = minions[turn++ % minions.length];
    if (minion === undefined) return;
    under.push(
      work(minion).catch((error) => {
        noteError(tally, error);
        if (failures.length < 5) failures.push(String(error));
      }),
    );
  };
  for (let at = 0; at < ms; at = performance.now() - start) {
    for (; sent.returns < returns * at / 1000; sent.returns += 1) {
      send((minion) => minion.return(nextJid()));
    }
    for (; sent.events < events * at / 1000; sent.events += 1) {
      send((minion) => minion.fire("bench/event"));
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(BURST, ms - at)));
  }
  await Promise.all(under);
  return failures;
}

/** Those who were away when the order came, or went since, all have to be back. */
async function awaitHerd(order: Order & { do: "await-herd" }): Promise<string[]> {
  const end = performance.now() + order.ms;
  const missing = () => minions.filter((minion) => minion.away).length;
  while ((tally.comebacks < order.lost || missing() > 0) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return missing() > 0 ? [`${missing()} minions are not back`] : [];
}

function die(share: number): string[] {
  const count = Math.ceil(minions.length * share);
  for (const minion of minions.slice(0, count)) minion.die();
  minions = minions.slice(count);
  return [];
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

async function awaitJobs(order: Order & { do: "await-jobs" }): Promise<string[]> {
  const wanted = order.jobs * minions.length;
  const end = performance.now() + order.ms;
  while (tally.jobs < wanted && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return tally.jobs < wanted ? [`${wanted - tally.jobs} publications are missing`] : [];
}

/** Whether what was counted so far belongs to this order too. */
function goesOn(order: Order): boolean {
  return order.do === "release" || order.do.startsWith("await");
}

async function obey(order: Order): Promise<string[]> {
  if (order.do === "sign-in") return await forAll(SIGN_INS_AT_ONCE, (minion) => minion.signIn());
  if (order.do === "connect") return await forAll(SIGN_INS_AT_ONCE, (minion) => minion.connect());
  if (order.do === "listen") return await forAll(SIGN_INS_AT_ONCE, (minion) => minion.listen());
  if (order.do === "flood") {
    const end = performance.now() + order.ms;
    return await flood(order, () => performance.now() >= end);
  }
  if (order.do === "begin-flood") return beginFlood(order);
  if (order.do === "await-flood") return await endFlood();
  if (order.do === "hold") { for (const minion of someOf(order.share)) minion.hold(); }
  if (order.do === "behave") {
    for (const minion of someOf(order.share)) minion.behave(order.knobs);
  }
  if (order.do === "release") { for (const minion of minions) minion.release(); }
  if (order.do === "await-jobs") return await awaitJobs(order);
  if (order.do === "trickle") return await trickle(order);
  if (order.do === "await") return await awaitReturns(order);
  if (order.do === "await-herd") return await awaitHerd(order);
  if (order.do === "die") return die(order.share);
  if (order.do === "fetch") {
    const some = minions.slice(0, shareOf(order.minions));
    return await forAll(some.length, (minion) => minion.fetch(order.path), some);
  }
  return [];
}

/** This process's part of a number for all. */
function shareOf(count: number): number {
  return Math.floor(count / config.of) + (config.index < count % config.of ? 1 : 0);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU seconds since it was last asked. */
function takeCpu(): number {
  const before = cpuBefore;
  cpuBefore = cpuSeconds();
  return cpuBefore - before;
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
  if (!goesOn(order)) takeTally();
  const start = performance.now();
  const failures = await obey(order);
  const report: Report = {
    tally: order.do === "release" ? structuredClone(tally) : takeTally(),
    ms: performance.now() - start,
    cpu: takeCpu(),
    failures,
    openFiles,
  };
  if (!process.stdout.write(`${JSON.stringify(report)}\n`)) await once(process.stdout, "drain");
}
for (const minion of minions) minion.close();
process.exit(0);
