/**
 * The master's own client: publishes jobs through the request port and reads returns off the event bus.
 * (`salt/client/__init__.py:LocalClient`)
 *
 * The client chooses the job id, so that it listens for returns before anyone can send one.
 * @module
 */
import {
  AuthenticationError,
  AuthorizationError,
  messageOf,
  PublishError,
  SaltClientError,
  SaltInvocationError,
} from "../errors.ts";
import type { EventClient, EventSubscription } from "../event/types.ts";
import { getLogger } from "../logging/mod.ts";
import { packWire, unpack } from "../serializers/msgpack.ts";
import { clusterJid, currentJid, makeJid } from "../text/jid.ts";
import type { RequestClient } from "../transport/types.ts";
import { type Data, type DataMap, isMap, type Jid } from "../types/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import { NoMinionsError } from "./errors.ts";
import { EventQueue } from "./event_queue.ts";
import { Job } from "./job.ts";
import type { WaitRules } from "./job_tracker.ts";
import { localUser, readLocalKey } from "./local_key.ts";
import { resolveTarget } from "./target.ts";
import type { ClientOpts, Credentials, JobRequest, MinionResult, Published } from "./types.ts";

const log = getLogger("saltx.client");

/** Version of the request envelope. */
const PROTOCOL_VERSION = 3;

/** ms that the master has for an answer, unless `publish_timeout` says otherwise. */
const REQUEST_TIMEOUT_MS = 30_000;

/** What a client works with; tests hand in their own. */
export interface ClientParts {
  readonly opts: ClientOpts;
  readonly requests: RequestClient;
  /** Opens the event bus at the first job that is waited for. */
  readonly openEvents: () => Promise<EventClient>;
  readonly clock?: Clock;
  readonly now?: () => Date;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

let lastJid: Jid | undefined;

/** Own job ids that are tried before a refused publication is told. */
const JID_TRIES = 3;

/** A client of one master. Close it when done. */
export class LocalClient {
  readonly opts: ClientOpts;
  readonly user: string;
  readonly #parts: ClientParts;
  readonly clock: Clock;
  #key: string;
  #events: Promise<EventClient> | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.opts = parts.opts;
    this.clock = parts.clock ?? systemClock;
    this.user = localUser(parts.env ?? process.env);
    this.#key = this.#readKey();
  }

  #readKey(): string {
    return readLocalKey(this.opts.cachedir, this.user, this.opts.user);
  }

  /** Whether this user can act without signing in. */
  get hasKey(): boolean {
    return this.#key !== "";
  }

  /** A job id that this process never gave out before. */
  newJid(): Jid {
    const { now } = this.#parts;
    lastJid = now ? makeJid(now(), lastJid) : currentJid(lastJid);
    return this.opts.cluster ? clusterJid(lastJid) : lastJid;
  }

  /**
   * Publishes a job and does not listen.
   * @throws {NoMinionsError} {@linkcode AuthenticationError} {@linkcode AuthorizationError} {@linkcode PublishError} {@linkcode SaltReqTimeoutError}
   */
  async publish(request: JobRequest): Promise<Published> {
    const target = resolveTarget(request.target, this.opts.nodegroups);
    const { arg = [], ret = "", credentials } = request;
    const kwargs: DataMap = { ...request.kwargs };
    if (target.delimiter !== undefined) kwargs["delimiter"] = target.delimiter;
    if (credentials) Object.assign(kwargs, credentials);
    const returners = [ret, this.opts.ext_job_cache].filter((name) => name).join(",");
    const reply = await this.command("publish", {
      tgt: target.tgt,
      fun: typeof request.fun === "string" ? request.fun : [...request.fun],
      arg: [...arg],
      tgt_type: target.tgt_type,
      ret: returners,
      jid: request.jid ?? "",
      ...(Object.keys(kwargs).length > 0 ? { kwargs } : {}),
      ...(this.opts.order_masters ? { to: request.timeout ?? this.opts.timeout } : {}),
    }, credentials);
    return readPublished(reply, this.opts.order_masters);
  }

  /**
   * Listens, then publishes: no return can be missed.
   * @throws What {@linkcode LocalClient.publish} throws; SaltClientError when there is no event bus.
   */
  async start(request: JobRequest): Promise<Job> {
    if (request.jid) return await this.#startAs(request.jid as Jid, request);
    for (let tries = JID_TRIES;; tries--) {
      try {
        return await this.#startAs(this.newJid(), request);
      } catch (error) {
        // Another program of this host may have begun a job in the same microsecond.
        if (!(error instanceof PublishError) || tries <= 1) throw error;
      }
    }
  }

  async #startAs(jid: Jid, request: JobRequest): Promise<Job> {
    const events = await this.#openEvents();
    const orderMasters = this.opts.order_masters;
    const own = [`salt/job/${jid}/`, `salt/queue/${jid}/`];
    const subscription = events.subscribe(...own, ...(orderMasters ? ["syndic/"] : []));
    const queue = new EventQueue(this.clock);
    queue.add(subscription);
    try {
      await heard(subscription);
      const published = await this.publish({ ...request, jid });
      return new Job(published, queue, {
        events,
        clock: this.clock,
        rules: this.#rules(request),
        orderMasters,
        newJid: () => this.newJid(),
        storedReturn: (job, id) => this.#storedReturn(job, id),
        findJob: async (own, wanted, ids) => {
          await this.publish({
            target: { tgt: [...ids], tgt_type: "list" },
            fun: "saltutil.find_job",
            arg: [wanted],
            jid: own,
            ...(request.credentials ? { credentials: request.credentials } : {}),
          });
        },
      });
    } catch (error) {
      queue.close();
      throw error;
    }
  }

  #rules(request: JobRequest): WaitRules {
    return {
      timeout: (request.timeout ?? this.opts.timeout) * 1000,
      gather: (request.gatherJobTimeout ?? this.opts.gather_job_timeout) * 1000,
      hold: this.opts.order_masters ? this.opts.syndic_wait * 1000 : 0,
    };
  }

  /** Runs a job and gives its results as they come in. */
  async *run(request: JobRequest, signal?: AbortSignal): AsyncGenerator<MinionResult> {
    const job = await this.start(request);
    yield* job.results(signal);
  }

  /** Runs a job to its end: results by minion id. Nobody targeted: an empty map. */
  async collect(request: JobRequest, signal?: AbortSignal): Promise<Map<string, MinionResult>> {
    const results = new Map<string, MinionResult>();
    try {
      for await (const result of this.run(request, signal)) results.set(result.id, result);
    } catch (error) {
      if (!(error instanceof NoMinionsError)) throw error;
    }
    return results;
  }

  /**
   * Sends a command of the clear channel with this user's key, or with `credentials`.
   * (`salt/master.py:ClearFuncs`)
   * @throws {AuthenticationError} {@linkcode AuthorizationError} {@linkcode PublishError} {@linkcode SaltReqTimeoutError}
   */
  async command(cmd: string, load: DataMap, credentials?: Credentials): Promise<DataMap> {
    const send = () =>
      this.#send({
        cmd,
        ...load,
        ...(credentials && cmd !== "publish" ? credentials : {}),
        ...(credentials ? {} : { key: this.#key }),
        user: this.user,
      });
    let reply = await send();
    if (refused(reply) && !credentials) {
      // The master makes new keys when it starts.
      const key = this.#readKey();
      if (key !== this.#key) {
        this.#key = key;
        reply = await send();
      }
    }
    return checkReply(reply);
  }

  async #send(load: DataMap): Promise<Data> {
    const publishTimeout = this.opts["publish_timeout"];
    const bytes = await this.#parts.requests.request(
      packWire({ enc: "clear", load, version: PROTOCOL_VERSION }),
      {
        timeoutMs: typeof publishTimeout === "number" ? publishTimeout * 1000 : REQUEST_TIMEOUT_MS,
      },
    );
    return unpack(bytes);
  }

  /**
   * Accepted minions that hold a live connection, with the address where it is known. Empty when the
   * master cannot tell, as real ones cannot.
   */
  async connected(): Promise<ReadonlyMap<string, string | null>> {
    const reply = await this.#send({ cmd: "connected", key: this.#key, user: this.user });
    const found = isMap(reply) ? reply["connected"] : undefined;
    if (isMap(found)) {
      return new Map(
        Object.entries(found).map(([id, address]) => [
          id,
          typeof address === "string" ? address : null,
        ]),
      );
    }
    log.warning("This master does not tell which minions are connected");
    return new Map();
  }

  /** Reads the master's own store; a user who may not gets what the event had. */
  async #storedReturn(jid: Jid, id: string): Promise<Data | undefined> {
    try {
      const { openJobCache } = await import("../cache/mod.ts");
      const jobs = openJobCache({ cachedir: this.opts.cachedir });
      const found = jobs.returns(jid).find((one) => one.id === id)?.ret?.return;
      jobs.close();
      return found;
    } catch (error) {
      log.warning(`The whole return of ${id} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The event bus, for what no job covers. */
  events(): Promise<EventClient> {
    return this.#openEvents();
  }

  #openEvents(): Promise<EventClient> {
    this.#events ??= this.#parts.openEvents();
    return this.#events;
  }

  close(): void {
    this.#parts.requests.close();
    this.#events?.then((events) => events.close(), () => {});
  }
}

/** Nothing is sent before the bus is known to deliver. */
async function heard(subscription: EventSubscription): Promise<void> {
  try {
    await subscription.ready;
  } catch (error) {
    throw new SaltClientError(
      `The salt master could not be contacted. Is master running?\n(${messageOf(error)})`,
      { exitCode: 2, cause: error },
    );
  }
}

function refused(reply: Data): boolean {
  if (reply === "" || (isMap(reply) && Object.keys(reply).length === 0)) return true;
  const error = isMap(reply) ? reply["error"] : undefined;
  return isMap(error) && error["name"] === "AuthenticationError";
}

function checkReply(reply: Data): DataMap {
  if (!isMap(reply) || Object.keys(reply).length === 0) {
    if (typeof reply === "string" && reply !== "") throw new PublishError(reply);
    throw new AuthenticationError(
      "Failed to authenticate! This is most likely because this user is not permitted to execute " +
        "commands, but there is a small possibility that a disk error occurred (check disk/inode " +
        "usage).",
      { exitCode: 2 },
    );
  }
  const error = reply["error"];
  if (error === undefined) return reply;
  if (!isMap(error)) throw new PublishError(String(error));
  const message = String(error["message"] ?? "");
  switch (error["name"]) {
    case "AuthenticationError":
    case "EauthAuthenticationError":
    case "TokenAuthenticationError":
    case "UserAuthenticationError":
      throw new AuthenticationError(message, { exitCode: 2 });
    case "AuthorizationError":
      throw new AuthorizationError(message, { exitCode: 2 });
    case "SaltInvocationError":
      throw new SaltInvocationError(message);
    default:
      throw new PublishError(message || JSON.stringify(error));
  }
}

function readPublished(reply: DataMap, mayBeEmpty: boolean): Published {
  const load = reply["load"];
  if (!isMap(load)) throw new SaltClientError("The master's answer to a publication has no load");
  const minions = texts(load["minions"]);
  const jid = load["jid"];
  if (typeof jid !== "string" || (minions.length === 0 && !mayBeEmpty)) throw new NoMinionsError();
  return {
    jid: jid as Jid,
    minions,
    missing: texts(load["missing"]),
    notConnected: texts(load["not_connected"]),
    queued: texts(load["queued"]),
    returning: texts(load["returning"]),
    syndics: Array.isArray(load["syndics"]) ? texts(load["syndics"]) : null,
  };
}

function texts(value: Data | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
