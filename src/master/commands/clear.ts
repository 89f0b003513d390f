/**
 * The commands of the clear channel: what programs on the master's host ask for, with a local key.
 * What is not in this table cannot be called. (`salt/master.py:ClearFuncs.expose_methods`)
 * @module
 */
import type { ClearCommand } from "../../channel/gate.ts";
import { AuthenticationError, AuthorizationError, messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { allowsJob, type AuthList } from "../access/acl.ts";
import {
  type AccessParts,
  authenticate,
  checkBlacklist,
  makeToken,
} from "../access/authenticate.ts";
import { LoginLimit } from "../access/login_limit.ts";
import { TokenStore } from "../access/tokens.ts";
import { publish, type PublishParts, type PublishRequest, readPublishRequest } from "../publish.ts";
import type { Nodegroups } from "../../plugins/matchers/mod.ts";
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
  const commands: Record<string, ClearCommand> = {
    ping: (load) => load,
    publish: (load) => refusable("publish", () => publishCommand(parts, access, load)),
    connected: (load) => refusable("connected", () => connectedCommand(parts, access, load)),
    mk_token: (load) => refusable("mk_token", () => makeToken(load, access)),
    get_token: (load) =>
      load["token"] === undefined ? false : access.tokens.get(load["token"]) ?? {},
  };
  return new Map(Object.entries(commands));
}

async function publishCommand(
  parts: WorkerParts,
  access: AccessParts,
  load: DataMap,
): Promise<Data> {
  const operator = await authenticate(load, access);
  const request = readPublishRequest(load, operator.user);
  checkBlacklist(parts.opts, operator.user, [request.fun].flat());
  const publishing = publishParts(parts);
  if (operator.rules !== null) authorise(request, operator.rules, publishing.targets);
  const published = await publish(request, publishing);
  if (published !== null) {
    const presence = parts.presence.of(published.minions);
    const not_connected = published.minions.filter((_, i) => presence[i] === "absent");
    if (not_connected.length > 0) parts.jobs.setEnd(published.jid, not_connected, "not connected");
    return { enc: "clear", load: { ...published, not_connected } };
  }
  const { tgt, tgt_type } = request.target;
  const error = `Master could not resolve minions for target ${tgt} (${tgt_type})`;
  return { enc: "clear", load: { jid: null, minions: [], error } };
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

/** @throws {AuthorizationError} when the rules do not allow all functions on all minions. */
function authorise(request: PublishRequest, rules: AuthList, targets: TargetSources): void {
  const funs = [request.fun].flat();
  const args = Array.isArray(request.fun) ? request.arg as Data[][] : [request.arg];
  const { minions } = expectedMinions(request.target, targets);
  const expand = (tgt: string) => coveredMinions(tgt, targets);
  if (allowsJob(rules, { funs, args, minions, expand })) return;
  throw new AuthorizationError("Authorization error occurred.");
}

function publishParts(parts: WorkerParts): PublishParts {
  return {
    jobs: parts.jobs,
    targets: {
      keys: parts.keys,
      minions: parts.minions,
      nodegroups: parts.opts.nodegroups as Nodegroups,
    },
    fire: parts.fire,
    send: (load, minions) => parts.send(load, minions),
  };
}

/** Turns what the user did wrong into the error map that clients read. */
async function refusable(name: string, run: () => Promise<Data>): Promise<Data> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    log.warning(`${name} was refused: ${messageOf(error)}`);
    const known = error instanceof AuthenticationError || error instanceof AuthorizationError;
    return { error: { name: known ? error.name : "SaltInvocationError", message: error.message } };
  }
}
