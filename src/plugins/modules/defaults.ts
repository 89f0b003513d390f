/** Default values of formulas. (`salt/modules/defaults.py`) @module */
import { readFileSync } from "node:fs";
import { messageOf, SaltInvocationError } from "../../errors.ts";
import { cloneData, updateMap } from "../../loader/dict_update.ts";
import { traverse } from "../../loader/traverse.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const inPlace = {
  type: "bool",
  default: true,
  doc: "Has no effect on the result: what a call returns is always a copy.",
} as const;
const convertNone = { type: "bool", default: true, doc: "Take nothing for an empty map." } as const;

/** What a formula's `defaults.yaml`, or else `defaults.json`, holds; null where it has none. */
async function formulaDefaults(ctx: ExecContext, formula: string): Promise<Data> {
  for (const kind of ["yaml", "json"]) {
    const file = await ctx.salt("cp.cache_file", [`salt://${formula}/defaults.${kind}`]);
    if (typeof file !== "string" || file === "") continue;
    const text = readFileSync(file, "utf8");
    if (kind === "yaml") {
      const { parseYaml } = await import("../../serializers/yaml.ts");
      return parseYaml(text, { file }) ?? {};
    }
    try {
      return JSON.parse(text) as Data ?? {};
    } catch (error) {
      throw new SaltInvocationError(`"${file}" is not JSON: ${messageOf(error)}`);
    }
  }
  return null;
}

function mapFor(value: Data, none: boolean, what: string): DataMap {
  if (isMap(value)) return value;
  if (value === null && none) return {};
  throw new SaltInvocationError(`${what} must be a map`);
}

/** The module `defaults`. */
export const defaults = executionModule({
  name: "defaults",
  doc: "Default values of formulas.",
  functions: {
    get: fn({
      doc:
        "Returns a value from a formula's `defaults.yaml` or `defaults.json`. The first part of " +
        "the path is the formula.",
      args: {
        key: { type: "string", required: true, doc: "Path such as `core:users:root`." },
        default: { type: "any", default: "", doc: "When there is none." },
      },
      example: "salt '*' defaults.get core:users:root",
      async run(ctx, args) {
        const [formula = "", ...path] = args.key.split(":");
        const found = await formulaDefaults(ctx, formula);
        return path.length === 0 ? found : traverse(found, path) ?? args.default;
      },
    }),
    merge: fn({
      doc: "Returns a map with another merged into it.",
      args: {
        dest: { type: "any", required: true, doc: "The map below." },
        src: { type: "any", required: true, doc: "The map above." },
        merge_lists: { type: "bool", default: false, doc: "Join lists." },
        in_place: inPlace,
        convert_none: convertNone,
      },
      example: "salt '*' defaults.merge '{a: b}' '{d: e}'",
      run(_ctx, args) {
        const dest = mapFor(args.dest, args.convert_none && !args.in_place, "dest");
        return updateMap(dest, mapFor(args.src, args.convert_none, "src"), args.merge_lists);
      },
    }),
    deepcopy: fn({
      doc: "Returns a copy.",
      args: { source: { type: "any", required: true, doc: "Any value." } },
      example: "salt '*' defaults.deepcopy '{a: [b]}'",
      run: (_ctx, args) => cloneData(args.source),
    }),
    update: fn({
      doc: "Returns a map of maps, each laid over the same defaults.",
      args: {
        dest: { type: "any", required: true, doc: "The map of maps." },
        defaults: { type: "any", required: true, doc: "What each is laid over." },
        merge_lists: { type: "bool", default: true, doc: "Join lists." },
        in_place: inPlace,
        convert_none: convertNone,
      },
      example: "salt '*' defaults.update '{web1: {index: foo}}' '{enabled: True}'",
      run(_ctx, args) {
        const nodes = mapFor(args.dest, args.convert_none && !args.in_place, "dest");
        const under = mapFor(args.defaults, args.convert_none, "defaults");
        return Object.fromEntries(
          Object.entries(nodes).map(([name, node]) => [
            name,
            updateMap(under, mapFor(node, args.convert_none, name), args.merge_lists),
          ]),
        );
      },
    }),
  },
});
