/**
 * `yaml`: block style, or one line with a negative indentation. (`salt/output/yaml_out.py`)
 * @module
 */
import { dumpYaml } from "../../serializers/yaml_dump.ts";
import { flowYaml } from "./yaml_flow.ts";
import type { Outputter } from "./types.ts";

/** The outputter. */
export const yaml: Outputter = (data, options) => {
  const indent = options.output_indent;
  if (typeof indent !== "number") return dumpYaml(data);
  if (indent < 0) return flowYaml(data);
  // libyaml takes 2 for anything that is not from 2 to 9.
  return dumpYaml(data, { indent: indent >= 2 && indent <= 9 ? indent : 2 });
};
