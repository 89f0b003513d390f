/** Users' grains. @module */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type DataMap, isMap } from "../../types/mod.ts";
import { customFiles } from "./files.ts";
import { customHost, LOAD_LIMIT } from "./host.ts";

const log = getLogger("saltx.custom");

/**
 * What users' grain files give, put together. One that is broken, or takes longer than ten seconds, is
 * told of in the log and left out.
 * @param grains those of this machine
 */
export async function customGrains(opts: object, grains: DataMap): Promise<DataMap> {
  const found: DataMap = {};
  for (const file of customFiles(opts, "grains")) {
    try {
      const { value } = await customHost.call(file, "", [], {
        opts,
        values: { grains: { ...grains, ...found } },
        limit: LOAD_LIMIT,
      });
      if (isMap(value)) Object.assign(found, value);
      else log.error(`Custom grains are left out: ${file.path} gives no map`);
    } catch (error) {
      log.error(`Custom grains are left out: ${messageOf(error)}`);
    }
  }
  return found;
}
