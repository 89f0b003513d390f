/**
 * One request worker: a thread with a REP socket on `workers.ipc`. Workers share nothing but sockets,
 * files and three tables in shared memory. (`salt/master.py:MWorker`)
 * @module
 */
import { openJobCache, openMinionDataCache, openQueueStore } from "../cache/mod.ts";
import { Gate } from "../channel/gate.ts";
import { SessionCrypticles } from "../channel/session_crypticles.ts";
import { SessionKeys } from "../channel/session_keys.ts";
import { SharedSet } from "../channel/shared_set.ts";
import { SignInServer } from "../channel/sign_in_server.ts";
import { TokenCheck } from "../channel/token_check.ts";
import type { MasterOpts } from "../config/mod.ts";
import { packEvent } from "../event/mod.ts";
import { type MasterKeys, PkiKeyStore } from "../key/mod.ts";
import { addSink, type LogRecord } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { ThreadPort, ZmqSocket } from "../runtime/types.ts";
import { packLocal } from "../serializers/msgpack.ts";
import { ipcEndpoint } from "../transport/zeromq/mod.ts";
import { WORKER_SOCKET } from "../transport/zeromq/request_server.ts";
import { busEndpoints } from "../event/address.ts";
import { clearCommands } from "./commands/clear.ts";
import { encryptedCommands } from "./commands/encrypted.ts";
import { FleetKey } from "./fleet_key.ts";
import { PresenceCheck } from "./presence.ts";
import { publishPullEndpoint } from "./publisher.ts";
import { VersionMemory } from "./version_memory.ts";
import type { WorkerParts } from "./worker_parts.ts";
import { join } from "node:path";

/** What the main thread hands to each worker. */
export interface WorkerData {
  opts: MasterOpts;
  masterKeys: MasterKeys;
  fleetKey: string;
  sessionSecret: Uint8Array;
  localKeys: Record<string, string>;
  /** The port that minions are told, which is the one really bound. */
  publishPort: number;
  /** Tables of {@linkcode SharedSet}. */
  replays: SharedArrayBuffer;
  signedIn: SharedArrayBuffer;
  /** Topics with a subscriber. */
  present: SharedArrayBuffer;
  /** One Int32: minions that hold a live subscription. */
  subscribers: SharedArrayBuffer;
  /** The lowest level that any sink of the main thread wants. */
  logLevelNo: number;
}

/** From the main thread to a worker. */
export type ToWorker =
  | { kind: "fleet key"; key: string; turn: number }
  | { kind: "are you there"; turn: number }
  | { kind: "stop" };

/** From a worker to the main thread. */
export type FromWorker =
  | { kind: "ready" }
  | { kind: "done"; turn: number }
  | { kind: "rotate"; reason: string }
  | { kind: "log"; record: LogRecord };

/** Where workers find their requests. */
export function workersEndpoint(sockDir: string): string {
  return ipcEndpoint(join(sockDir, "workers.ipc"));
}

/** The thread's entry point. */
export async function run(data: unknown, port: ThreadPort): Promise<void> {
  const worker = data as WorkerData;
  const tell = (message: FromWorker) => port.postMessage(message);
  addSink((record) => tell({ kind: "log", record: plain(record) }), () => worker.logLevelNo);
  const { parts, close } = await openParts(worker, tell);
  const gate = buildGate(worker, parts);
  const socket = await runtime.openSocket("rep", WORKER_SOCKET);
  socket.connect(workersEndpoint(worker.opts.sock_dir));
  port.onMessage((raw) => {
    const message = raw as ToWorker;
    if (message.kind === "stop") socket.close();
    else {
      if (message.kind === "fleet key") parts.fleet.replace(message.key);
      tell({ kind: "done", turn: message.turn });
    }
  });
  runtime.releaseMemory();
  tell({ kind: "ready" });
  await serve(socket, gate);
  close();
  port.close();
}

async function serve(socket: ZmqSocket, gate: Gate): Promise<void> {
  try {
    for await (const frames of socket) {
      const [first, second] = frames;
      // The request server lets two frames pass from transports of this process alone.
      const verifiedId = second && first ? new TextDecoder().decode(first) : null;
      const payload = second ?? first ?? new Uint8Array();
      await socket.send(await gate.handle(payload, { address: null, verifiedId }));
    }
  } catch (error) {
    if (!socket.closed) throw error;
  }
}

async function openParts(
  worker: WorkerData,
  tell: (message: FromWorker) => void,
): Promise<{ parts: WorkerParts; close(): void }> {
  const { opts } = worker;
  const events = await runtime.openSocket("push", { linger: 1000, sendHighWaterMark: 100_000 });
  events.connect(busEndpoints({ node: "master", sockDir: opts.sock_dir }).pull);
  const publisher = await runtime.openSocket("push", { linger: 1000 });
  publisher.connect(publishPullEndpoint(opts.sock_dir));
  const jobs = openJobCache(opts);
  const minions = openMinionDataCache(opts);
  const queue = openQueueStore({ cachedir: opts.cachedir });
  const counter = new Int32Array(worker.subscribers);
  const parts: WorkerParts = {
    opts,
    keys: new PkiKeyStore(opts),
    masterKeys: worker.masterKeys,
    fleet: new FleetKey(worker.fleetKey),
    jobs,
    minions,
    queue,
    localKeys: worker.localKeys,
    fire: (tag, event) => void events.send(packEvent(tag, event, opts.max_event_size)),
    send: (load, ids) => publisher.send(packLocal({ load, minions: ids })),
    rotate: (reason) => tell({ kind: "rotate", reason }),
    subscribers: () => Atomics.load(counter, 0),
    presence: new PresenceCheck({
      topics: new SharedSet(worker.present),
      minions,
      publishPort: worker.publishPort,
    }),
  };
  const close = () => {
    events.close();
    publisher.close();
    jobs.close();
    minions.close();
    queue.close();
  };
  return { parts, close };
}

function buildGate(worker: WorkerData, parts: WorkerParts): Gate {
  const { opts } = worker;
  const acceptedKey = (id: string) => parts.keys.acceptedKey(id);
  const sessionKeys = new SessionKeys(worker.sessionSecret, opts.publish_session);
  const versions = new VersionMemory(opts.cachedir, acceptedKey);
  const signedIn = new SharedSet(worker.signedIn);
  const signIns = new SignInServer({
    keys: parts.keys,
    masterKeys: parts.masterKeys,
    publishPort: worker.publishPort,
    fleetKey: () => parts.fleet.text,
    sessionKey: (id, pub) => sessionKeys.current(id, pub),
    connected: () => ({ size: parts.subscribers(), has: (id) => signedIn.has(id) }),
    noteSignIn: (id) => void signedIn.add(id),
    fire: opts.auth_events ? parts.fire : null,
  });
  return new Gate({
    minimumVersion: opts.minimum_auth_version,
    requestTtl: opts.request_server_ttl,
    fleet: () => parts.fleet.crypticle,
    sessions: new SessionCrypticles(acceptedKey, sessionKeys),
    tokens: new TokenCheck(acceptedKey),
    replays: new SharedSet(worker.replays),
    speaksVersion3: (id) => versions.speaksVersion3(id),
    noteVersion3: (id) => versions.note(id),
    signIn: (load, version, peer) => signIns.answer(load, version, peer),
    clear: clearCommands(parts),
    encrypted: encryptedCommands(parts),
    now: Date.now,
  });
}

/** What can be copied to another thread. */
function plain(record: LogRecord): LogRecord {
  const { error } = record;
  return error === undefined || error instanceof Error
    ? record
    : { ...record, error: String(error) };
}
