/**
 * The figures of growing fleets, one software and number after the other, and what could not be
 * measured.
 * @module
 */
import { messageOf } from "../../src/errors.ts";
import type { Software } from "../../tests/support/software.ts";
import { single } from "./measure.ts";
import { addRows, type Row } from "./report.ts";
import { type Point, scaleFigures, type ScaleOptions } from "./scale_figures.ts";

/** What came of it. */
export interface ScaleSuite {
  rows: Row[];
  points: Point[];
  /** What is missing, and why. */
  missing: string[];
}

/** How much of it real Salt gets. */
export interface RealLimits {
  /** Minions at most. */
  most: number;
  /** s for each number of minions. */
  seconds: number;
}

/** s that saltx gets where real Salt has a limit. */
export const OWN_LIMIT = 600;

/** A number that one software fails at is left out for the larger ones too. */
export async function scaleSuite(
  subjects: readonly Software[],
  counts: readonly number[],
  transport: ScaleOptions["transport"],
  real: RealLimits,
): Promise<ScaleSuite> {
  const suite: ScaleSuite = { rows: [], points: [], missing: [] };
  const given = new Map<Software, string>();
  for (const count of counts) {
    for (const software of subjects) {
      const why = software !== "saltx" && count > real.most
        ? `not tried above ${real.most}`
        : given.get(software);
      if (why !== undefined) {
        suite.missing.push(`${count} minions on ${software}: ${why}`);
        continue;
      }
      console.error(`${count} minions: ${software} …`);
      const limit = software === "saltx" ? OWN_LIMIT : real.seconds;
      const missing = await add(suite, software, count, { transport, limit });
      if (missing === null) continue;
      given.set(software, "it failed with fewer");
      suite.missing.push(`${count} minions on ${software}, all or the rest: ${missing}`);
    }
  }
  for (const software of subjects) addRows(suite.rows, slopeOf(software, suite.points));
  return suite;
}

/** What each 1000 minions more take of memory, from the smallest to the largest of the large fleets. */
function slopeOf(software: Software, points: readonly Point[]): Row[] {
  const known = points.filter((point) => point.software === software && point.rest !== undefined);
  const [least, most] = [known[0], known.at(-1)];
  if (!least || !most || least === most) return [];
  const more = most.minions - least.minions;
  const each = ((most.rest ?? NaN) - (least.rest ?? NaN)) / more * 1000;
  return [{
    name: "memory of the master for each 1000 minions more",
    unit: "MiB",
    more: false,
    values: { [software]: single(each) },
    note: `between ${least.minions} and ${most.minions} minions on ${software}, at rest`,
  }];
}

/** Measures one number of minions. Gives what is missing. */
async function add(
  suite: ScaleSuite,
  software: Software,
  count: number,
  options: ScaleOptions,
): Promise<string | null> {
  try {
    const { rows, point, missing } = await scaleFigures(software, count, options);
    suite.points.push(point);
    addRows(suite.rows, rows);
    return missing;
  } catch (error) {
    return messageOf(error).split("\n", 1)[0] ?? "";
  }
}
