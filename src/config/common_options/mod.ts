/**
 * Every option the same on both daemons, by topic.
 * @module
 */
import { commonAccess } from "./access.ts";
import { commonDaemon } from "./daemon.ts";
import { commonFiles } from "./files.ts";
import { commonGitfs } from "./gitfs.ts";
import { commonLogging } from "./logging.ts";
import { commonNetwork } from "./network.ts";
import { commonPillar } from "./pillar.ts";
import { commonRaet } from "./raet.ts";
import { commonSaltx } from "./saltx.ts";
import { commonStates } from "./states.ts";
import { commonWinrepo } from "./winrepo.ts";

/** Options the same on both daemons. */
export const commonOptions = {
  ...commonAccess,
  ...commonDaemon,
  ...commonFiles,
  ...commonGitfs,
  ...commonLogging,
  ...commonNetwork,
  ...commonPillar,
  ...commonRaet,
  ...commonSaltx,
  ...commonStates,
  ...commonWinrepo,
};
