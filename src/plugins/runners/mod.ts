/**
 * The runners: functions that `saltx run` calls on the master's host.
 * @module
 */
import type { RunnerModule } from "../../loader/runner_types.ts";
import { jobs } from "./jobs.ts";
import { manage } from "./manage.ts";

/** All runner modules. */
export const RUNNERS: readonly RunnerModule[] = [jobs, manage];
