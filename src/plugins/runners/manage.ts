/** Which minions are there. (`salt/runners/manage.py`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { requestRotation } from "../../key/mod.ts";
import {
  type RunnerContext,
  runnerFn,
  type RunnerFunction,
  runnerModule,
} from "../../loader/runner_types.ts";
import { compareVersions } from "../../text/version.ts";
import { compareText } from "../../text/py_text.ts";
import { shlexSplit } from "../../text/shlex.ts";
import { cameBack, type Data, type DataMap, type Target, type TgtType } from "../../types/mod.ts";
import { SALT_COMPAT_VERSION } from "../../version.ts";
import { bootstrapHosts } from "./_bootstrap.ts";
import { safeAccept } from "./_safe_accept.ts";
import { sshHosts } from "./_ssh.ts";
import { splitInput } from "./job_format.ts";

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
  const ids = (wanted: boolean) =>
    results.filter((result) => cameBack(result.end) === wanted).map(({ id }) => id).sort(
      compareText,
    );
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
    safe_accept: runnerFn({
      doc: "Accepts keys of minions after comparing them, over ssh, with what their hosts say.",
      args: {
        target: { type: "any", required: true, doc: "Names in the roster, or hosts." },
        tgt_type: { type: "string", default: "glob", doc: "glob or list." },
        command: {
          type: "string",
          default: "",
          doc: "What to call there in place of salt-call, with its options.",
        },
      },
      example:
        "salt-run manage.safe_accept web1\nsalt-run manage.safe_accept web1,web2 tgt_type=list",
      run: async (ctx, args) => {
        const { accepted, failures } = await safeAccept(
          ctx,
          sshHosts(ctx, splitInput(args.target) ?? []),
          shlexSplit(args.command),
        );
        await ctx.progress(`Accepted ${accepted.length} keys`);
        const failed = Object.keys(failures).length > 0;
        return { accepted, failures, ...(failed ? { retcode: 1 } : {}) };
      },
    }),
    bootstrap: runnerFn({
      doc: "Makes minions of hosts over ssh: installs this executable there and starts it as a " +
        "minion of `master`; or runs a script of yours.",
      args: {
        version: { type: "any", doc: "Accepted for Salt's sake: the version is this one." },
        script: { type: "string", default: "", doc: "File or URL of a script to run instead." },
        hosts: { type: "any", default: "", doc: "Names in the roster, or hosts; commas between." },
        script_args: { type: "string", default: "", doc: "Arguments of the script." },
        roster: { type: "string", default: "flat", doc: "flat is the one that there is." },
        ssh_user: { type: "string", doc: "User, where the roster names none." },
        ssh_password: { type: "string", doc: "Refused: keys only." },
        ssh_priv_key: { type: "string", doc: "Private key, where the roster names none." },
        tmp_dir: { type: "string", default: "", doc: "Accepted for Salt's sake." },
        http_backend: { type: "string", default: "", doc: "Accepted for Salt's sake." },
        master: { type: "string", default: "", doc: "The master's address, as minions reach it." },
        dest: {
          type: "string",
          default: "/usr/local/bin/saltx",
          doc: "Where the executable goes.",
        },
        config_dir: { type: "string", default: "/etc/salt", doc: "The minion's configuration." },
        config: { type: "map", default: {}, doc: "More options of the minion." },
      },
      example: "salt-run manage.bootstrap hosts='web1,web2' master=salt.example.com\n" +
        "salt-run manage.bootstrap hosts=web1 script=/srv/prepare.sh script_args='-x'",
      run: async (ctx, args) => {
        const hosts = splitInput(args.hosts) ?? [];
        if (hosts.length === 0) throw new SaltInvocationError("Name hosts: hosts='web1,web2'");
        if (args.roster !== "flat") {
          throw new SaltInvocationError(`There is no roster '${args.roster}', only flat`);
        }
        if (args.ssh_password) throw new SaltInvocationError("ssh_password: use ssh_priv_key");
        const { ssh_user: user, ssh_priv_key: priv } = args;
        const results = await bootstrapHosts(ctx, sshHosts(ctx, hosts, { user, priv }), {
          script: args.script,
          scriptArgs: args.script_args,
          master: args.master,
          dest: args.dest,
          configDir: args.config_dir,
          config: args.config,
        });
        const failed = Object.values(results).some(({ retcode }) => retcode !== 0);
        return { ...results, ...(failed ? { retcode: 1 } : {}) };
      },
    }),
    versions: runnerFn({
      doc: "Minions by how their version stands to the master's.",
      args: {},
      example: "salt-run manage.versions",
      run: versions,
    }),
  },
});
