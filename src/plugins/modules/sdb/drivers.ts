/** Stores that need no database. (`salt/sdb/env.py`, `salt/sdb/yaml.py`) @module */
import { readFileSync } from "node:fs";
import { messageOf } from "../../../errors.ts";
import { updateMap } from "../../../loader/dict_update.ts";
import { jobEnvironment, setJobVariable } from "../../../loader/environment.ts";
import { traverse } from "../../../loader/traverse.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import type { SdbDriver } from "./types.ts";

/** Environment variables of the job. A variable that is set already stays as it is. */
export const envDriver: SdbDriver = {
  get(ctx, key) {
    const env = jobEnvironment(ctx);
    return Object.hasOwn(env, key) ? env[key]! : null;
  },
  set(ctx, key, value) {
    const env = jobEnvironment(ctx);
    if (Object.hasOwn(env, key)) return env[key]!;
    setJobVariable(ctx, key, pyStr(value));
    return pyStr(value);
  },
};

async function readYaml(ctx: ExecContext, file: string): Promise<DataMap> {
  const { parseYaml } = await import("../../../serializers/yaml.ts");
  try {
    const content = parseYaml(readFileSync(file, "utf8"), { file });
    if (isMap(content)) return content;
    ctx.log.error(`The sdb file "${file}" does not hold a map`);
  } catch (error) {
    ctx.log.error(`The sdb file "${file}" cannot be read: ${messageOf(error)}`);
  }
  return {};
}

/** YAML files, merged in their order; a key is a path such as `a:b`. */
export const yamlDriver: SdbDriver = {
  async get(ctx, key, profile) {
    const files = Array.isArray(profile["files"]) ? profile["files"].map(pyStr) : [];
    const merge = isMap(profile["merge"]) ? profile["merge"] : {};
    const join = pyTruthy(merge["merge_lists"] ?? null);
    let all: DataMap = {};
    for (const file of files) all = updateMap(all, await readYaml(ctx, file), join);
    return traverse(all, key) ?? null;
  },
};
