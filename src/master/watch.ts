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
import { hearJobEnds } from "./job_ends.ts";
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
  /** Ids that have signed in. */
  signedIn: SharedSet;
  /** Topics with a subscriber on another master of the cluster; null outside of one. */
  elsewhere: SharedSet | null;
  publishPort: number;
  /** For writing to the job cache. */
  turnstile: SharedArrayBuffer;
}

/** Who watches. */
export interface Watch {
  /** A topic got its first subscriber, or lost the last. */
  topic(topic: string, present: boolean): void;
  /** Somebody came to another master, or left one. */
  elsewhere(): void;
  /** To be called every `loop_interval`. */
  check(): void;
  /** Jobs that still wait for somebody: their records are kept so long. */
  queuedJobs(): string[];
  stop(): void;
}

/** Starts watching. */
export function watchMinions(opts: MasterOpts, parts: WatchParts): Watch {
  const { keys, bus, publisher, topics, signedIn, elsewhere, publishPort, turnstile } = parts;
  const jobs = openJobCache({ ...opts, turnstile });
  const minions = openMinionDataCache(opts);
  // The queue sends to whom is connected here: every master of a cluster has all that waits.
  const presence = new PresenceCheck({ topics, signedIn, minions, publishPort });
  const store = openQueueStore({ cachedir: opts.cachedir });
  const keeper = new QueueKeeper({
    store,
    jobs,
    keys,
    minions,
    bus,
    presence,
    window: opts.reconnect_window,
    publish: (load, ids) => publisher.publish(load, ids),
  });
  keeper.start();
  // Who came while the master was starting.
  keeper.check();
  const stopEnds = hearJobEnds(bus, jobs);
  const mine = openMineStore(opts);
  const stopHearing = bus.onEvent("salt/key", ({ data: { act, id } }) => {
    if (act === "delete" && typeof id === "string") forgetMine(mine, id);
  });
  const events = opts.presence_events
    ? new PresenceEvents({
      ids: () => keys.ids("accepted"),
      presence: new PresenceCheck({ topics, signedIn, elsewhere, minions, publishPort }),
      fire: (tag, data) => bus.fire(tag, data),
    })
    : null;
  return {
    topic: (topic, present) => {
      keeper.topic(topic, present);
      events?.changed();
    },
    elsewhere: () => events?.changed(),
    check: () => {
      keeper.check();
      events?.check();
    },
    queuedJobs: () => store.jids(),
    stop: () => {
      stopHearing();
      stopEnds();
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
