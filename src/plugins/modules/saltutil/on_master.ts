/** What a minion on the master's own host has the master do. (`salt/modules/saltutil.py`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import { fn } from "../../../loader/types.ts";
import { pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

const name = { type: "string", required: true, doc: "Name of the function." } as const;
const keywords = { type: "map", keywords: true, doc: "" } as const;

const command = {
  tgt: { type: "any", required: true, doc: "Which minions." },
  fun: { type: "string", required: true, doc: "Name of the function." },
  arg: { type: "any", default: [] as Data[], doc: "Its arguments." },
  timeout: { type: "any", default: null, doc: "Seconds to wait." },
  tgt_type: { type: "string", default: "glob", doc: "Kind of the target." },
  ret: { type: "string", default: "", doc: "Returners." },
  kwarg: { type: "any", default: null, doc: "Its keyword arguments." },
  ssh: { type: "bool", default: false, doc: "Is refused: there is no salt-ssh here." },
  kwargs: keywords,
} as const;

/** Keyword arguments without those that the publication adds. */
function own(kwargs: DataMap): DataMap {
  return Object.fromEntries(Object.entries(kwargs).filter(([key]) => !key.startsWith("__")));
}

function mapOf(value: Data): DataMap {
  return isMap(value) ? value : {};
}

interface Command {
  tgt: Data;
  fun: string;
  arg: Data;
  timeout: Data;
  tgt_type: string;
  ret: string;
  kwarg: Data;
  ssh: boolean;
}

function loadOf(args: Command): DataMap {
  if (args.ssh) throw new SaltInvocationError("There is no salt-ssh here");
  const { tgt, fun, arg, timeout, tgt_type, ret, kwarg } = args;
  const list = Array.isArray(arg) ? arg : [arg];
  const kwargs = mapOf(kwarg);
  const named = Object.keys(kwargs).length > 0 ? [{ __kwarg__: true, ...kwargs }] : [];
  return { tgt, fun, arg: [...list, ...named], timeout, tgt_type, ret };
}

/** Functions that the master does. */
export const masterFunctions = {
  runner: fn({
    doc: "Calls a runner of the master, which has to be on this host.",
    args: {
      name,
      arg: { type: "any", default: null, doc: "Its arguments, a list." },
      kwarg: { type: "any", default: null, doc: "Its keyword arguments." },
      full_return: { type: "bool", default: false, doc: "Return all that is known of the run." },
      saltenv: { type: "string", default: "base", doc: "Has no effect." },
      jid: { type: "any", default: null, doc: "Job id of the run." },
      kwargs: { type: "map", keywords: true, doc: "More keyword arguments." },
    },
    example: "salt master_minion saltutil.runner jobs.list_jobs\n" +
      `salt master_minion saltutil.runner test.arg arg="['baz']" kwarg="{'foo': 'bar'}"`,
    run: (ctx, args) =>
      ctx.minion.onMaster("runner", {
        fun: args.name,
        arg: args.arg === null ? [] : [args.arg].flat(),
        kwarg: { ...mapOf(args.kwarg), ...own(args.kwargs) },
        full_return: args.full_return,
        jid: pyTruthy(args.jid) ? String(args.jid) : null,
      }),
  }),
  wheel: fn({
    doc: "Calls a wheel function of the master, which has to be on this host.",
    args: {
      name,
      args: { type: "list", variadic: true, doc: "Its arguments." },
      kwargs: { type: "map", keywords: true, doc: "Its keyword arguments." },
    },
    example: "salt my-local-minion saltutil.wheel key.accept jerry\n" +
      "salt my-local-minion saltutil.wheel minions.connected",
    run: (ctx, { name, args, kwargs }) =>
      ctx.minion.onMaster("wheel", { fun: name, arg: args, kwarg: own(kwargs) }),
  }),
  cmd: fn({
    doc: "Commands minions, as the master on this host. Returns what they returned, by minion.",
    args: command,
    example: "salt master_minion saltutil.cmd '*' test.ping",
    run: (ctx, args) => ctx.minion.onMaster("cmd", loadOf(args)),
  }),
  cmd_iter: fn({
    doc: "Commands minions, as the master on this host. Returns a list with what each returned.",
    args: command,
    example: "salt master_minion saltutil.cmd_iter '*' test.ping",
    async run(ctx, args) {
      const found = await ctx.minion.onMaster("cmd", loadOf(args));
      return Object.entries(mapOf(found)).map(([id, ret]) => ({ [id]: { ret } }));
    },
  }),
};
