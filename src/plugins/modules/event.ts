/** Events on the buses of minion and master. (`salt/modules/event.py`) @module */
import { messageOf } from "../../errors.ts";
import { jobEnvironment } from "../../loader/environment.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const tag = {
  type: "string",
  required: true,
  doc: "Tag of the event, with slashes between its parts: `myco/build/server1/start`.",
} as const;
const preload = {
  type: "any",
  default: null,
  doc: "Map of fields to add to the request that carries the event.",
} as const;

/** Whether events stay on this machine, there being no master. */
function isMasterless(ctx: ExecContext): boolean {
  const { opts } = ctx;
  const local = opts["local"] === true || opts.file_client === "local" ||
    opts.master_type === "disable";
  return local && opts.use_master_when_local !== true;
}

async function fireLocal(ctx: ExecContext, tag: string, data: DataMap): Promise<boolean> {
  try {
    return await ctx.minion.fireLocal(tag, data);
  } catch (error) {
    ctx.log.debug(`Event ${tag} could not be fired: ${messageOf(error)}`);
    return false;
  }
}

async function fireMaster(
  ctx: ExecContext,
  tag: string,
  data: Data,
  preload: Data,
): Promise<boolean> {
  if (isMasterless(ctx)) {
    ctx.log.warning(`Local mode detected. Event with tag ${tag} will NOT be sent.`);
    return false;
  }
  try {
    if (!isMap(preload)) return await ctx.minion.fireMaster(tag, data as DataMap);
    await ctx.minion.request({ id: ctx.id, tag, data, cmd: "_minion_event", ...preload });
    return true;
  } catch (error) {
    ctx.log.debug(`Event ${tag} could not be sent: ${messageOf(error)}`);
    return false;
  }
}

/** All of a map, or those of its keys that a list names; undefined when nothing is wanted. */
function chosen(wanted: Data, map: DataMap): DataMap | undefined {
  if (Array.isArray(wanted)) {
    return Object.fromEntries(Object.entries(map).filter(([key]) => wanted.includes(key)));
  }
  return wanted ? { ...map } : undefined;
}

interface With {
  with_env: Data;
  with_grains: Data;
  with_pillar: Data;
  with_env_opts: boolean;
  kwargs: DataMap;
  data: Data;
}

function eventData(ctx: ExecContext, args: With): DataMap {
  const environ = args.with_env ? chosen(args.with_env, jobEnvironment(ctx)) : undefined;
  const grains = chosen(args.with_grains, ctx.grains);
  const pillar = chosen(args.with_pillar, ctx.pillar);
  return {
    ...(environ ? { environ } : {}),
    ...(grains ? { grains } : {}),
    ...(pillar ? { pillar } : {}),
    ...(args.with_env_opts
      ? { saltenv: ctx.opts.saltenv ?? "base", pillarenv: ctx.opts.pillarenv ?? null }
      : {}),
    ...args.kwargs,
    ...(isMap(args.data) ? args.data : {}),
  };
}

function some(what: string) {
  return {
    type: "any",
    default: false,
    doc: `True adds the ${what} to the data, a list of names some of it.`,
  } as const;
}

/** The module `event`. */
export const event = executionModule({
  name: "event",
  doc: "Events on the buses of minion and master.",
  functions: {
    fire: fn({
      doc: "Fires an event on the minion's own bus.",
      args: { data: { type: "map", required: true, doc: "Data of the event." }, tag },
      example: `salt '*' event.fire '{"data":"my event data"}' 'tag'`,
      run: (ctx, args) => fireLocal(ctx, args.tag, args.data),
    }),
    fire_master: fn({
      doc: "Fires an event on the master's bus.",
      args: { data: { type: "any", required: true, doc: "Data of the event." }, tag, preload },
      example: `salt '*' event.fire_master '{"data":"my event data"}' 'tag'`,
      run: (ctx, args) => fireMaster(ctx, args.tag, args.data, args.preload),
    }),
    send: fn({
      doc: "Fires an event on the master's bus, or on the minion's where there is no master. " +
        "Keyword arguments become data of the event.",
      args: {
        tag,
        data: { type: "any", default: null, doc: "Map of data. It overrides all other." },
        preload,
        with_env: some("environment variables"),
        with_grains: some("grains"),
        with_pillar: some("pillar"),
        with_env_opts: {
          type: "bool",
          default: false,
          doc: "Adds the options `saltenv` and `pillarenv` to the data.",
        },
        kwargs: { type: "map", keywords: true, doc: "" },
      },
      example: "salt-call event.send myco/mytag foo=Foo bar=Bar\n" +
        "salt-call event.send 'myco/mytag' '{foo: Foo, bar: Bar}'",
      run(ctx, args) {
        const data = eventData(ctx, args);
        return isMasterless(ctx)
          ? fireLocal(ctx, args.tag, data)
          : fireMaster(ctx, args.tag, data, args.preload);
      },
    }),
  },
});
