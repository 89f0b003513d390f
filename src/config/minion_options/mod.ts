/**
 * Every option of the minion, by topic.
 * @module
 */
import { minionDefaults } from "./defaults.ts";
import { minionExecution } from "./execution.ts";
import { minionIdentity } from "./identity.ts";
import { minionMasterLink } from "./master_link.ts";
import { minionProxy } from "./proxy.ts";
import { minionSchedule } from "./schedule.ts";
import { minionUpdate } from "./update.ts";

/** Options of the minion. */
export const minionOptions = {
  ...minionExecution,
  ...minionIdentity,
  ...minionMasterLink,
  ...minionProxy,
  ...minionSchedule,
  ...minionUpdate,
  ...minionDefaults,
};
