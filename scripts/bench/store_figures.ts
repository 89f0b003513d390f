/**
 * What command lines take over large stores: many keys, many jobs with many returns.
 * @module
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openJobCache } from "../../src/cache/mod.ts";
import { packWire } from "../../src/serializers/msgpack.ts";
import { makeJid } from "../../src/text/jid.ts";
import type { DataMap, Jid, PublishLoad, ReturnLoad } from "../../src/types/mod.ts";
import type { Software } from "../../tests/support/software.ts";
import { single, timed } from "./measure.ts";
import type { Row } from "./report.ts";
import { Subject } from "./subject.ts";

/** How large the stores are. */
export interface StoreSizes {
  keys: number;
  jobs: number;
  /** Of each job. Real Salt gets none: a file for each would not fit, and its listing reads none. */
  returns: number;
}

/** Jobs on the page that is asked for. */
const PAGE = 100;

/** Times listings over large stores. */
export async function storeFigures(
  software: Software,
  times: number,
  sizes: StoreSizes,
): Promise<Row[]> {
  await using subject = await Subject.start(software);
  const { master } = subject;
  await subject.minion("bench-1");
  await fillKeys(master.pkiDir, sizes.keys);
  const filled = performance.now();
  await (software === "saltx" ? fillJobs : fillJobsOfSalt)(master.cacheDir, sizes);
  const fill = (performance.now() - filled) / 1000;
  const listed = async (wanted: string, run: () => Promise<{ stdout: string; code: number }>) => {
    const { stdout, code } = await run();
    if (code !== 0 || !stdout.includes(wanted)) throw new Error(`no ${wanted} in the listing`);
  };
  const last = jidOf(sizes.jobs - 1);
  const keys = await timed(times, () => listed(keyName(sizes.keys - 1), () => master.key("-L")));
  const page = await timed(times, () => {
    return listed(last, () => master.run("jobs.list_jobs_filter", String(PAGE)));
  });
  const note = `${sizes.jobs} jobs; ${sizes.returns} returns each in saltx, none in Salt`;
  const rows: Row[] = [
    { name: `\`salt-key -L\`, ${sizes.keys} keys`, unit: "s", more: false, values: {} },
    {
      name: `\`jobs.list_jobs_filter ${PAGE}\`, ${sizes.jobs * sizes.returns} returns`,
      unit: "s",
      more: false,
      values: {},
      note,
    },
  ];
  [keys, page].forEach((spread, i) => rows[i]!.values[software] = spread);
  if (software === "saltx") {
    const name = `... storing those ${sizes.jobs * sizes.returns} returns, a thousand a commit`;
    rows.push({ name, unit: "s", more: false, values: { [software]: single(fill) } });
  }
  return rows;
}

function keyName(number: number): string {
  return `host-${String(number).padStart(6, "0")}.example.com`;
}

async function fillKeys(pkiDir: string, count: number): Promise<void> {
  const folder = join(pkiDir, "minions");
  const pem = "-----BEGIN PUBLIC KEY-----\nnever read by a listing\n-----END PUBLIC KEY-----\n";
  for (let from = 0; from < count; from += 1000) {
    const numbers = Array.from({ length: Math.min(1000, count - from) }, (_, i) => from + i);
    await Promise.all(numbers.map((number) => writeFile(join(folder, keyName(number)), pem)));
  }
  if ((await readdir(folder)).length < count) throw new Error("not all keys were written");
}

/** Of a job of the last hour. */
function jidOf(number: number): Jid {
  const hour = 3_600_000;
  const start = Math.floor(Date.now() / hour) * hour - hour;
  return makeJid(new Date(start + number));
}

function loadOf(jid: Jid): PublishLoad {
  const load = { jid, fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", ret: "" };
  return { ...load, user: "root", kwargs: {} } as unknown as PublishLoad;
}

async function fillJobs(cachedir: string, { jobs, returns }: StoreSizes): Promise<void> {
  const store = openJobCache({ cachedir });
  const ids = Array.from({ length: returns }, (_, number) => keyName(number));
  for (let number = 0; number < jobs; number += 1) {
    const jid = jidOf(number);
    store.saveLoad(loadOf(jid), ids);
    store.batch(() => {
      for (const id of ids) {
        store.saveReturn(
          {
            jid,
            id,
            fun: "test.ping",
            fun_args: [],
            return: true,
            retcode: 0,
            success: true,
          } as unknown as ReturnLoad,
        );
      }
    });
    // The master beside it wants to write as well.
    if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  store.close();
}

/** As `salt/returners/local_cache.py` lays jobs out. */
async function fillJobsOfSalt(cachedir: string, { jobs }: StoreSizes): Promise<void> {
  for (let number = 0; number < jobs; number += 1) {
    const jid = jidOf(number);
    const sum = createHash("sha256").update(jid).digest("hex");
    const folder = join(cachedir, "jobs", sum.slice(0, 2), sum.slice(2));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "jid"), jid);
    await writeFile(join(folder, ".load.p"), packWire(loadOf(jid) as unknown as DataMap));
  }
}
