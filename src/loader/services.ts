/**
 * What functions find in place of a minion process when there is none (`salt-call --local`, tests).
 * @module
 */
import { CommandExecutionError } from "../errors.ts";
import type { MinionServices } from "./types.ts";

function refuse(): never {
  throw new CommandExecutionError("This needs a running minion, and there is none");
}

/** Services without a minion: no job runs, refreshing does nothing, all else is refused. */
export const localServices: MinionServices = {
  running: () => [],
  refreshModules: () => Promise.resolve(true),
  refreshGrains: () => Promise.resolve(true),
  refreshPillar: () => Promise.resolve(true),
  requestPillar: refuse,
  request: refuse,
  fireLocal: () => Promise.resolve(false),
  fireMaster: () => Promise.resolve(false),
  manage: () => Promise.resolve(null),
  onMaster: refuse,
};
