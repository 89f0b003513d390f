/**
 * What minions may have done: jobs on others (`peer`), and runners (`peer_run`). Nothing unless those
 * options allow it.
 * (`salt/daemons/masterapi.py:RemoteFuncs.minion_pub, pub_ret, minion_runner`)
 *
 * `minion_publish`, which holds a worker until all have returned, is not there: minions ask with
 * `minion_pub` and `pub_ret`.
 * @module
 */
import type { EncryptedCommand } from "../../channel/gate.ts";
import { messageOf, SaltException } from "../../errors.ts";
import { splitInput } from "../../loader/args.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidJid, makeJid } from "../../text/jid.ts";
import { compilePattern, PatternError } from "../../text/pcre/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { allowsJob, type AuthList } from "../access/acl.ts";
import { publish, readPublishRequest } from "../publish.ts";
import { coveredMinions, expectedMinions } from "../targets.ts";
import type { WorkerParts } from "../worker_parts.ts";
import { runFunction } from "./functions.ts";
import { publishParts } from "./publish_parts.ts";

const log = getLogger("saltx.peer");

/** ms that a minion's runner has; its request holds a worker so long. */
const RUNNER_TIME = 30_000;

/** The commands of peers. */
export function peerCommands(parts: WorkerParts): Record<string, EncryptedCommand> {
  const command = (run: (id: string, load: DataMap) => Data | Promise<Data>): EncryptedCommand => ({
    tok: true,
    run: (load, { id }) => id === null ? {} : run(id, load),
  });
  return {
    minion_pub: command((id, load) => minionPub(parts, id, load)),
    pub_ret: command((id, load) => pubRet(parts, id, load)),
    minion_runner: command((id, load) => minionRunner(parts, id, load)),
  };
}

/** Publishes for a minion: `{jid, minions}`, or `{}` when it may not. */
async function minionPub(parts: WorkerParts, id: string, load: DataMap): Promise<Data> {
  const rules = rulesOf(parts.opts.peer, id);
  if (rules.length === 0) return {};
  try {
    const { fun, arg, tgt, tgt_type = "glob", ret = "" } = load;
    const several = typeof fun === "string" && fun.includes(",");
    const funs = several ? fun.split(",") : fun;
    const args = several && Array.isArray(arg) ? arg.map(wordsOf) : arg;
    const request = readPublishRequest(
      { fun: funs, arg: args, tgt, tgt_type, ret } as DataMap,
      parts.opts.user,
    );
    const names = [request.fun].flat();
    if (names.some((name) => name.startsWith("publish."))) {
      log.warning(`${id} may not publish ${names.join(", ")}: a publication would cause another`);
      return {};
    }
    const publishing = publishParts(parts);
    const allowed = allowsJob(rules, {
      funs: names,
      args: Array.isArray(request.fun) ? request.arg as Data[][] : [request.arg],
      minions: expectedMinions(request.target, publishing.targets).minions,
      expand: (target) => coveredMinions(target, publishing.targets),
    });
    if (!allowed) {
      log.warning(`'peer' does not allow ${id} to run ${names.join(", ").slice(0, 200)}`);
      return {};
    }
    const published = await publish({ ...request, extras: { id } }, publishing);
    return published === null ? {} : { jid: published.jid, minions: published.minions };
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    log.warning(`A publication of ${id} was refused: ${messageOf(error)}`);
    return {};
  }
}

/** What has come back of a job, for the minion that published it. */
function pubRet(parts: WorkerParts, id: string, load: DataMap): Data {
  const { jid } = load;
  if (typeof jid !== "string" || !isValidJid(jid)) return {};
  const job = parts.jobs.load(jid);
  if (job === null || (job.load as unknown as DataMap)["id"] !== id) return {};
  const answers: DataMap = {};
  for (const { id: minion, ret } of parts.jobs.returns(jid)) {
    if (ret === undefined) continue;
    const { return: value, ...rest } = ret;
    answers[minion] = { ret: value, ...rest };
  }
  return answers;
}

/** Runs a runner for a minion and gives its result; `{}` when it may not. */
async function minionRunner(parts: WorkerParts, id: string, load: DataMap): Promise<Data> {
  const { fun, arg = [] } = load;
  if (typeof fun !== "string" || !Array.isArray(arg)) return {};
  const rules = rulesOf(parts.opts.peer_run, id);
  if (!rules.some((rule) => typeof rule === "string" && matches(rule, fun))) {
    if (rules.length > 0) {
      log.warning(`'peer_run' does not allow ${id} to run ${fun.slice(0, 200)}`);
    }
    return {};
  }
  const { runnersOf } = await import("../../plugins/runners/mod.ts");
  const modules = await runnersOf(parts.opts);
  const call = { fun, ...splitInput(arg), user: `minion ${id}` };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Data>((resolve) => {
    timer = setTimeout(() => {
      log.warning(`Runner ${fun} of ${id} takes over ${RUNNER_TIME / 1000} s; not waited for`);
      resolve({});
    }, RUNNER_TIME);
  });
  try {
    const done = runFunction(parts, "runner", modules, call, makeJid(new Date()))
      .then((outcome) => outcome.return);
    return await Promise.race([done, late]);
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    return error.message;
  } finally {
    clearTimeout(timer);
  }
}

/** The rules of all whose pattern matches the id from its start. */
function rulesOf(config: unknown, id: string): AuthList {
  if (!isMap(config)) return [];
  return Object.entries(config)
    .filter(([pattern]) => matches(pattern, id))
    .flatMap(([, rules]) => Array.isArray(rules) ? rules : []);
}

/** A pattern that is no regular expression allows nothing. */
function matches(pattern: string, text: string): boolean {
  try {
    return compilePattern(pattern).match(text) !== null;
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function wordsOf(arg: Data): Data[] {
  return String(arg).split(/\s+/).filter((word) => word !== "");
}
