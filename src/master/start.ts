/**
 * Puts a master together and takes it apart.
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { newTurnstile, openJobCache } from "../cache/mod.ts";
import { SharedSet, sharedTable } from "../channel/shared_set.ts";
import { type MasterOpts, transportsOf } from "../config/mod.ts";
import { Crypticle } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import { type EventBusServer, startEventBus } from "../event/mod.ts";
import { atomicWrite, ensureDir } from "../fs/mod.ts";
import { EstateKeyStore, openMasterKeys } from "../key/mod.ts";
import { getLogger, lowestWanted } from "../logging/mod.ts";
import { currentJid } from "../text/jid.ts";
import { minionTopic } from "../transport/zeromq/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { PublishServer } from "../transport/types.ts";
import type { Cluster } from "./cluster/mod.ts";
import { keepFilesFetched } from "./file_updates.ts";
import { FleetKey } from "./fleet_key.ts";
import { writeLocalKeys } from "./local_keys.ts";
import { MasterMetrics } from "./metrics/master_metrics.ts";
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
import type { WorkerData } from "./worker_thread.ts";
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

type Tables = [SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer];

/** ms that requests under way get to finish at the end. */
const DRAIN_MS = 5000;

/** Starts all parts of a master; what was started is stopped again when one of them fails. */
export async function startMaster(opts: MasterOpts): Promise<RunningMaster> {
  const stops: (() => Promise<unknown> | void)[] = [];
  try {
    return await start(opts, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function start(
  opts: MasterOpts,
  stops: (() => Promise<unknown> | void)[],
): Promise<RunningMaster> {
  prepareDirs(opts);
  const masterKeys = await openMasterKeys(opts);
  const keys = new EstateKeyStore(opts);
  keys.prepare();
  const room = checkOpenFiles(opts.max_open_files, keys.ids("accepted").length);
  const startedAt = Date.now();
  const [present, lost, signedIn] = [1 << 17, 1 << 14, 1 << 17].map(sharedTable) as Tables;
  const elsewhere = opts.cluster ? sharedTable(1 << 17) : null;
  const lostTopics = new LostTopics(new SharedSet(lost), opts.reconnect_window);
  const late: { watch?: Watch; rotation?: Rotation; cluster?: Cluster | undefined } = {};
  const subscribers = new SharedArrayBuffer(4);
  const onTopic = (topic: string, there: boolean) => {
    noteTopic(new SharedSet(present), topic, there);
    lostTopics.note(topic, there);
    late.watch?.topic(topic, there);
    late.cluster?.topicChanged();
  };
  const server = await openPublishServer(opts, onTopic, room);
  stops.push(() => server.close());
  const requests = await openRequestServer(opts, room);
  stops.push(() => requests.close(DRAIN_MS));
  const bus = await startEventBus({ node: "master", sockDir: opts.sock_dir }, {
    maxEventSize: opts.max_event_size,
    pubMode: servesOtherUsers(opts) ? 0o666 : 0o600,
  });
  stops.push(() => bus.close());
  await withCache(stops, opts);
  const cluster = late.cluster = await withCluster(stops, elsewhere, {
    opts,
    privateKey: masterKeys.privateKey,
    bus,
    keys,
    topics: new SharedSet(present),
    signedIn: new SharedSet(signedIn),
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
  const data = await workerData(opts, {
    masterKeys,
    fleetKey: fleet.text,
    publishPort: portOf(server.endpoint),
    subscribers,
    present,
    lost,
    signedIn,
    startedAt,
    elsewhere,
  });
  const pool = await WorkerPool.start(data, {
    count: Math.min(opts.worker_threads, Math.max(2, availableParallelism())),
    onRotate: (reason) => void late.rotation?.rotate(reason),
    attach: (worker) => requests.attach(worker),
    onEvent: (frame) => bus.forward(frame),
  });
  stops.push(hearDecisions(bus, requests, (id) => lostTopics.expect(minionTopic(id))));
  // Workers end before the sockets that their answers leave by.
  stops.push(() => pool.stop(DRAIN_MS));
  const metrics = new MasterMetrics({ requests, publications: server, pool, bus });
  stops.push(() => metrics.close());
  if (opts.metrics_address !== "") {
    const { serveMetrics } = await import("./metrics/openmetrics.ts");
    const endpoint = await serveMetrics(opts.metrics_address, () => metrics.collect());
    stops.push(() => endpoint.close());
  }
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
    topics: new SharedSet(present),
    signedIn: new SharedSet(signedIn),
    elsewhere: elsewhere && new SharedSet(elsewhere),
    publishPort: portOf(server.endpoint),
    turnstile: data.turnstile,
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
  stops.push(maintain(
    { ...opts, turnstile: data.turnstile },
    rotation,
    bus,
    published,
    subscribers,
    watch,
  ));
  stops.push(runtime.careForMemory());
  log.info(`The master listens on ${requests.endpoint} and publishes on ${server.endpoint}`);
  return {
    publishPort: portOf(server.endpoint),
    requestPort: portOf(requests.endpoint),
    stop: () => stopAll(stops),
  };
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
  stops: (() => Promise<unknown> | void)[],
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
async function stopAll(stops: (() => Promise<unknown> | void)[]): Promise<void> {
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

async function workerData(
  opts: MasterOpts,
  parts: Pick<
    WorkerData,
    | "masterKeys"
    | "fleetKey"
    | "publishPort"
    | "subscribers"
    | "present"
    | "lost"
    | "signedIn"
    | "startedAt"
    | "elsewhere"
  >,
): Promise<WorkerData> {
  // Made before the workers open it, so that they do not race for its schema.
  openJobCache(opts).close();
  const turnstile = newTurnstile();
  return {
    opts,
    ...parts,
    sessionSecret: await sessionSecret(join(opts.cachedir, ".session_secret")),
    localKeys: await writeLocalKeys(opts.cachedir, {
      master: opts.user,
      patterns: Object.keys(opts.publisher_acl),
      verify: opts.client_acl_verify,
    }),
    replays: sharedTable(),
    turnstile,
    logLevelNo: lowestWanted(),
  };
}

/** The secret outlives the process: sessions go on after a restart of the master. */
async function sessionSecret(path: string): Promise<Uint8Array> {
  try {
    const secret = readFileSync(path);
    if (secret.length === 32) return new Uint8Array(secret);
    log.warning(`${path} is not 32 bytes long; minions sign in again with a new one`);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
  const secret = randomBytes(32);
  await atomicWrite(path, secret, { mode: 0o600 });
  return new Uint8Array(secret);
}

/** What goes on beside requests: old jobs go, keys turn, counters are shared. */
function maintain(
  opts: MasterOpts & Pick<WorkerData, "turnstile">,
  rotation: Rotation,
  bus: EventBusServer,
  server: PublishServer,
  subscribers: SharedArrayBuffer,
  watch: Watch,
): () => void {
  const counter = new Int32Array(subscribers);
  const jobs = openJobCache(opts);
  const clean = () => {
    Atomics.store(counter, 0, server.subscribers);
    watch.check();
    rotation.check().catch((error) => log.error(`Key rotation failed: ${messageOf(error)}`, error));
    try {
      const removed = jobs.clean(opts.keep_jobs_seconds, watch.queuedJobs());
      if (removed > 0) log.info(`Removed ${removed} jobs older than ${opts.keep_jobs_seconds} s`);
    } catch (error) {
      log.error(`Old jobs cannot be removed: ${messageOf(error)}`, error);
    }
  };
  const timer = setInterval(clean, opts.loop_interval * 1000);
  const stopFetching = keepFilesFetched(opts, bus);
  const stopHearing = bus.onEvent("salt/key", ({ data }) => {
    if (data["act"] === "delete" || data["act"] === "reject") void rotation.check();
  });
  return () => {
    clearInterval(timer);
    stopFetching();
    stopHearing();
    jobs.close();
  };
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}

function pingLoad() {
  const jid = currentJid();
  return { fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", jid, ret: "", user: "root" };
}
