/**
 * What publishing needs, out of a worker's parts.
 * @module
 */
import type { Nodegroups } from "../../plugins/matchers/mod.ts";
import type { PublishParts } from "../publish.ts";
import { masterJid } from "../../text/jid.ts";
import { knownSyndics } from "../syndics.ts";
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
    newJid: () => masterJid(parts.opts),
    fire: parts.fire,
    send: (load, minions) => parts.send(load, minions),
    masterId: parts.opts.master_id,
    syndics: parts.opts.order_masters ? knownSyndics(parts.opts.syndic_dir) : null,
  };
}
