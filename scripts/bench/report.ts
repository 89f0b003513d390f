/**
 * Figures as a table.
 * @module
 */
import { readFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import type { Spread } from "./measure.ts";

/** One thing that was measured, on each software. */
export interface Row {
  name: string;
  unit: "s" | "ms" | "MiB" | "MiB/s" | "/s" | "" | "CPU s";
  /** Whether the larger figure is the better one. */
  more: boolean;
  values: Record<string, Spread>;
  /** What to know about it. */
  note?: string;
}

/** Puts what another software gave for the same thing into the same row. */
export function addRows(rows: Row[], more: readonly Row[]): void {
  for (const row of more) {
    const same = rows.find(({ name }) => name === row.name);
    if (same) Object.assign(same.values, row.values);
    else rows.push(row);
  }
}

/** Where and when it was measured. */
export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  memory: string;
  system: string;
}

/** Describes this host. */
export async function machine(): Promise<Machine> {
  const os = await readFile("/etc/os-release", "utf8").catch(() => "");
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(os)?.[1] ?? process.platform;
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${name}, kernel ${release()}`,
  };
}

/** A number with three digits that count. */
function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

function cell(spread: Spread | undefined, unit: string): string {
  if (!spread) return "–";
  const range = spread.n > 1 ? ` (${short(spread.min)}..${short(spread.max)})` : "";
  return `${short(spread.median)}${unit === "/s" ? "/s" : unit ? ` ${unit}` : ""}${range}`;
}

/** How many times better the second is: above 1 is better, whichever way is better. */
export function ratio(row: Row, first: string, second: string): number {
  const [a, b] = [row.values[first]?.median ?? NaN, row.values[second]?.median ?? NaN];
  return row.more ? b / a : a / b;
}

/** The table, with machine and date. `how` says how often and how large. */
export function toMarkdown(
  rows: readonly Row[],
  real: string,
  own: string,
  host: Machine,
  how: string,
): string {
  const lines = [
    `Measured ${host.date} on ${host.cpu}, ${host.cores} cores, ${host.memory}; ${host.system}. ${how}`,
    "",
    `| | Salt ${real} | ${own} | ${own} is better by |`,
    "| --- | --- | --- | --- |",
    ...rows.map((row) => {
      const { name, unit, values } = row;
      const better = ratio(row, real, own);
      const shown = Number.isFinite(better) && better > 0 ? `${short(better)}×` : "–";
      return `| ${name} | ${cell(values[real], unit)} | ${cell(values[own], unit)} | ${shown} |`;
    }),
  ];
  const notes = rows.filter(({ note }) => note).map(({ name, note }) => `- ${name}: ${note}`);
  return [...lines, "", ...notes].join("\n");
}
