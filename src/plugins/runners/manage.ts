/** Which minions are there. (`salt/runners/manage.py`) @module */
import { requestRotation } from "../../key/mod.ts";
import {
  type RunnerContext,
  runnerFn,
  type RunnerFunction,
  runnerModule,
} from "../../loader/runner_types.ts";
import { compareVersions } from "../../text/version.ts";
import { compareText } from "../../text/py_text.ts";
import type { Data, DataMap, Target, TgtType } from "../../types/mod.ts";
import { SALT_COMPAT_VERSION } from "../../version.ts";

const targetArgs = {
  tgt: { type: "any", default: "*", doc: "Whom to ask." },
  tgt_type: { type: "string", default: "glob", doc: "How to read that." },
  timeout: { type: "int", doc: "Seconds to wait for answers; `timeout` of the options else." },
  gather_job_timeout: {
    type: "int",
    doc: "Seconds to wait when it is asked who still works; `gather_job_timeout` else.",
  },
} as const;

interface PingArgs {
  tgt: Data;
  tgt_type: string | null;
  timeout: number | null;
  gather_job_timeout: number | null;
}

/** Who answers a ping and who does not, each sorted. */
async function ping(ctx: RunnerContext, args: PingArgs): Promise<{ up: string[]; down: string[] }> {
  const target: Target = {
    tgt: Array.isArray(args.tgt) ? args.tgt.map(String) : String(args.tgt),
    tgt_type: (args.tgt_type ?? "glob") as TgtType,
  };
  const results = await ctx.client.cmd(target, "test.ping", [], {
    timeout: args.timeout || ctx.opts.timeout,
    gatherJobTimeout: args.gather_job_timeout || ctx.opts.gather_job_timeout,
  });
  const answered = ({ end }: { end: string }) => end === "returned" || end === "failed";
  const ids = (wanted: boolean) =>
    results.filter((result) => answered(result) === wanted).map(({ id }) => id).sort(compareText);
  return { up: ids(true), down: ids(false) };
}

/** Deletes all keys of these ids. (`wheel key.delete`) */
async function removeKeys(ctx: RunnerContext, ids: readonly string[]): Promise<void> {
  const states = ["accepted", "pending", "rejected", "denied"] as const;
  const keys = ids.flatMap((id) => states.map((state) => ({ state, id })));
  const deleted = ctx.keys.change("delete", keys).filter(({ outcome }) => outcome === "done");
  if (deleted.length === 0) return;
  if (ctx.opts.rotate_aes_key) requestRotation(ctx.opts.cachedir);
  for (const { id } of deleted) {
    await ctx.fireEvent("salt/key", { result: true, act: "delete", id });
  }
  if (!ctx.opts.preserve_minion_cache) ctx.minionData.forget(ids);
}

const presenceArgs = {
  subset: { type: "list", doc: "Only these ids." },
  show_ip: { type: "bool", default: false, doc: "Also the address of each." },
} as const;

interface PresenceArgs {
  subset: Data[] | null;
  show_ip: boolean | null;
}

async function present(ctx: RunnerContext, args: PresenceArgs): Promise<Data> {
  const wanted = args.subset && new Set(args.subset.map(String));
  const found = [...await ctx.connected()].filter(([id]) => wanted === null || wanted.has(id))
    .sort(([a], [b]) => compareText(a, b));
  return args.show_ip === true ? Object.fromEntries(found) : found.map(([id]) => id);
}

async function absent(ctx: RunnerContext, args: PresenceArgs): Promise<string[]> {
  const connected = await ctx.connected();
  const wanted = args.subset && new Set(args.subset.map(String));
  return ctx.keys.list().accepted
    .filter((id) => !connected.has(id) && (wanted === null || wanted.has(id)));
}

/** Salt has many names for what a ZeroMQ master can tell: connected or not. */
function presenceFunctions(): Record<string, RunnerFunction> {
  const functions: Record<string, RunnerFunction> = {};
  for (const name of ["present", "alived", "joined", "allowed", "reaped"]) {
    functions[name] = runnerFn({
      doc: "Minions that are connected. Asks no minion.",
      args: presenceArgs,
      example: `salt-run manage.${name}`,
      run: present,
    });
    functions[`not_${name}`] = runnerFn({
      doc: "Minions with an accepted key that are not connected. Asks no minion.",
      args: presenceArgs,
      example: `salt-run manage.not_${name}`,
      run: absent,
    });
  }
  return functions;
}

/** Minions by how their version stands to that of the master. */
async function versions(ctx: RunnerContext): Promise<Data> {
  const results = await ctx.client.cmd(
    { tgt: "*", tgt_type: "glob" },
    "test.version",
    [],
    { timeout: ctx.opts.timeout },
  );
  const groups: Record<string, DataMap> = {};
  const sorted = [...results].sort((a, b) => compareText(a.id, b.id));
  for (const { id, end, ret } of sorted) {
    const version = end === "returned" && typeof ret === "string" ? ret : false;
    (groups[versionLabel(version)] ??= {})[id] = version;
  }
  return { Master: SALT_COMPAT_VERSION, ...groups };
}

function versionLabel(version: string | false): string {
  if (version === false) return "Minion offline";
  const order = compareVersions(version, SALT_COMPAT_VERSION);
  if (order === 0) return "Up to date";
  return order < 0 ? "Minion requires update" : "Minion newer than master";
}

/** The runner `manage`. */
export const manage = runnerModule({
  name: "manage",
  doc: "Which minions are there: those that answer, and those that are connected.",
  functions: {
    ...presenceFunctions(),
    status: runnerFn({
      doc: "Minions that answer a ping, and minions that do not.",
      args: {
        output: { type: "bool", default: true, doc: "Accepted for Salt's sake." },
        ...targetArgs,
      },
      example: "salt-run manage.status\nsalt-run manage.status timeout=5 gather_job_timeout=10",
      run: async (ctx, args) => ({ ...await ping(ctx, args) }),
    }),
    up: runnerFn({
      doc: "Minions that answer a ping.",
      args: targetArgs,
      example: "salt-run manage.up\nsalt-run manage.up tgt='web*'",
      run: async (ctx, args) => (await ping(ctx, args)).up,
    }),
    down: runnerFn({
      doc: "Minions that do not answer a ping; removes their keys if told to.",
      args: {
        removekeys: { type: "bool", default: false, doc: "Delete the keys of those found." },
        ...targetArgs,
      },
      example: "salt-run manage.down\nsalt-run manage.down removekeys=True",
      run: async (ctx, args) => {
        const { down } = await ping(ctx, args);
        if (args.removekeys === true) await removeKeys(ctx, down);
        return down;
      },
    }),
    list_state: runnerFn({
      doc: "Minions that are connected. Asks no minion.",
      args: presenceArgs,
      example: "salt-run manage.list_state",
      run: present,
    }),
    list_not_state: runnerFn({
      doc: "Minions with an accepted key that are not connected. Asks no minion.",
      args: presenceArgs,
      example: "salt-run manage.list_not_state",
      run: absent,
    }),
    versions: runnerFn({
      doc: "Minions by how their version stands to the master's.",
      args: {},
      example: "salt-run manage.versions",
      run: versions,
    }),
  },
});
