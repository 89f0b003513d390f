/** Commands from a minion to others, where the master allows it. (`salt/modules/publish.py`) @module */
import { setTimeout as delay } from "node:timers/promises";
import { SaltInvocationError, SaltReqTimeoutError } from "../../errors.ts";
import { yamlifyArg } from "../../loader/args.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const fun = { type: "string", required: true, doc: "The function to run." } as const;
const arg = {
  type: "any",
  default: null,
  doc: "Its argument, or a list of them. `name=value` is a keyword argument.",
} as const;
const timeout = { type: "float", default: 5, doc: "Seconds to wait for answers." } as const;

const common = {
  tgt: { type: "any", required: true, doc: "Whom the command is for." },
  fun,
  arg,
  tgt_type: {
    type: "string",
    default: "glob",
    doc: "Kind of the target. Pillar values match exactly only.",
  },
  returner: { type: "string", default: "", doc: "Returners that the answers go to as well." },
  timeout,
} as const;

/** Time between two questions for answers. */
const pollMs = 300;

interface Publication {
  tgt: Data;
  fun: string;
  arg: Data;
  tgt_type: string;
  returner: string;
  timeout: number;
  form: "clean" | "full";
}

function argList(given: Data): Data[] {
  const parsed = typeof given === "string" ? yamlifyArg(given) : given;
  if (parsed === null) return [];
  return Array.isArray(parsed) ? parsed : [parsed];
}

/** Whether there is no master to ask. */
function masterless(ctx: ExecContext): boolean {
  return ctx.opts.file_client === "local" || ctx.opts.master_type === "disable";
}

/** Answers as users want them: without the words around each where `clean`. */
function shaped(answers: DataMap, form: Publication["form"]): DataMap {
  if (form === "full") return answers;
  return Object.fromEntries(
    Object.entries(answers).map((
      [id, answer],
    ) => [id, isMap(answer) ? answer["ret"] ?? null : answer]),
  );
}

async function collect(ctx: ExecContext, published: DataMap, wanted: Publication): Promise<Data> {
  const minions = Array.isArray(published["minions"]) ? published["minions"].map(String) : [];
  const end = Date.now() + wanted.timeout * 1000;
  for (;;) {
    const answer = await ctx.minion.request({
      cmd: "pub_ret",
      id: ctx.id,
      jid: published["jid"] ?? null,
    });
    const answers = isMap(answer) ? answer : {};
    const complete = minions.every((id) => Object.hasOwn(answers, id));
    if (complete || Date.now() >= end) return shaped(answers, wanted.form);
    await delay(pollMs, undefined, { signal: ctx.signal });
  }
}

async function publishTo(ctx: ExecContext, wanted: Publication): Promise<Data> {
  if (masterless(ctx)) {
    ctx.log.error("Cannot run publish commands without a connection to a salt master.");
    return {};
  }
  if (wanted.fun.startsWith("publish.")) {
    ctx.log.info("Cannot publish publish calls.");
    return {};
  }
  try {
    const published = await ctx.minion.request({
      cmd: "minion_pub",
      fun: wanted.fun,
      arg: argList(wanted.arg),
      tgt: wanted.tgt,
      tgt_type: wanted.tgt_type,
      ret: wanted.returner,
      tmo: wanted.timeout,
      form: wanted.form,
      id: ctx.id,
      no_parse: [],
    });
    if (!isMap(published) || Object.keys(published).length === 0) return {};
    return await collect(ctx, published, wanted);
  } catch (error) {
    if (error instanceof SaltReqTimeoutError) return `'${wanted.fun}' publish timed out`;
    throw error;
  }
}

/** The module `publish`. */
export const publish = executionModule({
  name: "publish",
  doc: "Commands from a minion to others.\n\n" +
    "The master's option `peer` says which minions may publish which functions.",
  functions: {
    publish: fn({
      doc: "Has other minions run a function and returns what they answered, by minion.",
      args: {
        ...common,
        via_master: {
          type: "string",
          default: null,
          doc:
            "The master to publish through. It must be the one that this minion is signed in to.",
        },
      },
      example: "salt web1 publish.publish '*' cmd.run 'ls -la /tmp'\n" +
        "salt web1 publish.publish 'os:Fedora' network.interfaces '' grain\n" +
        `salt web1 publish.publish '*' test.kwarg arg="['cheese=spam', 'spam=cheese']"`,
      run(ctx, args) {
        const masters = [ctx.opts["master"] ?? []].flat().map(String);
        if (args.via_master !== null && !masters.includes(args.via_master)) {
          throw new SaltInvocationError(
            `Could not find match for ${args.via_master} in list of configured masters ` +
              `${masters.join(", ")} when using \`via_master\` option`,
          );
        }
        return publishTo(ctx, { ...args, form: "clean" });
      },
    }),
    full_data: fn({
      doc: "Has other minions run a function and returns their whole answers, by minion.",
      args: common,
      example: "salt web1 publish.full_data '*' cmd.run 'ls -la /tmp'",
      run: (ctx, args) => publishTo(ctx, { ...args, form: "full" }),
    }),
    runner: fn({
      doc: "Has the master run a runner, which its option `peer_run` must allow.",
      args: { fun, arg, timeout },
      example: "salt web1 publish.runner manage.down",
      async run(ctx, args) {
        if (masterless(ctx)) {
          return "No access to master. If using salt-call with --local, please remove.";
        }
        try {
          return await ctx.minion.request({
            cmd: "minion_runner",
            fun: args.fun,
            arg: argList(args.arg),
            tmo: args.timeout,
            id: ctx.id,
            no_parse: [],
          });
        } catch (error) {
          if (error instanceof SaltReqTimeoutError) {
            return `'${args.fun}' runner publish timed out`;
          }
          throw error;
        }
      },
    }),
  },
});
