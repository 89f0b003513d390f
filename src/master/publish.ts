/**
 * Turns a request to publish into a job: who is expected, a jid, the stored load, the events, and the
 * load handed to the publisher. (`salt/master.py:ClearFuncs.publish, _prep_jid, _prep_pub`)
 * @module
 */
import type { JobCache } from "../cache/mod.ts";
import { PublishError, SaltInvocationError } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { isValidJid } from "../text/jid.ts";
import {
  type Data,
  type DataMap,
  isMap,
  type Jid,
  type MinionId,
  type PublishLoad,
  type Target,
  type TgtType,
} from "../types/mod.ts";
import { type Expected, expectedMinions, type TargetSources } from "./targets.ts";

const log = getLogger("saltx.master");

/** What a request to publish must hold. */
export interface PublishRequest {
  target: Target;
  fun: string | string[];
  arg: Data[];
  ret: string;
  /** Empty: the master chooses. */
  jid: string;
  user: string;
  /** The other fields that minions and returners get. */
  extras: DataMap;
}

/** What the client is told, and what was sent. */
export interface Published {
  jid: Jid;
  minions: MinionId[];
  missing: string[];
  /** What was sent. */
  load: PublishLoad;
}

/** What publishing needs. */
export interface PublishParts {
  jobs: JobCache;
  targets: TargetSources;
  /** A job id where the client chose none. */
  newJid(): Jid;
  fire(tag: string, data: DataMap): void;
  /** Hands a load to the process that encrypts and sends it. */
  send(load: DataMap, minions: string[]): Promise<void>;
  /** Name of this master in jobs; empty for none. */
  masterId: string;
  /** Syndics, which are no minions, while this master commands lower ones (`order_masters`). */
  syndics: readonly string[] | null;
}

/** Fields of `kwargs` that travel with the publication. */
const EXTRAS = [
  "metadata",
  "ret_config",
  "ret_kwargs",
  "module_executors",
  "executor_opts",
  "master_id",
];

const TGT_TYPES: ReadonlySet<string> = new Set<TgtType>([
  "glob",
  "pcre",
  "list",
  "grain",
  "grain_pcre",
  "pillar",
  "pillar_pcre",
  "pillar_exact",
  "compound",
  "ipcidr",
  "nodegroup",
  "range",
]);

/** How often a new jid is tried when the clock gave one that is taken. */
const JID_TRIES = 5;

/**
 * Reads a clear `publish` load.
 * @throws {SaltInvocationError} naming the field that is wrong.
 */
export function readPublishRequest(load: DataMap, user: string): PublishRequest {
  const { tgt, fun, arg } = load;
  if (!isText(tgt) && !isTextList(tgt)) throw wrong("tgt", "text or a list of ids");
  if (!isText(fun) && !isTextList(fun)) throw wrong("fun", "a function or a list of functions");
  if (!Array.isArray(arg)) throw wrong("arg", "a list");
  if (Array.isArray(fun) && (arg.length !== fun.length || !arg.every(Array.isArray))) {
    throw wrong("arg", "a list of arguments for each function");
  }
  const tgtType = load["tgt_type"] ?? "glob";
  if (!isText(tgtType) || !TGT_TYPES.has(tgtType)) {
    throw wrong("tgt_type", `one of ${[...TGT_TYPES].join(", ")}`);
  }
  const jid = load["jid"] ?? "";
  if (!isText(jid) || (jid !== "" && !isValidJid(jid))) {
    throw wrong("jid", "20 digits, or 20 digits, an underscore and more");
  }
  const kwargs = isMap(load["kwargs"]) ? load["kwargs"] : {};
  const target: Target = { tgt, tgt_type: tgtType as TgtType };
  const delimiter = kwargs["delimiter"];
  if (isText(delimiter) && delimiter !== "" && delimiter !== ":") target.delimiter = delimiter;
  return {
    target,
    fun,
    arg,
    ret: isText(load["ret"]) ? load["ret"] : "",
    jid,
    user,
    extras: pick(kwargs, EXTRAS),
  };
}

/**
 * Publishes, unless nobody is expected: lower masters may have minions that are not known here.
 * @param rules What the user may do, for lower masters; null for everything.
 * @returns null when the target matches no accepted minion.
 * @throws {PublishError} when the jid is taken. {@linkcode SaltInvocationError} for a bad target.
 */
export async function publish(
  request: PublishRequest,
  parts: PublishParts,
  rules: readonly unknown[] | null = null,
): Promise<Published | null> {
  const { syndics, masterId } = parts;
  const expected = expectedMinions(request.target, parts.targets);
  if (syndics !== null) expected.minions = expected.minions.filter((id) => !syndics.includes(id));
  else if (expected.minions.length === 0) return null;
  if (masterId !== "") request.extras["master_id"] ??= masterId;
  if (syndics !== null) request.extras["auth_list"] = [...rules ?? []] as Data[];
  const load = saveJob(request, expected, parts);
  parts.fire(load.jid, { minions: expected.minions });
  parts.fire(`salt/job/${load.jid}/new`, {
    jid: load.jid,
    tgt_type: load.tgt_type,
    tgt: load.tgt,
    user: request.user,
    fun: load.fun,
    arg: load.arg,
    minions: expected.minions,
    missing: expected.missing,
  });
  await parts.send(load as unknown as DataMap, [...expected.minions, ...syndics ?? []]);
  log.info(() => `User ${request.user} Published command ${load.fun} with jid ${load.jid}`);
  return { jid: load.jid, ...expected, load };
}

function saveJob(
  request: PublishRequest,
  expected: Expected,
  { jobs, newJid }: PublishParts,
): PublishLoad {
  const given = request.jid !== "";
  for (let tries = given ? 1 : JID_TRIES; tries > 0; tries--) {
    const jid = given ? request.jid as Jid : newJid();
    const load = buildLoad(request, jid);
    if (jobs.saveLoad(load, expected.minions, expected.missing)) return load;
  }
  throw new PublishError(
    given
      ? `There is a job ${request.jid} already; a jid is used once`
      : `No free jid was found in ${JID_TRIES} tries; is the clock of this master going backwards?`,
  );
}

/** The fields in the order in which Salt sends them. */
function buildLoad(request: PublishRequest, jid: Jid): PublishLoad {
  const { target } = request;
  return {
    fun: request.fun,
    arg: request.arg,
    tgt: target.tgt,
    jid,
    ret: request.ret,
    ...(target.delimiter === undefined ? {} : { delimiter: target.delimiter }),
    tgt_type: target.tgt_type,
    ...request.extras,
    user: request.user,
  };
}

function pick(map: DataMap, names: readonly string[]): DataMap {
  const picked: DataMap = {};
  for (const name of names) if (map[name] !== undefined) picked[name] = map[name];
  return picked;
}

function isText(value: Data | undefined): value is string {
  return typeof value === "string";
}

function isTextList(value: Data | undefined): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function wrong(field: string, wanted: string): SaltInvocationError {
  return new SaltInvocationError(`publish: '${field}' must be ${wanted}`);
}
