/** All calls that real Salt and saltx are compared by. @module */
import { type Call, calls } from "./calls.ts";
import { changingCalls } from "./changing_calls.ts";
import { fileCalls } from "./file_calls.ts";
import { packageCalls } from "./package_calls.ts";
import { systemCalls } from "./system_calls.ts";

/** In the order in which they are called. */
export const allCalls: readonly Call[] = [
  ...calls,
  ...fileCalls,
  ...packageCalls,
  ...systemCalls,
  ...changingCalls,
];

/** Calls by themselves, and those that build on what others before them left. */
export function storiesOf(all: readonly Call[]): [Call, ...Call[]][] {
  const stories: [Call, ...Call[]][] = [];
  for (const call of all) {
    if (call.plays === "on") stories.at(-1)!.push(call);
    else stories.push([call]);
  }
  return stories;
}

/** Calls for which something holds, each with those that it builds on or that build on it. */
export function callsAround(all: readonly Call[], holds: (call: Call) => boolean): Call[] {
  return storiesOf(all).filter((story) => story.some(holds)).flat();
}
