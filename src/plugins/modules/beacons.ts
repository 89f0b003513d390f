/** The beacons that are configured. (`salt/modules/beacons.py`) @module */
import { dirname, join } from "node:path";
import { atomicWrite, ensureDir } from "../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { dumpYaml } from "../../serializers/yaml_dump.ts";
import { unifiedDiff } from "../../text/py_diff.ts";
import { pyEqual } from "../../text/py_equal.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

type Result = DataMap & { result: boolean; comment: Data };

const name = { type: "string", required: true, doc: "Name of the beacon." } as const;
const beaconData = {
  type: "any",
  required: true,
  doc: "Its configuration: a list of maps.",
} as const;
const kwargs = {
  type: "map",
  keywords: true,
  doc: "`test=True` changes nothing.",
} as const;
const returnYaml = { type: "bool", default: true, doc: "As a text in YAML." } as const;

/** Asks the minion. null: none runs. */
function ask(ctx: ExecContext, func: string, more: DataMap = {}): Promise<DataMap | null> {
  return ctx.minion.manage("beacons", { func, ...more });
}

async function configured(ctx: ExecContext, more: DataMap = {}): Promise<DataMap> {
  const found = (await ask(ctx, "list", more))?.["beacons"];
  return isMap(found) ? found : {};
}

function isTest(given: DataMap): boolean {
  return pyTruthy(given["test"] ?? false);
}

function noAnswer(what: string): Result {
  return {
    comment: `Did not receive the beacon ${what} complete event: no minion runs`,
    result: false,
  };
}

/** What is wrong with a configuration; null: nothing. */
async function invalid(ctx: ExecContext, name: string, data: Data): Promise<string | null> {
  const reply = await ask(ctx, "validate_beacon", { name, beacon_data: data });
  return reply && reply["valid"] !== true ? pyStr(reply["vcomment"] ?? "") : null;
}

async function add(ctx: ExecContext, name: string, data: Data, given: DataMap): Promise<Result> {
  if (Object.hasOwn(await configured(ctx), name)) {
    return { comment: `Beacon ${name} is already configured.`, result: true };
  }
  const items = Array.isArray(data) ? data.filter(isMap) : [];
  const kind = items.find((item) => "beacon_module" in item)?.["beacon_module"] ?? name;
  const available = (await ask(ctx, "list_available"))?.["beacons"];
  if (!Array.isArray(available) || !available.includes(kind)) {
    return { comment: `Beacon "${pyStr(kind)}" is not available.`, result: false };
  }
  if (isTest(given)) return { comment: `Beacon: ${name} would be added.`, result: true };
  const wrong = await invalid(ctx, name, data);
  if (wrong !== null) {
    const comment = `Beacon ${name} configuration invalid, not adding.\n${wrong}`;
    return { comment, result: false };
  }
  const reply = await ask(ctx, "add", { name, beacon_data: data });
  if (!reply) return noAnswer("add");
  return reply["complete"] === true
    ? { comment: `Added beacon: ${name}.`, result: true }
    : { comment: reply["comment"] ?? "", result: false };
}

async function modify(ctx: ExecContext, name: string, data: Data, given: DataMap): Promise<Result> {
  const old = (await configured(ctx))[name];
  if (old === undefined) return { comment: `Beacon ${name} is not configured.`, result: true };
  if (isTest(given)) return { comment: `Beacon: ${name} would be modified.`, result: true };
  const wrong = await invalid(ctx, name, data);
  if (wrong !== null) {
    const comment = `Beacon ${name} configuration invalid, not modifying.\n${wrong}`;
    return { comment, result: false };
  }
  if (pyEqual(old, data)) return { comment: `Job ${name} in correct state`, result: true };
  const changes = { diff: unifiedDiff(linesOf(old), linesOf(data)) };
  const reply = await ask(ctx, "modify", { name, beacon_data: data });
  if (!reply) return noAnswer("modify");
  return reply["complete"] === true
    ? { comment: `Modified beacon: ${name}.`, result: true, changes }
    : { comment: reply["comment"] ?? "", result: false, changes };
}

function linesOf(data: Data): string[] {
  const items = Array.isArray(data) ? data.filter(isMap) : [];
  return items.flatMap((item) =>
    Object.entries(item).map(([key, value]) => `${key}:${pyStr(value)}\n`)
  );
}

async function remove(ctx: ExecContext, name: string, given: DataMap): Promise<Result> {
  if (isTest(given)) return { comment: `Beacon: ${name} would be deleted.`, result: true };
  const reply = await ask(ctx, "delete", { name });
  if (!reply) return noAnswer("delete");
  return reply["complete"] === true
    ? { comment: `Deleted beacon: ${name}.`, result: true }
    : { comment: reply["comment"] ?? "", result: false };
}

async function switchAll(ctx: ExecContext, enabled: boolean, given: DataMap): Promise<Result> {
  const past = enabled ? "enabled" : "disabled";
  if (isTest(given)) return { comment: `Beacons would be ${past}.`, result: true };
  const reply = await ask(ctx, enabled ? "enable" : "disable");
  return reply
    ? { comment: `${enabled ? "Enabled" : "Disabled"} beacons on minion.`, result: true }
    : noAnswer(past);
}

async function switchOne(
  ctx: ExecContext,
  name: string,
  enabled: boolean,
  given: DataMap,
): Promise<Result> {
  const past = enabled ? "enabled" : "disabled";
  if (!name) return { comment: "Beacon name is required.", result: false };
  if (isTest(given)) return { comment: `Beacon ${name} would be ${past}.`, result: true };
  if (!Object.hasOwn(await configured(ctx), name)) {
    return { comment: `Beacon ${name} is not currently configured.`, result: false };
  }
  const reply = await ask(ctx, enabled ? "enable_beacon" : "disable_beacon", { name });
  if (!reply) return noAnswer(past);
  return reply["complete"] === true
    ? { comment: `${enabled ? "Enabled" : "Disabled"} beacon ${name} on minion.`, result: true }
    : { comment: reply["comment"] ?? "", result: false };
}

async function save(ctx: ExecContext): Promise<Result> {
  const { conf_file, default_include } = ctx.opts;
  const path = join(dirname(conf_file), dirname(String(default_include)), "beacons.conf");
  const beacons = await configured(ctx, { include_pillar: false, include_opts: true });
  try {
    ensureDir(dirname(path), 0o750);
    const text = Object.keys(beacons).length > 0 ? dumpYaml({ beacons }) : "";
    await atomicWrite(path, text, { mode: 0o600 });
    return { comment: `Beacons saved to ${path}.`, result: true };
  } catch {
    const comment = `Unable to write to beacons file at ${path}. Check permissions.`;
    return { comment, result: false };
  }
}

/** The module `beacons`. */
export const beacons = executionModule({
  name: "beacons",
  doc: "The beacons that are configured.",
  functions: {
    list: fn({
      doc: "Lists the beacons that are configured.",
      args: {
        return_yaml: returnYaml,
        include_pillar: { type: "bool", default: true, doc: "Those of the pillar too." },
        include_opts: { type: "bool", default: true, doc: "Those of the configuration too." },
        kwargs,
      },
      example: "salt '*' beacons.list",
      async run(ctx, { return_yaml, include_pillar, include_opts }) {
        const found = await configured(ctx, { include_pillar, include_opts });
        return return_yaml ? dumpYaml({ beacons: found }) : found;
      },
    }),
    list_available: fn({
      doc: "Lists the beacons that there are.",
      args: { return_yaml: returnYaml, kwargs },
      example: "salt '*' beacons.list_available",
      async run(ctx, { return_yaml }) {
        const found = (await ask(ctx, "list_available"))?.["beacons"];
        if (!Array.isArray(found)) return { beacons: {} };
        return return_yaml ? dumpYaml({ beacons: found }) : found;
      },
    }),
    add: fn({
      doc: "Adds a beacon.",
      args: { name, beacon_data: beaconData, kwargs },
      example: `salt '*' beacons.add ps "[{'processes': {'salt-master': 'stopped'}}]"`,
      run: (ctx, args) => add(ctx, args.name, args.beacon_data, args.kwargs),
    }),
    modify: fn({
      doc: "Replaces the configuration of a beacon.",
      args: { name, beacon_data: beaconData, kwargs },
      example: `salt '*' beacons.modify ps "[{'salt-master': 'stopped'}]"`,
      run: (ctx, args) => modify(ctx, args.name, args.beacon_data, args.kwargs),
    }),
    delete: fn({
      doc: "Takes a beacon out.",
      args: { name, kwargs },
      example: "salt '*' beacons.delete ps",
      run: (ctx, args) => remove(ctx, args.name, args.kwargs),
    }),
    save: fn({
      doc: "Keeps the beacons, without those of the pillar, in `minion.d/beacons.conf`.",
      args: { kwargs },
      example: "salt '*' beacons.save",
      run: (ctx) => save(ctx),
    }),
    enable: fn({
      doc: "Enables the beacons as a whole.",
      args: { kwargs },
      example: "salt '*' beacons.enable",
      run: (ctx, args) => switchAll(ctx, true, args.kwargs),
    }),
    disable: fn({
      doc: "Disables the beacons as a whole.",
      args: { kwargs },
      example: "salt '*' beacons.disable",
      run: (ctx, args) => switchAll(ctx, false, args.kwargs),
    }),
    enable_beacon: fn({
      doc: "Enables a beacon.",
      args: { name, kwargs },
      example: "salt '*' beacons.enable_beacon ps",
      run: (ctx, args) => switchOne(ctx, args.name, true, args.kwargs),
    }),
    disable_beacon: fn({
      doc: "Disables a beacon.",
      args: { name, kwargs },
      example: "salt '*' beacons.disable_beacon ps",
      run: (ctx, args) => switchOne(ctx, args.name, false, args.kwargs),
    }),
    reset: fn({
      doc: "Takes all beacons out.",
      args: { kwargs },
      example: "salt '*' beacons.reset",
      async run(ctx, args) {
        if (isTest(args.kwargs)) return { comment: "Beacons would be reset.", result: true };
        return await ask(ctx, "reset")
          ? { comment: "Beacon configuration reset.", result: true }
          : noAnswer("reset");
      },
    }),
  },
});
