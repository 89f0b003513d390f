/**
 * Measures how long a minion with `master_type: failover` is without a master: from the death of the one
 * it hangs on (`kill -9`, at a moment by chance) until it has signed in at the other, subscribed there
 * and said so; then the other one commands it, to be sure. saltx and real Salt in one run, with the same
 * settings.
 *
 *     deno task bench:failover [--salt VERSION] [--times N] [--alive SECONDS]
 *
 * `--salt`   which real Salt; the newest 3006 when absent
 * `--times`  deaths of each (10)
 * `--alive`  `master_alive_interval` (2)
 * @module
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../../tests/support/lab.ts";
import type { Master } from "../../tests/support/master.ts";
import type { Software } from "../../tests/support/software.ts";
import { saltVersions } from "../venvs.ts";
import { PARTS, quantile } from "./quantile.ts";

const { values } = parseArgs({
  options: {
    salt: { type: "string", default: saltVersions.lts },
    times: { type: "string", default: "10" },
    alive: { type: "string", default: "2" },
  },
});

/** ms after which a minion counts as lost. */
const LIMIT_MS = 60_000;

async function startMasters(lab: Lab, software: Software): Promise<[Master, Master]> {
  const config = { auto_accept: true, worker_threads: 3, log_level: "warning" };
  const first = await (await lab.master(software, config, "m1")).start();
  const second = await lab.master(software, config, "m2");
  // Real minions know one master key.
  await mkdir(second.pkiDir, { recursive: true, mode: 0o700 });
  for (const name of ["master.pem", "master.pub"]) {
    await copyFile(join(first.pkiDir, name), join(second.pkiDir, name));
  }
  return [first, await second.start()];
}

/** Seconds of each failover. */
async function failovers(software: Software, times: number, alive: number): Promise<number[]> {
  await using lab = await Lab.open();
  const [first, second] = await startMasters(lab, software);
  const names = [first, second].map(({ endpoint }) => `${endpoint.host}:${endpoint.requestPort}`);
  const seconds: number[] = [];
  for (let time = 0; time < times; time += 1) {
    // A new one each time: real minions keep what they have learned of masters in their schedule.
    const id = `roams-${time}`;
    const minion = await lab.minion(software, id, first, {
      master: names,
      master_type: "failover",
      master_alive_interval: alive,
      publish_port: 4506,
      retry_dns: 0,
    });
    await (await minion.start()).ready();
    await first.awaitPing(id);
    const events = await lab.events(second);
    await new Promise((done) => setTimeout(done, Math.random() * alive * 1000));
    const begin = performance.now();
    await first.stop("SIGKILL");
    const found = await events.line(new RegExp(`^salt/minion/${id}/start\\t`, "m"), LIMIT_MS)
      .catch(() => null);
    seconds.push(found === null ? Infinity : (performance.now() - begin) / 1000);
    console.error(`${software}: ${seconds.at(-1)?.toFixed(2)} s`);
    await events.stop();
    if (found !== null) await second.awaitPing(id);
    await minion.stop("SIGKILL");
    await first.start();
  }
  return seconds;
}

const real = Object.values(saltVersions).find((version) => version === values.salt);
if (real === undefined) throw new Error(`No Salt ${values.salt}`);
const results = new Map<Software, number[]>();
const begin = performance.now();
for (const software of [real, "saltx"] as const) {
  results.set(software, await failovers(software, Number(values.times), Number(values.alive)));
}
const took = ((performance.now() - begin) / 60_000).toFixed(1);
console.log(
  `Without a master, in s, of ${values.times} times each; master_alive_interval: ${values.alive}; ` +
    `measured in ${took} minutes\n`,
);
console.log(`| | Salt ${real} | saltx | shorter by |\n| --- | --- | --- | --- |`);
for (const [name, part] of PARTS) {
  const [theirs, ours] = [real, "saltx" as const].map((one) => quantile(results.get(one)!, part));
  const ratio = (theirs! / ours!).toFixed(1);
  console.log(`| ${name} | ${theirs!.toFixed(2)} | ${ours!.toFixed(2)} | ${ratio}× |`);
}
const lost = [...results].map(([software, all]) =>
  [software, all.filter((s) => s === Infinity)] as const
);
for (const [software, { length }] of lost) {
  if (length > 0) console.log(`${software}: ${length} never came back within ${LIMIT_MS / 1000} s`);
}
