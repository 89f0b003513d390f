/**
 * The runners: functions that `saltx run` calls on the master's host.
 * @module
 */
import type { MasterOpts } from "../../config/mod.ts";
import { customFiles } from "../../loader/custom/files.ts";
import type { RunnerModule } from "../../loader/runner_types.ts";
import { cache } from "./cache.ts";
import { cluster } from "./cluster.ts";
import { config } from "./config.ts";
import { doc } from "./doc.ts";
import { error } from "./error.ts";
import { event } from "./event.ts";
import { fileserver } from "./fileserver.ts";
import { jobs } from "./jobs.ts";
import { manage } from "./manage.ts";
import { master } from "./master.ts";
import { masters } from "./masters.ts";
import { queue } from "./queue.ts";
import { raet } from "./raet.ts";
import { salt } from "./salt.ts";
import { saltutil } from "./saltutil.ts";
import { test } from "./test.ts";

/** All runner modules. */
export const RUNNERS: readonly RunnerModule[] = [
  cache,
  cluster,
  config,
  doc,
  error,
  event,
  fileserver,
  jobs,
  manage,
  master,
  masters,
  queue,
  raet,
  salt,
  saltutil,
  test,
];

/** The runners of a master: the built-in ones, and those of users, which go before them. */
export async function runnersOf(opts: MasterOpts): Promise<readonly RunnerModule[]> {
  if (customFiles(opts, "runners").length === 0) return RUNNERS;
  const { customRunners } = await import("../../loader/custom/execution.ts");
  const own = await customRunners(opts);
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...RUNNERS.filter(({ name }) => !names.has(name))];
}
