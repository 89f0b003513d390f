/**
 * How measured values are spread.
 * @module
 */

/** What is told of a spread, and which part of the values lies below. */
export const PARTS = [["least", 0], ["median", 0.5], ["9 of 10", 0.9], ["most", 1]] as const;

/** The value below which that part of them lies: 0.5 gives the median. NaN when there are none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/** A row of a table: a name, then the spread in whole numbers. */
export function distributionRow(name: string, values: readonly number[]): string {
  return `| ${name} | ${PARTS.map(([, part]) => quantile(values, part).toFixed(0)).join(" | ")} |`;
}
