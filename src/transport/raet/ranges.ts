/**
 * Sets of numbers as ranges: what was received, what is to be sent.
 * @module
 */

/** Numbers `start` up to, not including, `end`. */
export interface Range {
  start: number;
  end: number;
}

/** Ranges in rising order that neither touch nor overlap. */
export class RangeSet {
  readonly ranges: Range[] = [];

  /** Numbers in the set. */
  get size(): number {
    return this.ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  has(number: number): boolean {
    return this.ranges.some(({ start, end }) => number >= start && number < end);
  }

  /** Whether it holds all of a range. */
  covers(start: number, end: number): boolean {
    return start >= end || this.ranges.some((range) => range.start <= start && range.end >= end);
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const { ranges } = this;
    let first = ranges.length;
    while (first > 0 && ranges[first - 1]!.end >= start) first -= 1;
    let last = first;
    while (last < ranges.length && ranges[last]!.start <= end) {
      start = Math.min(start, ranges[last]!.start);
      end = Math.max(end, ranges[last]!.end);
      last += 1;
    }
    ranges.splice(first, last - first, { start, end });
  }

  remove(start: number, end: number): void {
    const { ranges } = this;
    for (let i = ranges.length - 1; i >= 0; i--) {
      const range = ranges[i]!;
      if (range.end <= start) break;
      if (range.start >= end) continue;
      const rest: Range[] = [];
      if (range.start < start) rest.push({ start: range.start, end: start });
      if (range.end > end) rest.push({ start: end, end: range.end });
      ranges.splice(i, 1, ...rest);
    }
  }

  /** Forgets the lowest ranges beyond `count`. */
  keepHighest(count: number): void {
    if (this.ranges.length > count) this.ranges.splice(0, this.ranges.length - count);
  }
}
