/**
 * The wheel: functions that manage the master itself, for programs that ask it to. Described as runners
 * are.
 * @module
 */
import type { RunnerModule } from "../../loader/runner_types.ts";
import { error } from "../runners/error.ts";
import { rootsWheel } from "./_roots.ts";
import { config } from "./config.ts";
import { key } from "./key.ts";
import { minions } from "./minions.ts";

/** All wheel modules. */
export const WHEEL: readonly RunnerModule[] = [
  config,
  error,
  rootsWheel("file_roots", "The files that minions are served."),
  key,
  minions,
  rootsWheel("pillar_roots", "The files that pillars are made from."),
];
