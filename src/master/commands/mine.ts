/**
 * The mine: what minions tell each other through the master.
 * (`salt/daemons/masterapi.py:RemoteFuncs._mine, _mine_get, _mine_delete, _mine_flush`)
 * @module
 */
import { type MineStore, openMineStore } from "../../cache/mod.ts";
import type { EncryptedCommand } from "../../channel/gate.ts";
import { messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { compileTarget, keysRead, type Nodegroups } from "../../plugins/matchers/mod.ts";
import { type Data, type DataMap, isMap, type TgtType } from "../../types/mod.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.mine");

/** Key of the value of an entry that only some may read, and the key that marks such an entry. */
const VALUE = "__data__";
const RESTRICTED = "__saltmine_acl__";

/** Functions of one question, and characters of a function's name. */
const MAX_FUNCTIONS = 100;
const MAX_NAME = 256;

/** The commands of the mine. */
export function mineCommands(parts: WorkerParts): Record<string, EncryptedCommand> {
  const store = openMineStore(parts.opts);
  const command = (
    run: (id: string, load: DataMap) => Data,
    otherwise: Data,
  ): EncryptedCommand => ({
    tok: true,
    run: (load, { id }) => id === null ? otherwise : run(id, load),
  });
  return {
    _mine: command((id, load) => set(parts, store, id, load), false),
    _mine_get: { ...command((id, load) => get(parts, store, id, load), {}), heavy: true },
    _mine_delete: command((id, { fun }) => {
      if (typeof fun !== "string") return false;
      store.remove(id, fun);
      return true;
    }, false),
    _mine_flush: command((id) => !keeps(parts) || store.flush([id]), false),
  };
}

function keeps({ opts }: WorkerParts): boolean {
  return opts.minion_data_cache || opts.enforce_mine_cache;
}

function set(parts: WorkerParts, store: MineStore, id: string, load: DataMap): Data {
  const { data } = load;
  if (!isMap(data) || Object.keys(data).some((fun) => fun === "" || fun.length > MAX_NAME)) {
    log.warning(`${id} sent mine data that is no map of functions; dropped`);
    return false;
  }
  if (!keeps(parts)) return true;
  if (store.set(id, data, Boolean(load["clear"]))) return true;
  log.warning(`The mine data of ${id} are too many or too large; dropped`);
  return false;
}

/** One function gives `{minion: value}`; several, or a list, `{function: {minion: value}}`. */
function get(parts: WorkerParts, store: MineStore, reader: string, load: DataMap): Data {
  const { fun, tgt } = load;
  const named = typeof fun === "string" ? [...new Set(fun.split(","))] : fun;
  if (!Array.isArray(named) || named.length > MAX_FUNCTIONS) return {};
  const functions = named.filter((one) => typeof one === "string");
  if (functions.length !== named.length || functions.length === 0) return {};
  if (typeof tgt !== "string" && !isTexts(tgt)) return {};
  const tgtType = load["tgt_type"] ?? load["expr_form"] ?? "glob";
  const minions = matching(parts, tgt, tgtType, `_mine_get of ${reader}`);
  const readers = new Map<string, boolean>();
  const found: Record<string, DataMap> = {};
  for (const name of functions) {
    const values: DataMap = {};
    for (const id of minions) {
      const value = store.get(id, name);
      if (value === undefined) continue;
      if (!isMap(value) || !(RESTRICTED in value)) values[id] = value;
      else if (mayRead(parts, value, reader, id, readers)) values[id] = value[VALUE] ?? null;
    }
    if (Object.keys(values).length > 0) found[name] = values;
  }
  return Array.isArray(fun) || functions.length > 1 ? found : found[functions[0]!] ?? {};
}

/** Who may read is a target; many entries have the same. */
function mayRead(
  parts: WorkerParts,
  entry: DataMap,
  reader: string,
  owner: string,
  known: Map<string, boolean>,
): boolean {
  const { allow_tgt: tgt, allow_tgt_type: type = "glob" } = entry;
  if (tgt === undefined || tgt === null || tgt === "") return true;
  const key = JSON.stringify([tgt, type]);
  let allowed = known.get(key);
  if (allowed === undefined) {
    const valid = typeof tgt === "string" || isTexts(tgt);
    allowed = valid && matching(parts, tgt, type, `allow_tgt of ${owner}`, [reader]).length > 0;
    known.set(key, allowed);
  }
  return allowed;
}

/** Accepted minions that a target of a minion means; pillar values are compared as they are only. */
function matching(
  parts: WorkerParts,
  tgt: string | string[],
  tgtType: Data,
  what: string,
  among: readonly string[] = parts.keys.ids("accepted"),
): string[] {
  const type = tgtType === "pillar" || tgtType === "pillar_pcre" ? "pillar_exact" : tgtType;
  try {
    const nodegroups = parts.opts.nodegroups as Nodegroups;
    const target = { tgt, tgt_type: String(type) as TgtType };
    const meant = compileTarget(target, { nodegroups, pillarExact: true });
    // Of one minion all is read sooner than what has changed in the others.
    const view = parts.minions.view(among.length === 1 ? null : keysRead(target, nodegroups));
    return among.filter((id) => {
      const { grains = {}, pillar = {} } = view(id) ?? {};
      return meant({ id, grains, pillar });
    });
  } catch (error) {
    if (!(error instanceof SaltException)) throw error;
    log.warning(`The target in ${what} cannot be read: ${messageOf(error)}`);
    return [];
  }
}

function isTexts(value: Data | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
