/**
 * The runners: functions that `saltx run` calls on the master's host.
 * @module
 */
import type { RunnerModule } from "../../loader/runner_types.ts";
import { cache } from "./cache.ts";
import { config } from "./config.ts";
import { doc } from "./doc.ts";
import { error } from "./error.ts";
import { event } from "./event.ts";
import { fileserver } from "./fileserver.ts";
import { jobs } from "./jobs.ts";
import { manage } from "./manage.ts";
import { queue } from "./queue.ts";
import { raet } from "./raet.ts";
import { salt } from "./salt.ts";
import { test } from "./test.ts";

/** All runner modules. */
export const RUNNERS: readonly RunnerModule[] = [
  cache,
  config,
  doc,
  error,
  event,
  fileserver,
  jobs,
  manage,
  queue,
  raet,
  salt,
  test,
];
