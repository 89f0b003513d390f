/**
 * What publishing needs, out of a worker's parts.
 * @module
 */
import type { Nodegroups } from "../../plugins/matchers/mod.ts";
import type { PublishParts } from "../publish.ts";
import type { WorkerParts } from "../worker_parts.ts";

/** For {@linkcode publish}. */
export function publishParts(parts: WorkerParts): PublishParts {
  return {
    jobs: parts.jobs,
    targets: {
      keys: parts.keys,
      minions: parts.minions,
      nodegroups: parts.opts.nodegroups as Nodegroups,
    },
    fire: parts.fire,
    send: (load, minions) => parts.send(load, minions),
  };
}
