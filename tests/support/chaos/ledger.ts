/**
 * What became of every job on every minion, by what the minions did and what each master knows.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openJobCache } from "../../../src/cache/mod.ts";

/** The books of a chaos run. */
export interface Ledger {
  /** Jobs that any master took, and how many minions they were for in all. */
  jobs: number;
  expected: number;
  /** Done, and the return is on all masters. */
  accounted: number;
  /** Not done, but the minion told why: it was killed while at it. */
  interrupted: number;
  /** The minion was not to be reached in time; nothing was done. */
  notReached: number;
  /** Done without a return on every master. Must stay empty, as the next three. */
  lost: string[];
  /** Done more than once. */
  twice: string[];
  /** Masters that know different returns. */
  different: string[];
  /** Returned as done by a minion that did nothing. */
  invented: string[];
  /** The longest time between two jobs of a minion while it was itself alive. */
  longest: Gap;
}

/** A time in which a minion did no job; both ends in ms since 1970. */
export interface Gap {
  id: string;
  from: number;
  to: number;
}

/** What a run hands over for counting. */
export interface Evidence {
  marks: string;
  ids: readonly string[];
  cacheDirs: readonly string[];
  /** By minion: times in ms at which it was killed, paused, or not yet back. */
  away: ReadonlyMap<string, readonly (readonly [from: number, to: number])[]>;
  /** When commands began and ended. */
  from: number;
  to: number;
}

interface Known {
  end: string;
  text: string;
}

/** Counts. */
export async function readLedger(evidence: Evidence): Promise<Ledger> {
  const done = await readMarks(evidence);
  const masters = evidence.cacheDirs.map(readStore);
  const jids = new Set(masters.flatMap(({ expected }) => [...expected.keys()]));
  const ledger: Ledger = {
    jobs: jids.size,
    expected: 0,
    accounted: 0,
    interrupted: 0,
    notReached: 0,
    lost: [],
    twice: [],
    different: [],
    invented: [],
    longest: longestGap(evidence, done),
  };
  for (const jid of jids) {
    const ids = new Set(masters.flatMap(({ expected }) => expected.get(jid) ?? []));
    for (const id of ids) account(ledger, `${jid} ${id}`, done, masters);
  }
  return ledger;
}

function account(
  ledger: Ledger,
  key: string,
  done: ReadonlyMap<string, readonly number[]>,
  masters: readonly { returns: ReadonlyMap<string, Known> }[],
): void {
  ledger.expected += 1;
  const times = done.get(key)?.length ?? 0;
  const known = masters.map(({ returns }) => returns.get(key));
  const there = known.filter((one) => one !== undefined);
  if (times > 1) ledger.twice.push(key);
  if (there.some(({ text }) => text !== there[0]!.text)) ledger.different.push(key);
  if (there.length > 0 && there.length < known.length) ledger.lost.push(`${key} (on some)`);
  else if (times > 0 && there.length === 0) ledger.lost.push(key);
  else if (there.length === 0) ledger.notReached += 1;
  else if (times > 0) ledger.accounted += 1;
  else if (there[0]!.end === "returned") ledger.invented.push(key);
  else ledger.interrupted += 1;
}

/** By job and minion: when it was done. */
async function readMarks({ marks, ids }: Evidence): Promise<Map<string, number[]>> {
  const done = new Map<string, number[]>();
  for (const id of ids) {
    const text = await readFile(join(marks, id), "utf8").catch(() => "");
    for (const line of text.split("\n")) {
      const [jid, time] = line.split(" ");
      if (jid === undefined || time === undefined) continue;
      const key = `${jid} ${id}`;
      done.set(key, [...done.get(key) ?? [], Number(time)]);
    }
  }
  return done;
}

function readStore(cachedir: string) {
  const store = openJobCache({ cachedir });
  const expected = new Map<string, string[]>();
  const returns = new Map<string, Known>();
  try {
    for (const { jid, load } of store.list({ limit: 1_000_000, functions: ["cmd.run"] })) {
      expected.set(jid, [load.tgt].flat());
      for (const { id, end, ret } of store.returns(jid)) {
        if (ret) returns.set(`${jid} ${id}`, { end, text: JSON.stringify(ret.return) });
      }
    }
  } finally {
    store.close();
  }
  return { expected, returns };
}

/** Of all minions, the longest time without a job; what lies in a minion's own absence does not count. */
function longestGap(
  { ids, away, from, to }: Evidence,
  done: ReadonlyMap<string, number[]>,
): Gap {
  let longest: Gap = { id: "", from, to: from };
  for (const id of ids) {
    const own = away.get(id) ?? [];
    const times = [...done].filter(([key]) => key.endsWith(` ${id}`)).flatMap(([, at]) => at);
    // Being away and coming back is as good as a job: what counts begins after it.
    const marks = [from, to, ...times, ...own.flat()].filter((at) => at >= from && at <= to)
      .sort((a, b) => a - b);
    for (let i = 1; i < marks.length; i++) {
      const gap = { id, from: marks[i - 1]!, to: marks[i]! };
      if (own.some(([begin, end]) => gap.from >= begin && gap.to <= end)) continue;
      if (gap.to - gap.from > longest.to - longest.from) longest = gap;
    }
  }
  return longest;
}
