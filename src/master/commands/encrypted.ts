/**
 * The commands of the encrypted channel. What is not in this table cannot be called.
 * (`salt/master.py:AESFuncs.expose_methods`)
 * @module
 */
import type { Caller, EncryptedCommand } from "../../channel/gate.ts";
import { sealPillar } from "../../channel/pillar_reply.ts";
import { getLogger } from "../../logging/mod.ts";
import { mergeRecursive, PillarCompiler } from "../../plugins/pillar/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { WorkerParts } from "../worker_parts.ts";
import { fileCommands } from "./files.ts";
import { receiveFile } from "./file_recv.ts";
import { mineCommands } from "./mine.ts";
import { fireMinionEvents } from "./minion_events.ts";
import { peerCommands } from "./peer.ts";
import { takeReturn } from "./returns.ts";
import { takeSyndicReturns } from "./syndic_returns.ts";

const log = getLogger("saltx.master");

/** Settings that minions ask for. (`salt/master.py:AESFuncs._master_opts`) */
const SHARED_OPTS = [
  "renderer",
  "failhard",
  "state_top",
  "state_top_saltenv",
  "nodegroups",
  "state_auto_order",
  "state_events",
  "state_aggregate",
  "jinja_env",
  "jinja_sls_env",
  "jinja_lstrip_blocks",
  "jinja_trim_blocks",
] as const;

/** The table, bound to one worker. */
export function encryptedCommands(parts: WorkerParts): Map<string, EncryptedCommand> {
  const compiler = new PillarCompiler(parts.opts);
  const commands: Record<string, EncryptedCommand> = {
    _return: { tok: false, run: (load, caller) => takeReturn(parts, load, caller) },
    _syndic_return: {
      tok: false,
      run: (load, caller) => takeSyndicReturns(parts, load, caller),
    },
    _minion_event: { tok: true, run: (load, caller) => fireMinionEvents(parts, load, caller) },
    _pillar: {
      tok: false,
      sealed: true,
      heavy: true,
      run: (load, caller) => pillarCommand(parts, compiler, load, caller),
    },
    _master_opts: { tok: false, run: (load) => masterOpts(parts, load) },
    _master_tops: { tok: true, run: () => ({}) },
    revoke_auth: { tok: true, run: (load, caller) => revoke(parts, load, caller) },
    ...fileCommands(parts.opts),
    ...mineCommands(parts),
    ...peerCommands(parts),
    _file_recv: {
      tok: true,
      heavy: true,
      run: (load, caller) => receiveFile(parts.opts, load, caller.id),
    },
  };
  return new Map(Object.entries(commands));
}

function pillarCommand(
  parts: WorkerParts,
  compiler: PillarCompiler,
  load: DataMap,
  caller: Caller,
): Data {
  const { id } = caller;
  const key = id === null ? null : parts.keys.acceptedKey(id);
  if (id === null || key === null) {
    log.warning(`Pillar was asked for ${id}, which has no accepted key; refused`);
    return {};
  }
  const grains = { ...(isMap(load["grains"]) ? load["grains"] : {}), id };
  const pillarenv = typeof load["pillarenv"] === "string" ? load["pillarenv"] : null;
  let pillar = compiler.compile({ id, grains, pillarenv });
  const override = load["pillar_override"];
  if (isMap(override) && Object.keys(override).length > 0) {
    pillar = mergeRecursive(pillar, override, parts.opts.pillar_merge_lists);
  } else if (parts.opts.minion_data_cache) {
    parts.minions.setGrains(id, grains);
    parts.minions.setPillar(id, pillar);
    parts.fire(`minion/refresh/${id}`, { "Minion data cache refresh": id });
  }
  return sealPillar(pillar, {
    minionKey: key,
    masterKey: parts.masterKeys.privateKey,
    nonce: load["nonce"],
    caller,
  });
}

function masterOpts(parts: WorkerParts, load: DataMap): Data {
  const { opts } = parts;
  const reply: DataMap = {
    file_roots: Object.fromEntries(Object.keys(opts.file_roots ?? {}).map((env) => [env, []])),
    top_file_merging_strategy: opts.top_file_merging_strategy as Data,
    env_order: [...opts.env_order] as Data,
    default_top: opts.default_top,
  };
  if (load["env_only"]) return reply;
  for (const name of SHARED_OPTS) reply[name] = (opts[name] ?? null) as Data;
  return reply;
}

/** A minion that gives its own key up. (`salt/daemons/masterapi.py:RemoteFuncs.revoke_auth`) */
function revoke(parts: WorkerParts, load: DataMap, caller: Caller): Data {
  const { id } = caller;
  if (id === null) return false;
  if (!parts.opts.allow_minion_key_revoke) {
    log.warning(`${id} asked to revoke its key; allow_minion_key_revoke is off`);
    return load;
  }
  parts.keys.change("delete", [{ state: "accepted", id }]);
  if (!load["preserve_minion_cache"]) parts.minions.forget([id]);
  parts.fire("salt/key", { result: true, act: "delete", id });
  parts.rotate(`${id} revoked its key`);
  return true;
}
