/**
 * What the main thread does when minions come and go.
 * @module
 */
import {
  type MineStore,
  openJobCache,
  openMineStore,
  openMinionDataCache,
  openQueueStore,
} from "../cache/mod.ts";
import type { SharedSet } from "../channel/shared_set.ts";
import type { MasterOpts } from "../config/mod.ts";
import type { EventBusServer } from "../event/mod.ts";
import type { KeyStore } from "../key/mod.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { PresenceCheck } from "./presence.ts";
import { PresenceEvents } from "./presence_events.ts";
import type { Publisher } from "./publisher.ts";
import { QueueKeeper } from "./queue/keeper.ts";

const log = getLogger("saltx.master");

/** What it works with. */
export interface WatchParts {
  keys: KeyStore;
  bus: EventBusServer;
  publisher: Publisher;
  /** Topics with a subscriber. */
  topics: SharedSet;
  publishPort: number;
}

/** Who watches. */
export interface Watch {
  /** A topic got its first subscriber, or lost the last. */
  topic(topic: string, present: boolean): void;
  /** To be called every `loop_interval`. */
  check(): void;
  /** Jobs that still wait for somebody: their records are kept so long. */
  queuedJobs(): string[];
  stop(): void;
}

/** Starts watching. */
export function watchMinions(opts: MasterOpts, parts: WatchParts): Watch {
  const { keys, bus, publisher, topics, publishPort } = parts;
  const jobs = openJobCache(opts);
  const minions = openMinionDataCache(opts);
  const presence = new PresenceCheck({ topics, minions, publishPort });
  const store = openQueueStore({ cachedir: opts.cachedir });
  const keeper = new QueueKeeper({
    store,
    jobs,
    keys,
    minions,
    bus,
    presence,
    publish: (load, ids) => publisher.publish(load, ids),
  });
  keeper.start();
  // Who came while the master was starting.
  keeper.check();
  const mine = openMineStore({ cachedir: opts.cachedir });
  const stopHearing = bus.onEvent("salt/key", ({ data: { act, id } }) => {
    if (act === "delete" && typeof id === "string") forgetMine(mine, id);
  });
  const events = opts.presence_events
    ? new PresenceEvents({
      ids: () => keys.ids("accepted"),
      presence,
      fire: (tag, data) => bus.fire(tag, data),
    })
    : null;
  return {
    topic: (topic, present) => {
      keeper.topic(topic, present);
      events?.changed();
    },
    check: () => {
      keeper.check();
      events?.check();
    },
    queuedJobs: () => store.jids(),
    stop: () => {
      stopHearing();
      mine.close();
      events?.close();
      keeper.close();
      jobs.close();
      minions.close();
    },
  };
}

/** Who gets that id next starts with nothing. */
function forgetMine(mine: MineStore, id: string): void {
  try {
    mine.flush([id]);
  } catch (error) {
    log.error(`The mine data of ${id} cannot be removed: ${messageOf(error)}`, error);
  }
}
