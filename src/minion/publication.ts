/**
 * Looks at a decrypted publication before anything is done with it.
 * (`salt/minion.py:Minion._target_load`)
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { MinionFacts } from "../plugins/matchers/mod.ts";
import type { Data, PublishLoad, Target, TgtType } from "../types/mod.ts";
import { isFileJid } from "./proc_files.ts";

const log = getLogger("saltx.minion");

/** Functions that one job may name. */
const MOST_FUNCTIONS = 1000;

/** A publication that has all fields in their types, or null: it is told of and dropped. */
export function checkPublication(load: Readonly<Record<string, unknown>>): PublishLoad | null {
  const { tgt, jid, fun, arg } = load;
  const drop = (why: string) => {
    log.warning(`A publication was dropped: ${why}`);
    return null;
  };
  if (tgt === undefined || jid === undefined || fun === undefined || arg === undefined) return null;
  if (!isFileJid(jid)) return drop("its jid cannot be one");
  if (!Array.isArray(arg)) return drop(`job ${jid} has an arg that is not a list`);
  if (typeof tgt !== "string" && !isTextList(tgt)) return drop(`job ${jid} has no usable tgt`);
  if (Array.isArray(fun)) {
    if (!isTextList(fun) || fun.length === 0 || fun.length > MOST_FUNCTIONS) {
      return drop(`job ${jid} has no usable list of functions`);
    }
  } else if (typeof fun !== "string") return drop(`job ${jid} has a fun that is not text`);
  return {
    ...load,
    fun: fun as string | string[],
    arg: arg as Data[],
    tgt,
    tgt_type: typeof load["tgt_type"] === "string" ? load["tgt_type"] as TgtType : "glob",
    jid: jid as PublishLoad["jid"],
    ret: typeof load["ret"] === "string" ? load["ret"] : "",
  };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Whether this minion is meant. A target that cannot be read means nobody. */
export function isForMe(
  load: PublishLoad,
  facts: MinionFacts,
  matches: (target: Target, facts: MinionFacts) => boolean,
): boolean {
  const target: Target = { tgt: load.tgt, tgt_type: load.tgt_type };
  if (typeof load.delimiter === "string") target.delimiter = load.delimiter;
  try {
    return matches(target, facts);
  } catch (error) {
    log.warning(`The target of job ${load.jid} cannot be read: ${messageOf(error)}`);
    return false;
  }
}
