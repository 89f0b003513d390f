/**
 * Puts a master together and takes it apart.
 * @module
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openJobCache } from "../cache/mod.ts";
import { SharedSet, sharedTable } from "../channel/shared_set.ts";
import { type MasterOpts, transportsOf } from "../config/mod.ts";
import { Crypticle } from "../crypt/mod.ts";
import { EX, messageOf, SaltException } from "../errors.ts";
import { type EventBusServer, startEventBus } from "../event/mod.ts";
import { atomicWrite, ensureDir } from "../fs/mod.ts";
import { openMasterKeys, PkiKeyStore } from "../key/mod.ts";
import { getLogger, lowestWanted } from "../logging/mod.ts";
import { ZmqPublishServer } from "../transport/zeromq/publish_server.ts";
import { ZmqRequestServer } from "../transport/zeromq/request_server.ts";
import { bindPrivate } from "../transport/zeromq/private_bind.ts";
import { heartbeatOptions, sizeOptions, tcpOptions } from "../transport/zeromq/socket_options.ts";
import { currentJid } from "../text/jid.ts";
import { minionTopic, tcpEndpoint } from "../transport/zeromq/mod.ts";
import type { PublishServer } from "../transport/types.ts";
import { FleetKey } from "./fleet_key.ts";
import { writeLocalKeys } from "./local_keys.ts";
import { checkOpenFiles } from "./open_files.ts";
import { noteTopic } from "./presence.ts";
import { type Watch, watchMinions } from "./watch.ts";
import { Publisher } from "./publisher.ts";
import type { RoadParts } from "./road.ts";
import { Rotation } from "./rotation.ts";
import { type WorkerData, workersEndpoint } from "./worker_thread.ts";
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

/** ms that requests under way get to finish at the end. */
const DRAIN_MS = 5000;

/** What a lost worker had with it is older than the request server's limit by then. */
const REPEAT_DELAY_MS = 1500;

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
  const keys = new PkiKeyStore(opts);
  keys.prepare();
  checkOpenFiles(opts.max_open_files, keys.ids("accepted").length);
  const present = sharedTable(1 << 17);
  const late: { watch?: Watch; rotation?: Rotation } = {};
  const subscribers = new SharedArrayBuffer(4);
  const onTopic = (topic: string, there: boolean) => {
    noteTopic(new SharedSet(present), topic, there);
    late.watch?.topic(topic, there);
  };
  const server = await bound(
    "publish_port",
    opts.publish_port,
    () => openPublishServer(opts, onTopic),
  );
  stops.push(() => server.close());
  const requests = await bound("ret_port", opts.ret_port, () => openRequestServer(opts));
  stops.push(() => requests.close(DRAIN_MS));
  const bus = await startEventBus({ node: "master", sockDir: opts.sock_dir }, {
    maxEventSize: opts.max_event_size,
    pubMode: servesOtherUsers(opts) ? 0o666 : 0o600,
  });
  stops.push(() => bus.close());
  const fleet = new FleetKey(Crypticle.generateKeyString());
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
  });
  stops.push(() => publisher.close());
  const data = await workerData(opts, {
    masterKeys,
    fleetKey: fleet.text,
    publishPort: portOf(server.endpoint),
    subscribers,
    present,
  });
  const pool = await WorkerPool.start(data, {
    count: opts.worker_threads,
    onRotate: (reason) => void late.rotation?.rotate(reason),
    onLost: () => void setTimeout(() => requests.repeatLost(), REPEAT_DELAY_MS).unref?.(),
  });
  // Workers end before the sockets that their answers leave by.
  stops.push(() => pool.stop(DRAIN_MS));
  const rotation = late.rotation = new Rotation({
    cachedir: opts.cachedir,
    publishSession: opts.publish_session,
    fleet,
    pool,
    bus,
    ping: opts.ping_on_rotate ? () => publisher.publish(pingLoad(), []) : null,
  });
  const watch = late.watch = watchMinions(opts, {
    keys,
    bus,
    publisher,
    topics: new SharedSet(present),
    publishPort: portOf(server.endpoint),
  });
  stops.push(watch.stop);
  stops.push(maintain(opts, rotation, bus, published, subscribers, watch));
  log.info(`The master listens on ${requests.endpoint} and publishes on ${server.endpoint}`);
  return {
    publishPort: portOf(server.endpoint),
    requestPort: portOf(requests.endpoint),
    stop: () => stopAll(stops),
  };
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

/** Where TCP is listened on: without ZeroMQ's minions, only this host's own programs use it. */
function tcpInterface(opts: MasterOpts): string {
  if (transportsOf(opts.transport).has("zeromq")) return opts.interface;
  if (opts.interface === "0.0.0.0") return "127.0.0.1";
  return opts.interface === "::" ? "::1" : opts.interface;
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

function openPublishServer(
  opts: MasterOpts,
  onTopic: (topic: string, present: boolean) => void,
): Promise<ZmqPublishServer> {
  return ZmqPublishServer.open(tcpEndpoint(tcpInterface(opts), opts.publish_port), {
    ...tcpOptions(opts),
    linger: 1000,
    sendHighWaterMark: opts.pub_hwm,
    backlog: opts.zmq_backlog,
    maxMessageSize: 4096,
    ...heartbeatOptions(opts),
  }, onTopic);
}

function openRequestServer(opts: MasterOpts): Promise<ZmqRequestServer> {
  return ZmqRequestServer.open({
    endpoint: tcpEndpoint(tcpInterface(opts), opts.ret_port),
    workersEndpoint: workersEndpoint(opts.sock_dir),
    router: {
      ...tcpOptions(opts),
      ...sizeOptions(opts),
      linger: 1000,
      backlog: opts.zmq_backlog,
    },
  }, bindPrivate);
}

/** Says which setting to change when a port cannot be had. */
async function bound<T>(option: string, port: number, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why = code === "EADDRINUSE"
      ? "another program (a salt-master?) listens there. Stop it, or set another port"
      : code === "EACCES"
      ? "this user may not listen there"
      : code === "EADDRNOTAVAIL"
      ? "no network interface of this host has the address that 'interface' names"
      : messageOf(error);
    throw new SaltException(`Cannot listen on ${option} ${port}: ${why}`, {
      cause: error,
      exitCode: EX.UNAVAILABLE,
    });
  }
}

async function workerData(
  opts: MasterOpts,
  parts: Pick<
    WorkerData,
    "masterKeys" | "fleetKey" | "publishPort" | "subscribers" | "present"
  >,
): Promise<WorkerData> {
  // Made before the workers open it, so that they do not race for its schema.
  openJobCache(opts).close();
  return {
    opts,
    ...parts,
    sessionSecret: await sessionSecret(join(opts.cachedir, ".session_secret")),
    localKeys: await writeLocalKeys(opts.cachedir, opts.user, Object.keys(opts.publisher_acl)),
    replays: sharedTable(),
    signedIn: sharedTable(1 << 17),
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
  opts: MasterOpts,
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
  const stopHearing = bus.onEvent("salt/key", ({ data }) => {
    if (data["act"] === "delete" || data["act"] === "reject") void rotation.check();
  });
  return () => {
    clearInterval(timer);
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
