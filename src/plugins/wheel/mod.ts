/**
 * The wheel: functions that manage the master itself, for programs that ask it to. Described as runners
 * are.
 * @module
 */
import type { RunnerModule } from "../../loader/runner_types.ts";
import { rootsWheel } from "./_roots.ts";
import { config } from "./config.ts";
import { key } from "./key.ts";

/** All wheel modules. */
export const WHEEL: readonly RunnerModule[] = [
  config,
  rootsWheel("file_roots", "The files that minions are served."),
  key,
  rootsWheel("pillar_roots", "The files that pillars are made from."),
];
