/**
 * Every option of the master, by topic.
 * @module
 */
import { masterAccess } from "./access.ts";
import { masterCluster } from "./cluster.ts";
import { masterFiles } from "./files.ts";
import { masterJobs } from "./jobs.ts";
import { masterKeys } from "./keys.ts";
import { masterNetwork } from "./network.ts";
import { masterPillar } from "./pillar.ts";
import { masterReactor } from "./reactor.ts";
import { masterSsh } from "./ssh.ts";
import { masterSyndic } from "./syndic.ts";
import { masterWorkers } from "./workers.ts";

/** Options of the master. */
export const masterOptions = {
  ...masterAccess,
  ...masterCluster,
  ...masterFiles,
  ...masterJobs,
  ...masterKeys,
  ...masterNetwork,
  ...masterPillar,
  ...masterReactor,
  ...masterSsh,
  ...masterSyndic,
  ...masterWorkers,
};
