/**
 * The job that a minion gives itself when it starts. (`salt/minion.py:Minion._state_run`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import type { Data, Jid, PublishLoad } from "../types/mod.ts";

/** What `startup_states` asks for; null: nothing. */
export function startupJob(opts: MinionOpts): PublishLoad | null {
  const wanted = opts.startup_states;
  if (wanted === "") return null;
  const job = { tgt: opts.id, tgt_type: "glob" as const, jid: "req" as Jid, ret: "" };
  if (wanted === "sls") return { ...job, fun: "state.sls", arg: [[...opts.sls_list] as Data[]] };
  if (wanted === "top") return { ...job, fun: "state.top", arg: [opts.top_file] };
  return { ...job, fun: "state.highstate", arg: [] };
}
