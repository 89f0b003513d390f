/**
 * Differences of texts as Python's `difflib` finds and writes them.
 * @module
 */

/** Equal runs: `size` lines from `a` on in the one and from `b` on in the other. */
interface Run {
  a: number;
  b: number;
  size: number;
}

/** How a part of one list becomes a part of the other. */
type OpCode = [
  tag: "replace" | "delete" | "insert" | "equal",
  a1: number,
  a2: number,
  b1: number,
  b2: number,
];

/** A list this long has lines that are too common to start from. */
const manyLines = 200;

/** Places of each line of `b`, without lines that are more than 1 % of a long list. */
function placesOf(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  b.forEach((line, at) => {
    const known = places.get(line);
    if (known) known.push(at);
    else places.set(line, [at]);
  });
  if (b.length >= manyLines) {
    const most = Math.floor(b.length / 100) + 1;
    for (const [line, list] of places) if (list.length > most) places.delete(line);
  }
  return places;
}

class Matcher {
  readonly #a: readonly string[];
  readonly #b: readonly string[];
  readonly #places: Map<string, number[]>;

  constructor(a: readonly string[], b: readonly string[]) {
    this.#a = a;
    this.#b = b;
    this.#places = placesOf(b);
  }

  /** The longest equal run within bounds; the first of them. (`find_longest_match`) */
  #longest(alo: number, ahi: number, blo: number, bhi: number): Run {
    const [a, b] = [this.#a, this.#b];
    let best: Run = { a: alo, b: blo, size: 0 };
    let lengths = new Map<number, number>();
    for (let i = alo; i < ahi; i++) {
      const next = new Map<number, number>();
      for (const j of this.#places.get(a[i]!) ?? []) {
        if (j < blo) continue;
        if (j >= bhi) break;
        const size = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, size);
        if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
      }
      lengths = next;
    }
    // Lines that were too common to start from still belong to a run that they touch.
    while (best.a > alo && best.b > blo && a[best.a - 1] === b[best.b - 1]) {
      best = { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
    }
    while (
      best.a + best.size < ahi && best.b + best.size < bhi &&
      a[best.a + best.size] === b[best.b + best.size]
    ) best.size++;
    return best;
  }

  /** All equal runs in order, adjacent ones joined, with an empty one at the end. */
  runs(): Run[] {
    const [la, lb] = [this.#a.length, this.#b.length];
    const queue: [number, number, number, number][] = [[0, la, 0, lb]];
    const found: Run[] = [];
    for (let bounds = queue.pop(); bounds; bounds = queue.pop()) {
      const [alo, ahi, blo, bhi] = bounds;
      const run = this.#longest(alo, ahi, blo, bhi);
      if (run.size === 0) continue;
      found.push(run);
      if (alo < run.a && blo < run.b) queue.push([alo, run.a, blo, run.b]);
      const [aEnd, bEnd] = [run.a + run.size, run.b + run.size];
      if (aEnd < ahi && bEnd < bhi) queue.push([aEnd, ahi, bEnd, bhi]);
    }
    found.sort((x, y) => x.a - y.a || x.b - y.b);
    const joined: Run[] = [];
    for (const run of found) {
      const last = joined.at(-1);
      if (last && last.a + last.size === run.a && last.b + last.size === run.b) {
        last.size += run.size;
      } else joined.push({ ...run });
    }
    return [...joined, { a: la, b: lb, size: 0 }];
  }

  opCodes(): OpCode[] {
    const codes: OpCode[] = [];
    let [i, j] = [0, 0];
    for (const { a, b, size } of this.runs()) {
      if (i < a && j < b) codes.push(["replace", i, a, j, b]);
      else if (i < a) codes.push(["delete", i, a, j, b]);
      else if (j < b) codes.push(["insert", i, a, j, b]);
      [i, j] = [a + size, b + size];
      if (size > 0) codes.push(["equal", a, i, b, j]);
    }
    return codes;
  }
}

/** Codes in groups, with at most `context` equal lines around changes. (`get_grouped_opcodes`) */
function grouped(codes: OpCode[], context: number): OpCode[][] {
  const list: OpCode[] = codes.length > 0 ? [...codes] : [["equal", 0, 1, 0, 1]];
  const [first, last] = [list[0]!, list.at(-1)!];
  if (first[0] === "equal") {
    list[0] = [
      "equal",
      Math.max(first[1], first[2] - context),
      first[2],
      Math.max(first[3], first[4] - context),
      first[4],
    ];
  }
  if (last[0] === "equal") {
    const [, a1, a2, b1, b2] = list.at(-1)!;
    list[list.length - 1] = [
      "equal",
      a1,
      Math.min(a2, a1 + context),
      b1,
      Math.min(b2, b1 + context),
    ];
  }
  const groups: OpCode[][] = [];
  let group: OpCode[] = [];
  for (const [tag, a1, a2, b1, b2] of list) {
    if (tag === "equal" && a2 - a1 > 2 * context) {
      group.push([tag, a1, Math.min(a2, a1 + context), b1, Math.min(b2, b1 + context)]);
      groups.push(group);
      group = [[tag, Math.max(a1, a2 - context), a2, Math.max(b1, b2 - context), b2]];
    } else {
      group.push([tag, a1, a2, b1, b2]);
    }
  }
  if (group.length > 0 && !(group.length === 1 && group[0]![0] === "equal")) groups.push(group);
  return groups;
}

function rangeText(start: number, end: number): string {
  const length = end - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

/**
 * The lines of a unified diff, three lines of context, joined. (`difflib.unified_diff`)
 *
 * @param a Lines with their ends, and so `b`.
 */
export function unifiedDiff(
  a: readonly string[],
  b: readonly string[],
  from = "",
  to = "",
): string {
  const lines: string[] = [];
  for (const group of grouped(new Matcher(a, b).opCodes(), 3)) {
    if (lines.length === 0) lines.push(`--- ${from}\n`, `+++ ${to}\n`);
    const [first, last] = [group[0]!, group.at(-1)!];
    lines.push(`@@ -${rangeText(first[1], last[2])} +${rangeText(first[3], last[4])} @@\n`);
    for (const [tag, a1, a2, b1, b2] of group) {
      if (tag === "equal") {
        for (const line of a.slice(a1, a2)) lines.push(` ${line}`);
        continue;
      }
      if (tag !== "insert") { for (const line of a.slice(a1, a2)) lines.push(`-${line}`); }
      if (tag !== "delete") { for (const line of b.slice(b1, b2)) lines.push(`+${line}`); }
    }
  }
  return lines.join("");
}
