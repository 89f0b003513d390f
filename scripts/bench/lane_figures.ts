/**
 * How long others wait while some minions flood the master: `test.ping` to one real minion, without
 * and beside a flood of each kind.
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Software } from "../../tests/support/software.ts";
import { percentile, single } from "./measure.ts";
import { pingsBeside } from "./pinging.ts";
import type { Row } from "./report.ts";
import { checked, startSwarm } from "./scale_figures.ts";
import { Subject } from "./subject.ts";
import type { FloodKind } from "./swarm/process.ts";

/** Bytes of the file that is asked for in a flood. */
const FILE_BYTES = 4 * 1024 * 1024;

const MINION = "bench-1";

const FLOODS: readonly { what: FloodKind; name: string }[] = [
  { what: "return", name: "returns" },
  { what: "event", name: "events" },
  { what: "file", name: "file requests" },
  { what: "sign-in", name: "sign-ins" },
];

/** Floods from `count` minions, `seconds` each. */
export async function laneFigures(
  software: Software,
  count: number,
  seconds: number,
): Promise<Row[]> {
  await using files = await mkdtempDisposable(join(tmpdir(), "sx-lanes-"));
  await writeFile(join(files.path, "flood.bin"), randomBytes(FILE_BYTES));
  await using subject = await Subject.start(software, { file_roots: { base: [files.path] } });
  await subject.minion(MINION);
  await using swarm = await startSwarm(subject, count);
  checked(await swarm.order({ do: "sign-in" }), "sign-in");
  const rows: Row[] = [];
  const add = (beside: string, took: readonly number[]) => {
    for (const share of [0.5, 0.99]) {
      const name = `\`test.ping\` to one minion, ${beside}, ${share * 100} of 100 within`;
      const value = single(percentile(took, share));
      rows.push({ name, unit: "ms", more: false, values: { [software]: value } });
    }
  };
  const rest = () => new Promise((done) => setTimeout(done, seconds * 1000));
  add("nothing else", await pingsBeside(subject, MINION, rest));
  for (const { what, name } of FLOODS) {
    const flood = async () => {
      const order = { do: "flood", what, ms: seconds * 1000, path: "flood.bin" } as const;
      checked(await swarm.order(order), name);
    };
    add(`${count} minions flood with ${name}`, await pingsBeside(subject, MINION, flood));
  }
  return rows;
}
