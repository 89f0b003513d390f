/**
 * One request worker: a thread that gets requests by the batch. Workers share nothing but files and
 * three tables in shared memory. (`salt/master.py:MWorker`)
 * @module
 */
import { openMinionDataCache, openQueueStore } from "../cache/mod.ts";
import { Gate } from "../channel/gate.ts";
import { SessionCrypticles } from "../channel/session_crypticles.ts";
import { SessionKeys } from "../channel/session_keys.ts";
import { SharedSet } from "../channel/shared_set.ts";
import { SignInServer } from "../channel/sign_in_server.ts";
import { TokenCheck } from "../channel/token_check.ts";
import type { MasterOpts } from "../config/mod.ts";
import { cleanKey } from "../crypt/mod.ts";
import { packEvent } from "../event/mod.ts";
import { EstateKeyStore, type MasterKeys } from "../key/mod.ts";
import { addSink, type LogRecord } from "../logging/mod.ts";
import { openMasterJobs } from "../plugins/returners/job_copies.ts";
import { runtime } from "../runtime/mod.ts";
import type { ThreadPort } from "../runtime/types.ts";
import { packLocal } from "../serializers/msgpack.ts";
import { ipcEndpoint } from "../transport/zeromq/mod.ts";
import {
  type BatchedAnswer,
  packAnswers,
  takeLarge,
  unpackRequests,
} from "../transport/zeromq/request_batch.ts";
import { clearCommands } from "./commands/clear.ts";
import { encryptedCommands } from "./commands/encrypted.ts";
import { resume, type ResumeParts } from "./commands/resume.ts";
import { FleetKey } from "./fleet_key.ts";
import { Meters, type MetricFamily } from "./metrics/meters.ts";
import { PresenceCheck } from "./presence.ts";
import { publishPullEndpoint } from "./publisher.ts";
import { ReturnWriter } from "./return_writer.ts";
import { Outbox, TurnMemo, WorkerDesk } from "./worker_desk.ts";
import { Returning } from "./returning.ts";
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
  /** Topics that lost their subscriber a moment ago. */
  lost: SharedArrayBuffer;
  /** ms since 1970 at which the master started. */
  startedAt: number;
  /** Topics with a subscriber on another master of the cluster; null outside of one. */
  elsewhere: SharedArrayBuffer | null;
  /** For writing to the job cache. */
  turnstile: SharedArrayBuffer;
  /** One Int32: minions that hold a live subscription. */
  subscribers: SharedArrayBuffer;
  /** The lowest level that any sink of the main thread wants. */
  logLevelNo: number;
}

/** From the main thread to a worker. */
export type ToWorker =
  | { kind: "requests"; batch: ArrayBuffer }
  | { kind: "fleet key"; key: string; turn: number }
  | { kind: "metrics"; turn: number }
  | { kind: "are you there"; turn: number }
  | { kind: "stop" };

/** From a worker to the main thread. */
export type FromWorker =
  | { kind: "ready" }
  /**
   * Made by {@linkcode packAnswers} and {@linkcode takeLarge}. `next`: the batch of requests was looked
   * through.
   */
  | { kind: "answers"; batch: ArrayBuffer; large: BatchedAnswer[]; next: boolean }
  | { kind: "metrics"; turn: number; families: MetricFamily[] }
  | { kind: "done"; turn: number }
  | { kind: "rotate"; reason: string }
  | { kind: "log"; record: LogRecord };

const WORKER_HELP = {
  saltx_commands: "Requests that workers served, by command and outcome: ok, refused, failed.",
  saltx_command_seconds: "Time from a worker's taking a request to its answer, by command.",
};

/** Where REP workers of other programs find requests. */
export function workersEndpoint(sockDir: string): string {
  return ipcEndpoint(join(sockDir, "workers.ipc"));
}

/** The thread's entry point. */
export async function run(data: unknown, port: ThreadPort): Promise<void> {
  const worker = data as WorkerData;
  const tell = (message: FromWorker, transfer?: ArrayBuffer[]) =>
    port.postMessage(message, transfer);
  addSink((record) => tell({ kind: "log", record: plain(record) }), () => worker.logLevelNo);
  const outbox = new Outbox((answers, next) => {
    const large = takeLarge(answers);
    const batch = packAnswers(answers);
    const memories = large.map(({ payload }) => payload.buffer as ArrayBuffer);
    tell({ kind: "answers", batch, large, next }, [batch, ...memories]);
  });
  const { parts, returns, close } = await openParts(worker, tell, outbox);
  const acceptedKeys = new TurnMemo((id) => parts.keys.acceptedKey(id));
  const meters = new Meters().describe(WORKER_HELP);
  const gate = buildGate(worker, parts, meters, (id) => acceptedKeys.get(id));
  const desk = new WorkerDesk(gate, outbox, () => {
    acceptedKeys.forget();
    returns.flush();
  });
  port.onMessage((raw) => {
    const message = raw as ToWorker;
    if (message.kind === "requests") desk.take(unpackRequests(message.batch));
    else if (message.kind === "metrics") {
      tell({ kind: "metrics", turn: message.turn, families: meters.snapshot() });
    } else if (message.kind === "stop") {
      void desk.idle().then(() => {
        close();
        stopCare();
        port.close();
      });
    } else {
      if (message.kind === "fleet key") parts.fleet.replace(message.key);
      tell({ kind: "done", turn: message.turn });
    }
  });
  runtime.releaseMemory();
  const stopCare = runtime.careForMemory();
  tell({ kind: "ready" });
}

async function openParts(
  worker: WorkerData,
  tell: (message: FromWorker) => void,
  outbox: Outbox,
): Promise<{ parts: WorkerParts; returns: ReturnWriter; close(): void }> {
  const { opts } = worker;
  const publisher = await runtime.openSocket("push", { linger: 1000 });
  publisher.connect(publishPullEndpoint(opts.sock_dir));
  const jobs = openMasterJobs({ ...opts, turnstile: worker.turnstile });
  const minions = openMinionDataCache(opts);
  const queue = openQueueStore({ cachedir: opts.cachedir });
  const returns = new ReturnWriter(jobs);
  const counter = new Int32Array(worker.subscribers);
  const parts: WorkerParts = {
    opts,
    keys: new EstateKeyStore(opts),
    masterKeys: worker.masterKeys,
    fleet: new FleetKey(worker.fleetKey),
    jobs,
    returns,
    minions,
    queue,
    localKeys: worker.localKeys,
    fire: (tag, event) => outbox.event(packEvent(tag, event, opts.max_event_size)),
    send: (load, ids) => publisher.send(packLocal({ load, minions: ids })),
    rotate: (reason) => tell({ kind: "rotate", reason }),
    subscribers: () => Atomics.load(counter, 0),
    presence: new PresenceCheck({
      topics: new SharedSet(worker.present),
      signedIn: new SharedSet(worker.signedIn),
      elsewhere: worker.elsewhere && new SharedSet(worker.elsewhere),
      minions,
      publishPort: worker.publishPort,
    }),
    returning: new Returning({
      lost: new SharedSet(worker.lost),
      startedAt: worker.startedAt,
      window: opts.reconnect_window,
    }),
  };
  const close = () => {
    publisher.close();
    jobs.close();
    minions.close();
    queue.close();
  };
  return { parts, returns, close };
}

function buildGate(
  worker: WorkerData,
  parts: WorkerParts,
  meters: Meters,
  acceptedKey: (id: string) => string | null,
): Gate {
  const { opts } = worker;
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
  const resumeParts: ResumeParts = {
    fleetKey: () => parts.fleet.text,
    publishPort: worker.publishPort,
    sessionKey: (id) => {
      const key = acceptedKey(id);
      return key === null ? null : sessionKeys.current(id, cleanKey(key));
    },
    noteSignIn: (id) => void signedIn.add(id),
  };
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
    encrypted: new Map([
      ...encryptedCommands(parts),
      ["_resume", { tok: true, run: (_load, caller) => resume(resumeParts, caller) }],
    ]),
    now: Date.now,
    served: (kind, outcome, ms) => {
      meters.add("saltx_commands", 1, { command: kind, outcome });
      meters.time("saltx_command_seconds", ms / 1000, { command: kind });
    },
  });
}

/** What can be copied to another thread. */
function plain(record: LogRecord): LogRecord {
  const { error } = record;
  return error === undefined || error instanceof Error
    ? record
    : { ...record, error: String(error) };
}
