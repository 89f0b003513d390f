/**
 * Puts a master together and takes it apart.
 * @module
 */
import { availableParallelism } from "node:os";
import { SharedSet } from "../channel/shared_set.ts";
import { type MasterOpts, transportsOf } from "../config/mod.ts";
import { Crypticle } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import { type EventBusServer, startEventBus } from "../event/mod.ts";
import { ensureDir } from "../fs/mod.ts";
import { EstateKeyStore, openMasterKeys } from "../key/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { currentJid } from "../text/jid.ts";
import { minionTopic } from "../transport/zeromq/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { PublishServer } from "../transport/types.ts";
import type { Cluster } from "./cluster/mod.ts";
import { FleetKey } from "./fleet_key.ts";
import { maintain } from "./maintenance.ts";
import { MasterMetrics, type MetricSources } from "./metrics/master_metrics.ts";
import { checkOpenFiles } from "./open_files.ts";
import { noteTopic } from "./presence.ts";
import { type Watch, watchMinions } from "./watch.ts";
import { Publisher } from "./publisher.ts";
import { wantsReturners } from "../plugins/returners/job_copies.ts";
import { LostTopics } from "./returning.ts";
import type { RoadParts } from "./road.ts";
import { Rotation } from "./rotation.ts";
import { withCache, withCluster } from "./shared_state.ts";
import { openPublishServer, openRequestServer } from "./ports.ts";
import { sharedMemory, workerData } from "./thread_data.ts";
import { WorkerPool } from "./workers.ts";

const log = getLogger("saltx.master");

/** A master that takes requests. */
export interface RunningMaster {
  /** The ports really bound. */
  readonly publishPort: number;
  readonly requestPort: number;
  /** Answers what is under way, then ends. */
  stop(): Promise<void>;
}

/** What ends the parts that were started, in their order. */
type Stops = (() => Promise<unknown> | void)[];

/** ms that requests under way get to finish at the end. */
const DRAIN_MS = 5000;

/** Starts all parts of a master; what was started is stopped again when one of them fails. */
export async function startMaster(opts: MasterOpts): Promise<RunningMaster> {
  const stops: Stops = [];
  try {
    return await start(opts, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** Parts that are told of what may happen before they are there. */
interface Late {
  watch?: Watch;
  rotation?: Rotation;
  cluster?: Cluster | undefined;
}

async function start(opts: MasterOpts, stops: Stops): Promise<RunningMaster> {
  const base = await openBase(opts, stops);
  const { bus, cluster, fleet, keys, late, memory, published, publisher, requests, server } = base;
  const publishPort = portOf(server.endpoint);
  const data = await workerData(opts, {
    ...memory,
    masterKeys: base.masterKeys,
    fleetKey: fleet.text,
    publishPort,
    startedAt: base.startedAt,
  });
  const pool = await WorkerPool.start(data, {
    count: Math.min(opts.worker_threads, Math.max(2, availableParallelism())),
    onRotate: (reason) => void late.rotation?.rotate(reason),
    attach: (worker) => requests.attach(worker),
    onEvent: (frame) => bus.forward(frame),
  });
  stops.push(hearDecisions(bus, requests, (id) => base.lostTopics.expect(minionTopic(id))));
  // Workers end before the sockets that their answers leave by.
  stops.push(() => pool.stop(DRAIN_MS));
  await startMetrics(opts, stops, { requests, publications: server, pool, bus });
  const rotation = late.rotation = new Rotation({
    cachedir: opts.cachedir,
    publishSession: opts.publish_session,
    fleet,
    pool,
    bus,
    ping: opts.ping_on_rotate ? () => publisher.publish(pingLoad(), []) : null,
    onRotated: (key) => cluster?.rotated(key),
  });
  const watch = late.watch = watchMinions(opts, {
    keys,
    bus,
    publisher,
    publishPort,
    turnstile: data.turnstile,
    topics: new SharedSet(memory.present),
    signedIn: new SharedSet(memory.signedIn),
    elsewhere: memory.elsewhere && new SharedSet(memory.elsewhere),
  });
  stops.push(watch.stop);
  if (wantsReturners(opts)) {
    const { startReturners } = await import("./returners.ts");
    stops.push(startReturners(opts, bus));
  }
  cluster?.start({
    publish: (load, ids) => publisher.publish(load, ids),
    adopt: (key) => void rotation.adopt(key),
    presenceChanged: () => watch.elsewhere(),
  });
  stops.push(maintain(opts, {
    rotation,
    bus,
    server: published,
    watch,
    subscribers: memory.subscribers,
    turnstile: data.turnstile,
  }));
  stops.push(runtime.careForMemory());
  log.info(`The master listens on ${requests.endpoint} and publishes on ${server.endpoint}`);
  return {
    publishPort,
    requestPort: portOf(requests.endpoint),
    stop: () => stopAll(stops),
  };
}

/** Opens what has to be there before the workers: keys, ports, the bus, the cluster, the publisher. */
async function openBase(opts: MasterOpts, stops: Stops) {
  prepareDirs(opts);
  const masterKeys = await openMasterKeys(opts);
  const keys = new EstateKeyStore(opts);
  keys.prepare();
  const room = checkOpenFiles(opts.max_open_files, keys.ids("accepted").length);
  const startedAt = Date.now();
  const memory = sharedMemory(opts);
  const lostTopics = new LostTopics(new SharedSet(memory.lost), opts.reconnect_window);
  const late: Late = {};
  const onTopic = (topic: string, there: boolean) => {
    noteTopic(new SharedSet(memory.present), topic, there);
    lostTopics.note(topic, there);
    late.watch?.topic(topic, there);
    late.cluster?.topicChanged();
  };
  const server = await openPublishServer(opts, onTopic, room);
  stops.push(() => server.close());
  const requests = await openRequestServer(opts, room);
  stops.push(() => requests.close(DRAIN_MS));
  const bus = await startBus(opts);
  stops.push(() => bus.close());
  await withCache(stops, opts);
  const cluster = late.cluster = await withCluster(stops, memory.elsewhere, {
    opts,
    privateKey: masterKeys.privateKey,
    bus,
    keys,
    topics: new SharedSet(memory.present),
    signedIn: new SharedSet(memory.signedIn),
    publishPort: portOf(server.endpoint),
  });
  const fleet = cluster
    ? new FleetKey(cluster.sessionKey, Date.now)
    : new FleetKey(Crypticle.generateKeyString());
  const published = await withRoad(server, stops, {
    opts,
    keys,
    masterKeys,
    bus,
    handler: (payload, { verifiedId }) => requests.ask(payload, verifiedId ?? ""),
    requestPort: portOf(requests.endpoint),
    onLink: (id, open) => onTopic(minionTopic(id), open),
  });
  const publisher = await Publisher.start({
    opts,
    privateKey: masterKeys.privateKey,
    fleet,
    server: published,
    onPublished: (load, ids) => cluster?.published(load, ids),
  });
  stops.push(() => publisher.close());
  const opened = { server, requests, bus, cluster, fleet, published, publisher };
  return { masterKeys, keys, startedAt, memory, lostTopics, late, ...opened };
}

function startBus(opts: MasterOpts): Promise<EventBusServer> {
  return startEventBus({ node: "master", sockDir: opts.sock_dir }, {
    maxEventSize: opts.max_event_size,
    pubMode: servesOtherUsers(opts) ? 0o666 : 0o600,
  });
}

/** Counts, and shows the counts at `metrics_address`. */
async function startMetrics(opts: MasterOpts, stops: Stops, sources: MetricSources): Promise<void> {
  const metrics = new MasterMetrics(sources);
  stops.push(() => metrics.close());
  if (opts.metrics_address === "") return;
  const { serveMetrics } = await import("./metrics/openmetrics.ts");
  const endpoint = await serveMetrics(opts.metrics_address, () => metrics.collect());
  stops.push(() => endpoint.close());
}

/** Tells minions whose key is pending of an operator's decision: an accepted one is here in a moment. */
function hearDecisions(
  bus: EventBusServer,
  requests: { recall(id: string): void },
  expect: (id: string) => void,
): () => void {
  return bus.onEvent("salt/key", ({ data: { act, id } }) => {
    if (typeof id !== "string" || (act !== "accept" && act !== "reject")) return;
    if (act === "accept") expect(id);
    requests.recall(id);
  });
}

/** Publishes over RAET as well where `transport` names it. */
async function withRoad(
  server: PublishServer,
  stops: Stops,
  parts: RoadParts,
): Promise<PublishServer> {
  if (!transportsOf(parts.opts.transport).has("raet")) return server;
  const { openRoad } = await import("./road.ts");
  const [road, stop] = await openRoad(parts);
  stops.push(stop);
  return {
    publish: (payload, topics, minions) => {
      server.publish(payload, topics);
      road.publish(payload, topics, minions);
    },
    get subscribers() {
      return server.subscribers + road.subscribers;
    },
    close: () => road.close(),
  };
}

/** Ends parts in the reverse order of their start. */
async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.reverse()) {
    try {
      await stop();
    } catch (error) {
      log.error(`A part of the master did not stop well: ${messageOf(error)}`, error);
    }
  }
}

function prepareDirs(opts: MasterOpts): void {
  ensureDir(opts.cachedir, 0o750);
  ensureDir(opts.sock_dir, servesOtherUsers(opts) ? 0o755 : 0o750);
}

/** Whether users besides the master's own run commands: they have to read the event bus. */
function servesOtherUsers(opts: MasterOpts): boolean {
  return Object.keys({ ...opts.publisher_acl, ...opts.external_auth }).length > 0;
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}

function pingLoad() {
  const jid = currentJid();
  return { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", jid, ret: "", user: "root" };
}
