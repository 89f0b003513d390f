/**
 * What functions of a minion have the master of its own host do.
 * (`salt/modules/saltutil.py:runner, wheel, cmd`)
 * @module
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { userInfo } from "node:os";
import { openLocalClient } from "../client/mod.ts";
import { RunnerCaller } from "../client/runner.ts";
import { loadMasterConfig, type MasterOpts, type MinionOpts } from "../config/mod.ts";
import { CommandExecutionError, CommandNotFoundError } from "../errors.ts";
import { openEventClient } from "../event/mod.ts";
import type { RunnerModule } from "../loader/runner_types.ts";
import { currentJid } from "../text/jid.ts";
import { type Data, type DataMap, isMap, type Jid, type Target } from "../types/mod.ts";

/** The kinds of what can be done. */
export type OnMaster = "runner" | "wheel" | "cmd";

/**
 * Does it, with the configuration of the master beside the minion's.
 * @throws CommandExecutionError when there is no master on this host, or no such function.
 */
export async function onMaster(opts: MinionOpts, kind: OnMaster, call: DataMap): Promise<Data> {
  const master = masterOpts(opts);
  if (kind === "cmd") return await command(master, call);
  if (kind === "wheel") {
    const { WHEEL } = await import("../plugins/wheel/mod.ts");
    return await run(master, "wheel", WHEEL, { ...call, full_return: true });
  }
  const { runnersOf } = await import("../plugins/runners/mod.ts");
  return await run(master, "runner", await runnersOf(master), call);
}

function masterOpts(opts: MinionOpts): MasterOpts {
  const configDir = dirname(opts.conf_file);
  if (!existsSync(join(configDir, "master")) && !existsSync(join(configDir, "master.d"))) {
    throw new CommandExecutionError(
      "This command can only be executed on a minion that is located on the master: " +
        `there is no ${join(configDir, "master")}`,
    );
  }
  return loadMasterConfig({ configDir });
}

async function run(
  opts: MasterOpts,
  kind: "runner" | "wheel",
  modules: readonly RunnerModule[],
  call: DataMap,
): Promise<Data> {
  const caller = new RunnerCaller({
    opts,
    modules,
    kind,
    openClient: () => openLocalClient(opts),
    openBus: () => openEventClient({ node: "master", sockDir: opts.sock_dir }),
  });
  try {
    const outcome = await caller.call({
      fun: String(call["fun"]),
      args: Array.isArray(call["arg"]) ? call["arg"] : [],
      kwargs: isMap(call["kwarg"]) ? call["kwarg"] : {},
      jid: (typeof call["jid"] === "string" ? call["jid"] : currentJid()) as Jid,
      user: userInfo().username,
    });
    return call["full_return"] === true ? { ...outcome } as DataMap : outcome.return;
  } catch (error) {
    if (!(error instanceof CommandNotFoundError)) throw error;
    throw new CommandExecutionError(error.message, { cause: error });
  } finally {
    caller.close();
  }
}

async function command(opts: MasterOpts, call: DataMap): Promise<Data> {
  const { tgt, tgt_type, fun, arg, ret, timeout } = call;
  const target = { tgt, tgt_type: tgt_type ?? "glob" } as Target;
  const client = await openLocalClient(opts);
  try {
    const results = await client.collect({
      target,
      fun: String(fun),
      arg: Array.isArray(arg) ? arg : [],
      ret: typeof ret === "string" ? ret : "",
      ...(typeof timeout === "number" ? { timeout } : {}),
    });
    const back = [...results.values()].filter(({ end }) => end === "returned" || end === "failed");
    return Object.fromEntries(back.map((result) => [result.id, result.ret]));
  } finally {
    client.close();
  }
}
