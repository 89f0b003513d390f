/**
 * The keys of a cluster in Redis. All share one hash tag, so that a transaction may touch any of them
 * in a Redis Cluster as well.
 * @module
 */
import { SaltConfigurationError } from "../../errors.ts";

/** Redis keys of one cluster. */
export interface ClusterNames {
  /** Text that only a master of this cluster can open, and that tells whether Redis lost its data. */
  mark: string;
  /** Stream of all that masters tell each other. */
  stream: string;
  /** Hash of key decisions. */
  keys: string;
  /** The session key. */
  session: string;
  /** Sorted set of jids by time; a hash for each job. */
  jobs: string;
  job(jid: string): string;
  /** Hashes: grains and pillar, when they changed, and mine values. */
  minions: string;
  minionTimes: string;
  mine: string;
  /** Sorted set of masters by the time until which they count as alive, and what they are. */
  alive: string;
  masters: string;
  /** Hash: who is connected to which master. */
  present: string;
}

/** @throws {SaltConfigurationError} when the id cannot be part of a name. */
export function clusterNames(clusterId: string): ClusterNames {
  if (!/^[\w.-]{1,64}$/.test(clusterId)) {
    throw new SaltConfigurationError(
      `cluster_id: '${clusterId}' must be 1 to 64 letters, digits, dots, dashes or underscores`,
    );
  }
  const name = (part: string) => `{saltx:${clusterId}}:${part}`;
  return {
    mark: name("mark"),
    stream: name("stream"),
    keys: name("keys"),
    session: name("session"),
    jobs: name("jobs"),
    job: (jid) => name(`job:${jid}`),
    minions: name("minions"),
    minionTimes: name("minions:times"),
    mine: name("mine"),
    alive: name("alive"),
    masters: name("masters"),
    present: name("present"),
  };
}
