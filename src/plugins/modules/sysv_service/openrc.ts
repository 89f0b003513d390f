/** Services of OpenRC: Alpine, Gentoo. (`salt/modules/gentoo_service.py` of Salt 3006) @module */
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { isBooted } from "../systemd_service/systemctl.ts";
import {
  actionFunctions,
  kwargsArg,
  listFunctions,
  nameArg,
  type Scripts,
  type ServiceFunctions,
  serviceWord,
  went,
} from "./common.ts";

/** Run levels by service, of `rc-update -v show`; none for those that are in no level. */
export function parseLevels(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n").filter((one) => one.includes("|"))) {
    const [name = "", levels = ""] = line.split("|").map((part) => part.trim());
    if (name !== "") found.set(name, levels.split(/\s+/).filter(Boolean).sort(compareText));
  }
  return found;
}

async function levelsOf(ctx: ExecContext): Promise<Map<string, string[]>> {
  return parseLevels((await runProgram(ctx, ["rc-update", "-v", "show"])).stdout);
}

async function enabledLevels(ctx: ExecContext): Promise<DataMap> {
  return Object.fromEntries([...await levelsOf(ctx)].filter(([, levels]) => levels.length > 0));
}

const scripts: Scripts = {
  all: async (ctx) => [...(await levelsOf(ctx)).keys()],
  run: (ctx, name, action, ignoreRetcode) =>
    went(ctx, [`/etc/init.d/${name}`, action], ignoreRetcode),
};

/** Run levels that a call names; undefined when it names none. */
function wantedLevels(kwargs: DataMap): string[] | undefined {
  const given = kwargs["runlevels"];
  return given === undefined ? undefined : [given].flat().map(pyStr).map(serviceWord);
}

async function update(
  ctx: ExecContext,
  verb: "add" | "delete",
  name: string,
  levels: readonly string[],
): Promise<boolean> {
  const argv = ["rc-update", verb, serviceWord(name), ...[...levels].sort(compareText)];
  return await went(ctx, argv);
}

async function enable(ctx: ExecContext, name: string, kwargs: DataMap): Promise<boolean> {
  const wanted = wantedLevels(kwargs);
  if (wanted === undefined) return await update(ctx, "add", name, []);
  const now = (await levelsOf(ctx)).get(name) ?? [];
  const [gone, added] = [
    now.filter((level) => !wanted.includes(level)),
    wanted.filter((level) => !now.includes(level)),
  ];
  if (gone.length > 0 && !await update(ctx, "delete", name, gone)) return false;
  return added.length === 0 || await update(ctx, "add", name, added);
}

async function disable(ctx: ExecContext, name: string, kwargs: DataMap): Promise<boolean> {
  const wanted = wantedLevels(kwargs);
  if (wanted === undefined) return await update(ctx, "delete", name, []);
  const now = (await levelsOf(ctx)).get(name) ?? [];
  const gone = wanted.filter((level) => now.includes(level));
  return gone.length === 0 || await update(ctx, "delete", name, gone);
}

const levelKwargs = { ...kwargsArg, doc: "`runlevels`: one, or a list of them." } as const;

const functions = {
  ...actionFunctions(scripts),
  ...listFunctions(scripts),
  get_all: fn({
    doc: "Returns all services, with the run levels in which they are started.",
    args: {},
    example: "salt '*' service.get_all",
    run: async (ctx) => Object.fromEntries(await levelsOf(ctx)),
  }),
  get_enabled: fn({
    doc: "Returns the services that are started at boot, with their run levels.",
    args: {},
    example: "salt '*' service.get_enabled",
    run: (ctx) => enabledLevels(ctx),
  }),
  get_disabled: fn({
    doc: "Lists the services that are not started at boot.",
    args: {},
    example: "salt '*' service.get_disabled",
    async run(ctx) {
      const all = [...await levelsOf(ctx)].filter(([, levels]) => levels.length === 0);
      return all.map(([name]) => name).sort(compareText);
    },
  }),
  zap: fn({
    doc: "Has OpenRC take a service for stopped that crashed. Says whether that went well.",
    args: { name: nameArg },
    example: "salt '*' service.zap <service name>",
    run: (ctx, { name }) => scripts.run(ctx, serviceWord(name), "zap"),
  }),
  enable: fn({
    doc: "Has a service started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: levelKwargs },
    example: "salt '*' service.enable <service name> <runlevels=single-runlevel>\n" +
      "salt '*' service.enable <service name> <runlevels=[runlevel1,runlevel2]>",
    run: (ctx, { name, kwargs }) => enable(ctx, name, kwargs),
  }),
  disable: fn({
    doc: "Has a service not started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: levelKwargs },
    example: "salt '*' service.disable <service name> <runlevels=single-runlevel>",
    run: (ctx, { name, kwargs }) => disable(ctx, name, kwargs),
  }),
  enabled: fn({
    doc: "Says whether a service is started at boot, in all of the run levels that are named.",
    args: { name: nameArg, kwargs: levelKwargs },
    example: "salt '*' service.enabled <service name> <runlevels=single-runlevel>",
    async run(ctx, { name, kwargs }) {
      const now = (await levelsOf(ctx)).get(name) ?? [];
      return now.length > 0 && (wantedLevels(kwargs) ?? []).every((level) => now.includes(level));
    },
  }),
  disabled: fn({
    doc: "Says whether there is a service that is not started at boot.",
    args: { name: nameArg },
    example: "salt '*' service.disabled <service name>",
    run: async (ctx, { name }) => (await levelsOf(ctx)).get(name)?.length === 0,
  }),
} satisfies ServiceFunctions;

/** The module `service` of OpenRC. */
export const gentooService = executionModule({
  name: "gentoo_service",
  virtualname: "service",
  doc: "Services of OpenRC: Alpine, Gentoo.",
  virtual: ({ grains }) =>
    (grains["os"] === "Gentoo" && !isBooted()) || grains["os"] === "Alpine" ||
    "The gentoo_service execution module cannot be loaded: only available on Gentoo/Open-RC " +
      "systems.",
  functions,
});
