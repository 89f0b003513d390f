/**
 * The commands of the clear channel: what programs on the master's host ask for, with a local key.
 * What is not in this table cannot be called. (`salt/master.py:ClearFuncs.expose_methods`)
 * @module
 */
import type { ClearCommand } from "../../channel/gate.ts";
import {
  AuthenticationError,
  AuthorizationError,
  messageOf,
  PublishError,
  SaltException,
} from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { minionTopic } from "../../transport/zeromq/mod.ts";
import { type Data, type DataMap, isMap, type PublishLoad } from "../../types/mod.ts";
import { allowsJob, type AuthList } from "../access/acl.ts";
import {
  type AccessParts,
  authenticate,
  checkBlacklist,
  makeToken,
  type Operator,
} from "../access/authenticate.ts";
import { MasterFunctions } from "./functions.ts";
import { publishParts } from "./publish_parts.ts";
import { LoginLimit } from "../access/login_limit.ts";
import { TokenStore } from "../access/tokens.ts";
import { publish, type PublishRequest, readPublishRequest } from "../publish.ts";
import { looksAfterJobs, queueSeconds } from "../queue/rules.ts";
import { coveredMinions, expectedMinions, type TargetSources } from "../targets.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** The table, bound to one worker. */
export function clearCommands(parts: WorkerParts): Map<string, ClearCommand> {
  const access: AccessParts = {
    opts: parts.opts,
    localKeys: parts.localKeys,
    tokens: new TokenStore(parts.opts.token_dir, parts.opts.hash_type),
    logins: new LoginLimit(),
  };
  const functions = new MasterFunctions(parts, access);
  const commands: Record<string, ClearCommand> = {
    ping: (load) => load,
    sync: (load) => syncCommand(parts, load),
    publish: (load) => refusable("publish", () => publishCommand(parts, access, load)),
    connected: (load) => refusable("connected", () => connectedCommand(parts, access, load)),
    runner: (load) => refusable("runner", () => functions.runner(load)),
    wheel: (load) => refusable("wheel", () => functions.wheel(load)),
    mk_token: (load) => refusable("mk_token", () => makeToken(load, access)),
    get_token: (load) =>
      load["token"] === undefined ? false : access.tokens.get(load["token"]) ?? {},
  };
  return new Map(Object.entries(commands));
}

/**
 * Fires an event without content that a program of this host subscribed to, so that it learns that the
 * bus delivers to it. For users who may not write to the bus; it says nothing and takes no credentials.
 */
function syncCommand(parts: WorkerParts, load: DataMap): Data {
  const { tag } = load;
  if (typeof tag !== "string" || !/^saltx\/sync\/[\w.-]{1,100}$/.test(tag)) return {};
  parts.fire(tag, {});
  return { tag };
}

async function publishCommand(
  parts: WorkerParts,
  access: AccessParts,
  load: DataMap,
): Promise<Data> {
  const operator = await authenticate(load, access);
  const request = readPublishRequest(load, userOf(operator, load));
  const kwargs = isMap(load["kwargs"]) ? load["kwargs"] : {};
  const keepFor = queueSeconds(kwargs, [request.fun].flat(), parts.opts);
  checkBlacklist(parts.opts, operator.user, [request.fun].flat());
  const publishing = publishParts(parts);
  const rules = rulesOf(operator, kwargs);
  if (rules !== null) {
    authorise(request, rules, publishing.targets, publishing.syndics !== null);
  }
  const published = await publish(request, publishing, rules);
  if (published !== null) {
    const { load: sent, ...reply } = published;
    const presence = parts.presence.of(reply.minions);
    const absent = reply.minions.filter((_, i) => presence[i] === "absent");
    // One that is connected has sent its grains: of whom there are none has not been here yet.
    const unseen = parts.opts.minion_data_cache
      ? reply.minions.filter((_, i) => presence[i] === "unknown")
      : [];
    const queued = keepFor === null ? [] : enqueue(parts, sent, [...absent, ...unseen], keepFor);
    const soon = keepFor === null ? keepForReturning(parts, sent, absent, unseen) : [];
    const kept = new Set([...queued, ...soon]);
    const not_connected = absent.filter((id) => !kept.has(id));
    if (not_connected.length > 0) parts.jobs.setEnd(reply.jid, not_connected, "not connected");
    return {
      enc: "clear",
      load: {
        ...reply,
        not_connected,
        ...(publishing.syndics === null ? {} : { syndics: [...publishing.syndics] }),
        ...(queued.length > 0 ? { queued } : {}),
        ...(soon.length > 0 ? { returning: soon } : {}),
      },
    };
  }
  const { tgt, tgt_type } = request.target;
  const error = `Master could not resolve minions for target ${tgt} (${tgt_type})`;
  return { enc: "clear", load: { jid: null, minions: [], error } };
}

/** Keeps a job for those of the absent who should be back in a moment, and for new ones let in just now. */
function keepForReturning(
  parts: WorkerParts,
  load: PublishLoad,
  absent: readonly string[],
  unseen: readonly string[],
): string[] {
  if ([load.fun].flat().some(looksAfterJobs)) return [];
  const { returning } = parts;
  const soon = [...returning.among(absent), ...returning.amongNew(unseen)];
  return enqueue(parts, load, soon, returning.window, false);
}

/**
 * Keeps a job for minions that are not there.
 * @param tells Whether the record of the job is to say that it is queued.
 * @returns those for whom there was room.
 */
function enqueue(
  parts: WorkerParts,
  load: PublishLoad,
  ids: readonly string[],
  seconds: number,
  tells = true,
): string[] {
  if (ids.length === 0) return [];
  const expires = Date.now() / 1000 + seconds;
  let queued: string[] = [];
  try {
    queued = parts.queue.add(load, ids.map((id) => ({ id, topic: minionTopic(id) })), expires);
    if (tells) parts.jobs.setEnd(load.jid, queued, "queued");
  } catch (error) {
    // The job is on its way already: what cannot be kept is reported as not connected.
    log.error(
      `Job ${load.jid} cannot be kept for ${ids.length} minions: ${messageOf(error)}`,
      error,
    );
    return queued;
  }
  if (queued.length < ids.length) {
    log.error(`The queue is full: job ${load.jid} is not kept for all who are not connected`);
  }
  if (queued.length > 0) {
    parts.fire(`salt/queue/${load.jid}/new`, { jid: load.jid, minions: queued, expires });
  }
  return queued;
}

/** Accepted minions that hold a live connection; saltx's own, for `manage.*` and `--summary`. */
async function connectedCommand(
  parts: WorkerParts,
  access: AccessParts,
  load: DataMap,
): Promise<Data> {
  const operator = await authenticate(load, access);
  if (operator.rules !== null) throw new AuthorizationError("Authorization error occurred.");
  const ids = parts.keys.ids("accepted");
  const presence = parts.presence.of(ids);
  const there = ids.filter((_, i) => presence[i] === "present");
  return { connected: Object.fromEntries(there.map((id) => [id, null])) };
}

/** Who a job is by: a syndic, which runs as the master's own user, says who asked above. */
function userOf(operator: Operator, load: DataMap): string {
  const user = isMap(load["kwargs"]) ? load["kwargs"]["user"] : undefined;
  return operator.rules === null && typeof user === "string" && user !== "" ? user : operator.user;
}

/**
 * What is allowed: a syndic, which runs as the master's own user, passes on the rules of who asked
 * above. (`salt/master.py:ClearFuncs.publish`)
 */
function rulesOf(operator: Operator, kwargs: DataMap): AuthList | null {
  const { auth_list: given } = kwargs;
  if (operator.rules !== null || !Array.isArray(given) || given.length === 0) return operator.rules;
  return given;
}

/** @throws {AuthorizationError} when the rules do not allow all functions on all minions. */
function authorise(
  request: PublishRequest,
  rules: AuthList,
  targets: TargetSources,
  lowerMasters: boolean,
): void {
  const funs = [request.fun].flat();
  const args = Array.isArray(request.fun) ? request.arg as Data[][] : [request.arg];
  const { minions } = expectedMinions(request.target, targets);
  const expand = (tgt: string) => coveredMinions(tgt, targets);
  if (allowsJob(rules, { funs, args, minions, expand, lowerMasters })) return;
  throw new AuthorizationError("Authorization error occurred.");
}

/** Turns what the user did wrong into the error map that clients read. */
async function refusable(name: string, run: () => Promise<Data>): Promise<Data> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    log.warning(`${name} was refused: ${messageOf(error)}`);
    const known = error instanceof AuthenticationError || error instanceof AuthorizationError ||
      error instanceof PublishError;
    return { error: { name: known ? error.name : "SaltInvocationError", message: error.message } };
  }
}
