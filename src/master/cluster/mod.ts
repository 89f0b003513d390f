/**
 * One master's part in a cluster of masters that share a Redis (`cluster`): keys, session key, jobs and
 * returns, queues, data of minions, presence and events.
 *
 * Every master keeps all of it in its own stores and works from them alone; what is here only carries
 * changes between them. Without Redis a master therefore goes on with what it has.
 * @module
 */
import { hostname } from "node:os";
import {
  openMinionDataCache,
  openQueueStore,
  openSharedJobCache,
  openSharedMine,
  openSharedMinionData,
} from "../../cache/mod.ts";
import { type ClusterMember, writeClusterView } from "../../cache/cluster_members.ts";
import { redisSettingsOfUrl } from "../../cache/redis_settings.ts";
import type { SharedSet } from "../../channel/shared_set.ts";
import type { MasterOpts } from "../../config/mod.ts";
import { Crypticle } from "../../crypt/mod.ts";
import { messageOf } from "../../errors.ts";
import type { EventBusServer } from "../../event/mod.ts";
import type { KeyStore } from "../../key/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import type { DataMap } from "../../types/mod.ts";
import { VERSION } from "../../version.ts";
import { PresenceCheck } from "../presence.ts";
import { SharedEvents } from "./events.ts";
import { SharedJobs } from "./jobs.ts";
import { KeyFolders } from "./key_folders.ts";
import { SharedKeys } from "./keys.ts";
import { ClusterLink } from "./link.ts";
import { ClusterMemory } from "./memory.ts";
import { SharedMinions } from "./minion_data.ts";
import { clusterNames } from "./names.ts";
import { SharedPresence } from "./presence.ts";
import { SharedPublications } from "./publications.ts";
import { SharedQueue } from "./queue.ts";
import { Seal, secretOfPrivateKey } from "./seal.ts";
import { SharedSession } from "./session.ts";

const log = getLogger("saltx.cluster");

/** The cluster's id when `cluster_id` is empty. */
const CLUSTER_ID = "saltx";

/** ms that a start waits for Redis before it goes on alone. */
const START_WAIT = 3000;

/** ms between looks at what changed without an event: key folders, data of minions. */
const LOOK = 250;

/** What is there when a cluster opens. */
export interface ClusterParts {
  opts: MasterOpts;
  /** PEM of the master's private key. */
  privateKey: string;
  bus: EventBusServer;
  keys: KeyStore;
  /** Topics with a subscriber on this master, and those on others. */
  topics: SharedSet;
  elsewhere: SharedSet;
  /** Ids that have signed in to this master. */
  signedIn: SharedSet;
  publishPort: number;
}

/** What is there later. */
export interface ClusterActions {
  /** Publishes to the minions of this master. */
  publish(load: DataMap, minions: string[]): void;
  /** Puts another master's session key into force. */
  adopt(key: string): void;
  /** Who is connected to other masters has changed. */
  presenceChanged(): void;
}

/** A cluster as the master that is in it sees it. */
export interface Cluster {
  /** The session key to begin with. */
  readonly sessionKey: string;
  /** From now on publications and rotations of others are done here. */
  start(actions: ClusterActions): void;
  /** This master has published what an operator asked for. */
  published(load: DataMap, minions: readonly string[]): void;
  /** A topic got its first subscriber here, or lost the last. */
  topicChanged(): void;
  /** This master has put a new session key into force. */
  rotated(key: string): void;
  stop(): Promise<void>;
}

/**
 * Opens the cluster; without Redis in time it goes on alone and joins later.
 * @throws {SaltConfigurationError} when `cluster` or `cluster_id` makes no sense.
 */
export async function openCluster(parts: ClusterParts): Promise<Cluster> {
  const member = new Member(parts);
  await member.open();
  return member;
}

class Member implements Cluster {
  readonly #parts: ClusterParts;
  readonly #memory: ClusterMemory;
  readonly #link: ClusterLink;
  readonly #keys: SharedKeys;
  readonly #session: SharedSession;
  readonly #publications: SharedPublications;
  readonly #presence: SharedPresence;
  readonly #jobs: ReturnType<typeof openSharedJobCache>;
  readonly #minions: ReturnType<typeof openSharedMinionData>;
  readonly #mine: ReturnType<typeof openSharedMine>;
  readonly #stops: (() => void)[] = [];
  readonly #started = Promise.withResolvers<ClusterActions>();
  #actions: ClusterActions | null = null;

  constructor(parts: ClusterParts) {
    const { opts, bus } = parts;
    this.#parts = parts;
    const clusterId = opts.cluster_id ?? CLUSTER_ID;
    const names = clusterNames(clusterId);
    const memory = this.#memory = new ClusterMemory(opts.cachedir);
    const fire = (tag: string, data: DataMap) => bus.fire(tag, data);
    const link = this.#link = new ClusterLink({
      settings: redisSettingsOfUrl(opts.cluster!, "cluster"),
      names,
      seal: new Seal(opts.cluster_secret ?? secretOfPrivateKey(parts.privateKey), clusterId),
      clusterId,
      node: memory.node(),
      lastMark: () => memory.fact("mark"),
      noteMark: (mark) => memory.note("mark", mark),
      fire,
    });
    this.#jobs = openSharedJobCache(opts);
    this.#minions = openSharedMinionData(opts);
    this.#mine = openSharedMine({ cachedir: opts.cachedir });
    this.#keys = new SharedKeys({
      link,
      names,
      memory,
      folders: new KeyFolders(opts.pki_dir),
      fire,
    });
    this.#session = new SharedSession({
      link,
      names,
      adopt: (key) => void this.#started.promise.then((actions) => actions.adopt(key)),
    }, Crypticle.generateKeyString());
    this.#publications = new SharedPublications({
      link,
      jobs: this.#jobs,
      started: this.#started.promise,
    });
    this.#presence = new SharedPresence({
      link,
      names,
      about: { id: opts.id, host: hostname(), version: VERSION },
      seen: (joined, members) => this.#view(joined, members),
      here: this.#here(),
      elsewhere: parts.elsewhere,
      changed: () => this.#actions?.presenceChanged(),
    });
    this.#addConcerns(names, fire);
  }

  get sessionKey(): string {
    return this.#session.key;
  }

  async open(): Promise<void> {
    for (const { changes } of this.#told) changes.enable();
    const look = setInterval(() => this.#look(), LOOK);
    this.#stops.push(() => clearInterval(look));
    await this.#link.open(START_WAIT);
  }

  start(actions: ClusterActions): void {
    this.#actions = actions;
    this.#started.resolve(actions);
    this.#link.wake();
  }

  published(load: DataMap, minions: readonly string[]): void {
    this.#publications.published(load, minions);
  }

  topicChanged(): void {
    this.#presence.changed();
  }

  rotated(key: string): void {
    this.#session.rotated(key);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#presence.close();
    this.#started.resolve({ publish() {}, adopt() {}, presenceChanged() {} });
    await this.#link.stop();
    for (const store of [this.#jobs, this.#minions, this.#mine, this.#memory]) store.close();
  }

  /** Stores whose changes are told; with `cache: redis`, data of minions go another way. */
  get #told() {
    const { cache } = this.#parts.opts;
    return cache === "redis" ? [this.#jobs] : [this.#jobs, this.#minions, this.#mine];
  }

  /** In the order in which they are merged and told: who may run a job is known before the job. */
  #addConcerns(
    names: ReturnType<typeof clusterNames>,
    fire: (tag: string, data: DataMap) => void,
  ): void {
    const { opts, bus } = this.#parts;
    const link = this.#link;
    const store = openQueueStore({ cachedir: opts.cachedir });
    const queue = new SharedQueue({ link, store, jobs: this.#jobs, fire });
    const events = new SharedEvents({ link, fire });
    link.add(["key"], this.#keys);
    link.add(["session"], this.#session);
    const data = new SharedMinions({ link, names, minions: this.#minions, mine: this.#mine });
    if (opts.cache !== "redis") link.add(["minions", "mine"], data);
    link.add(
      ["job"],
      new SharedJobs({
        link,
        names,
        store: this.#jobs,
        keepSeconds: opts.keep_jobs_seconds,
        lastJoined: () => Number(this.#memory.fact("joined") ?? 0),
        fire,
      }),
    );
    link.add(["pub"], this.#publications);
    link.add(["queue"], queue);
    link.add(["event"], events);
    link.add(["present"], this.#presence);
    this.#stops.push(
      bus.onEvent("", (event) => {
        queue.seen(event);
        events.seen(event);
        // What an event tells of is in a store by now.
        link.wake();
      }),
      () => store.close(),
    );
  }

  /** Looks for what no event told of. */
  #look(): void {
    try {
      const waiting = this.#keys.look() ||
        this.#told.some(({ changes }) => changes.next(1).length > 0);
      if (this.#link.joined) this.#memory.note("joined", String(Math.floor(Date.now() / 1000)));
      if (waiting) this.#link.wake();
    } catch (error) {
      log.error(`The cluster cannot look for changes: ${messageOf(error)}`, error);
    }
  }

  /** Leaves for runners what this master sees of the cluster. */
  #view(joined: boolean, members: ClusterMember[]): void {
    const { cachedir, cluster_id, id } = this.#parts.opts;
    try {
      const view = { cluster_id: cluster_id ?? CLUSTER_ID, node_id: id, joined, members };
      writeClusterView(cachedir, view);
    } catch (error) {
      log.error(`What is seen of the cluster cannot be written: ${messageOf(error)}`);
    }
  }

  /** Which accepted minions are connected to this master. */
  #here(): () => string[] {
    const { opts, keys, topics, signedIn, publishPort } = this.#parts;
    const minions = openMinionDataCache(opts);
    this.#stops.push(() => minions.close());
    const presence = new PresenceCheck({ topics, signedIn, minions, publishPort });
    return () => {
      const ids = keys.ids("accepted");
      const states = presence.of(ids);
      return ids.filter((_, i) => states[i] === "present");
    };
  }
}
