/**
 * What functions and events of a minion can ask of the connection that they belong to.
 * @module
 */
import type { MinionChannel } from "../channel/types.ts";
import type { MinionOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import type { MinionServices } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { Data, DataMap, ReturnLoad } from "../types/mod.ts";
import type { JobRunner } from "./jobs.ts";
import type { LocalActions } from "./local_events.ts";
import { pillarRequest } from "./pillar_request.ts";
import { eventLoad } from "./start_event.ts";
import type { Timed } from "./timed.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** The connection, as they see it. */
export interface ServedConnection {
  readonly opts: MinionOpts;
  /** @throws CommandExecutionError while there is no connection. */
  channel(): MinionChannel;
  refreshPillar(cleanCache?: boolean): Promise<void>;
  /** A request with the times and tries of returns. */
  ask(load: DataMap): Promise<Data>;
  /** A return that a local program made. */
  sendReturn(load: ReturnLoad): void;
  fireLocal(tag: string, data: DataMap): void;
  /** Someone says that the link to a master is gone. */
  masterLost(master: string): void;
  /** Someone says that the first master is back. */
  masterBack(master: string): void;
}

/** What functions get. */
export function servicesOf(
  connection: ServedConnection,
  { jobs, world, manage }: { jobs: JobRunner; world: World; manage: Timed["manage"] },
): MinionServices {
  return {
    running: () => jobs.running(),
    refreshModules: async () => {
      await world.refreshModules();
      return true;
    },
    refreshGrains: async (pillar = "changed") => {
      const changed = await world.refreshGrains();
      if (pillar === "always" || (changed && pillar === "changed")) {
        await connection.refreshPillar();
      }
      return true;
    },
    refreshPillar: async (cleanCache) => {
      await connection.refreshPillar(cleanCache);
      return true;
    },
    requestPillar: (options) =>
      connection.channel().requestPillar(pillarRequest(connection.opts, world.grains, options)),
    request: (load, options) => connection.channel().request(load, options),
    fireLocal: (tag, data) => {
      connection.fireLocal(tag, data);
      return Promise.resolve(true);
    },
    fireMaster: async (tag, data) => {
      try {
        await connection.ask(eventLoad(connection.opts.id, { data, tag }));
        return true;
      } catch (error) {
        log.info(`fire_master failed: ${messageOf(error)}`);
        return false;
      }
    },
    manage: (what, request) => manage(what, request),
    onMaster: async (kind, call) =>
      await (await import("./on_master.ts")).onMaster(connection.opts, kind, call),
  };
}

/** What events on the minion's bus bring about. */
export function localActionsOf(
  connection: ServedConnection,
  { world, environment, manage }: {
    world: World;
    manage: Timed["manage"];
    environment: Pick<LocalActions, "setEnvironment" | "environment">;
  },
): LocalActions {
  const { id } = connection.opts;
  return {
    refreshModules: () => world.refreshModules(),
    refreshPillar: (cleanCache) => connection.refreshPillar(cleanCache),
    refreshGrains: () => world.refreshGrains(),
    request: (load) => connection.ask({ id, ...load }),
    manage,
    sendReturn: (load) =>
      connection.sendReturn({ ...load, cmd: "_return", id } as unknown as ReturnLoad),
    fireLocal: (tag, data) => connection.fireLocal(tag, data),
    masterLost: (master) => connection.masterLost(master),
    masterBack: (master) => connection.masterBack(master),
    ...environment,
  };
}
