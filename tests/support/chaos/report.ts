/**
 * The ledger of a storm as text, and what in it must not be.
 * @module
 */
import type { Act, StormReport } from "./storm.ts";

/** ms that a minion may be without a master, whatever happens to two of three. */
export const BOUND = 60_000;

/** Prints it, a line each. */
export function printLedger(
  report: StormReport,
  seed: number,
  print: (line: string) => void,
): void {
  const { commands, taken, jobs, expected, accounted, interrupted, notReached } = report;
  const done = Object.entries(report.mischief).sort().map(([what, n]) => `${what} ${n}x`);
  print(`seed ${seed}; ${done.join(", ")}`);
  print(`commands issued ${commands}, taken ${taken}, jobs known ${jobs}`);
  print(`parts of jobs (job and minion)     ${expected}`);
  print(`  done, return on all masters      ${accounted}`);
  print(`  interrupted, and told            ${interrupted}`);
  print(`  minion not reached, nothing done ${notReached}`);
  print(`  done, return lost                ${report.lost.length}`);
  print(`  done twice                       ${report.twice.length}`);
  print(`  masters disagree                 ${report.different.length}`);
  print(`  returned but not done            ${report.invented.length}`);
  const { id, from, to } = report.longest;
  print(`longest time without a job         ${seconds(to - from)} s`);
  const then = report.history.filter((act) =>
    act.from < to && act.to > from && (act.whom === id || !act.what.endsWith("minion"))
  );
  print(`  that of ${id}, while there were: ${then.map(shown).join(", ") || "nothing"}`);
}

function shown({ what, whom, from, to }: Act): string {
  return `${what.replace(/ (master|redis|minion)$/, "")} ${whom} for ${seconds(to - from)} s`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** What went wrong; none when all is well. */
export function failuresOf(report: StormReport): string[] {
  const failures: string[] = [];
  const some = (keys: readonly string[]) => keys.slice(0, 10).join(", ");
  if (report.lost.length > 0) failures.push(`Returns were lost: ${some(report.lost)}`);
  if (report.twice.length > 0) failures.push(`Jobs ran twice: ${some(report.twice)}`);
  if (report.different.length > 0) failures.push(`Masters disagree: ${some(report.different)}`);
  if (report.invented.length > 0) failures.push(`Never done: ${some(report.invented)}`);
  const gap = report.longest.to - report.longest.from;
  if (gap > BOUND) failures.push(`A minion had no job for ${gap} ms; ${BOUND} are allowed`);
  if (report.accounted === 0) failures.push("No job was done at all");
  return failures;
}
