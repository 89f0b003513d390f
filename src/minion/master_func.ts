/**
 * Asks a function which masters there are (`master_type: func`).
 * (`salt/minion.py:eval_master_func`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { messageOf, SaltConfigurationError } from "../errors.ts";
import { callFunction, createContext } from "../loader/context.ts";
import type { BlockingCaller } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { Data } from "../types/mod.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/**
 * The options with `master` as the function gives it: `master` names it, and `master_func_args` are its
 * arguments. Of a text, each line names a master. Options with another `master_type` are left as they are.
 * @throws SaltConfigurationError when there is no such function, it fails, or gives no name.
 */
export async function withFoundMaster(
  opts: MinionOpts,
  world: World,
  callBlocking: BlockingCaller,
): Promise<MinionOpts> {
  if (opts.master_type !== "func") return opts;
  await world.ready();
  const fun = String(opts.master);
  const ctx = createContext({ opts, grains: world.grains, registry: world.registry, callBlocking });
  let value: Data;
  try {
    value = await callFunction(ctx, fun, opts.master_func_args as Data[]);
  } catch (error) {
    throw new SaltConfigurationError(
      `The function ${fun}, which option "master" names with "master_type: func", failed: ` +
        messageOf(error),
      { cause: error, exitCode: 1 },
    );
  }
  const names = namesIn(value);
  if (names === null) {
    throw new SaltConfigurationError(
      `${JSON.stringify(value)} returned from ${fun} is not a string or a list of them`,
      { exitCode: 1 },
    );
  }
  log.info(`Evaluated master from module: ${fun}`);
  return { ...opts, master: names };
}

function namesIn(value: Data): string[] | null {
  const list = typeof value === "string" ? value.split(/\r?\n/) : value;
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) return null;
  const names = list.map((name) => name.trim()).filter((name) => name !== "");
  return names.length > 0 ? names : null;
}
