/**
 * Measures how long it takes in a cluster of three masters on a Redis until what one of them does holds
 * on all: a key that is accepted on one, until it is accepted on the others; and a minion that waits
 * for its key on another, until it has started there. Times begin when `saltx key` is called.
 *
 *     deno task bench:cluster [--times N] [--minions N]
 *
 * `--times`    keys (50)
 * `--minions`  minions that wait (10)
 *
 * Exits 1 when a key took longer than a second. Needs redis-server.
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Lab } from "../../tests/support/lab.ts";
import type { Master } from "../../tests/support/master.ts";
import { RedisServer } from "../../tests/support/redis_server.ts";
import { until } from "../../tests/support/until.ts";
import { ensureServices } from "../services.ts";
import { distributionRow } from "./quantile.ts";

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "50" },
    minions: { type: "string", default: "10" },
  },
});

/** ms in which a key that is accepted on one master must be accepted on all. */
const BOUND_MS = 1000;
/** ms between two looks. */
const LOOK_MS = 2;
/** ms after which it counts as lost. */
const LIMIT_MS = 30_000;

const hasKey = (master: Master, folder: string, id: string) =>
  existsSync(join(master.pkiDir, folder, id));

/** Accepts a key on the first master. @returns ms until the others have it accepted. */
async function accepted(masters: readonly Master[], id: string, pem: string): Promise<number> {
  const [first] = masters as [Master];
  await first.placeKey(id, "minions_pre", pem);
  for (const master of masters) await until(id, () => hasKey(master, "minions_pre", id));
  const begin = performance.now();
  const command = first.key("-y", "-a", id);
  while (!masters.every((master) => hasKey(master, "minions", id))) {
    if (performance.now() - begin > LIMIT_MS) throw new Error(`${id} is not on all masters`);
    await sleep(LOOK_MS);
  }
  const ms = performance.now() - begin;
  await command;
  return ms;
}

/** Accepts a minion's key on the first master. @returns ms until it has started at the last. */
async function started(lab: Lab, masters: readonly Master[], id: string): Promise<number> {
  const last = masters.at(-1)!;
  await (await lab.minion("saltx", id, last, { acceptance_wait_time: 1 })).start();
  await masters[0]!.awaitKey(id, "minions_pre");
  const events = await lab.events(last);
  const begin = performance.now();
  const command = masters[0]!.key("-y", "-a", id);
  await events.line(new RegExp(`^salt/minion/${id}/start\\t`, "m"), LIMIT_MS);
  const ms = performance.now() - begin;
  await Promise.all([command, events.stop()]);
  return ms;
}

await ensureServices(["redis"]);
await using lab = await Lab.open();
const redis = await RedisServer.start(lab);
const config = { cluster: redis.url, cluster_secret: "of the bench", log_level: "warning" };
const masters = await Promise.all(
  ["m1", "m2", "m3"].map(async (id) =>
    await (await lab.master("saltx", { id, ...config }, id)).start()
  ),
);
const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = String(publicKey.export({ type: "spki", format: "pem" }));
const [keys, minions]: [number[], number[]] = [[], []];
for (let i = 0; i < Number(values.times); i += 1) keys.push(await accepted(masters, `k${i}`, pem));
for (let i = 0; i < Number(values.minions); i += 1) {
  minions.push(await started(lab, masters, `n${i}`));
}
console.log("| ms | least | median | 9 of 10 | most |\n| --- | --- | --- | --- | --- |");
console.log(distributionRow("accepted on one, accepted on all", keys));
console.log(distributionRow("accepted on one, minion started at another", minions));
if (Math.max(...keys) > BOUND_MS) {
  console.error(`A key took longer than ${BOUND_MS} ms`);
  process.exitCode = 1;
}
