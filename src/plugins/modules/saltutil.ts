/** The minion itself: its jobs, its caches, what it has loaded. (`salt/modules/saltutil.py`) @module */
import { rmSync, statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError, SaltReqTimeoutError } from "../../errors.ts";
import { type ExecContext, executionModule, fn, type RunningJob } from "../../loader/types.ts";
import { listFolder } from "../../fs/mod.ts";
import { killGroup } from "../../process/mod.ts";
import { globMatch } from "../../text/glob.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const jid = { type: "string", required: true, doc: "The job's id." } as const;
const kwargs = { type: "map", keywords: true, doc: "" } as const;

/** Signals that end a job; others only reach the programs that it runs. */
const ending = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGABRT"]);

/** Jobs other than the one that asks. */
function otherJobs(ctx: ExecContext): RunningJob[] {
  return ctx.minion.running().filter((job) => job.jid !== ctx.jid);
}

function describe(job: RunningJob): DataMap {
  const children = [...job.children];
  return {
    ...job.load as unknown as DataMap,
    pid: job.pid,
    ...(children.length > 0 ? { child_pids: children } : {}),
  };
}

function signalName(given: Data): NodeJS.Signals {
  const text = pyStr(given).toUpperCase();
  const names = Object.entries(constants.signals);
  const found = names.find(([name, number]) =>
    name === text || name === `SIG${text}` || String(number) === text
  );
  if (!found) throw new SaltInvocationError(`There is no signal "${pyStr(given)}"`);
  return found[0] as NodeJS.Signals;
}

/** Sends a signal to all processes of a job; one that ends them ends the job. */
function signalJob(ctx: ExecContext, id: string, signal: NodeJS.Signals): string {
  const job = otherJobs(ctx).find((other) => other.jid === id);
  if (!job) return "";
  for (const pid of job.children) killGroup(pid, signal);
  const number = constants.signals[signal];
  if (ending.has(signal)) job.abort(`signal ${number} (${signal})`);
  return `Signal ${number} sent to job ${id} at pid ${job.pid}`;
}

function signalAll(ctx: ExecContext, signal: NodeJS.Signals): string[] {
  return otherJobs(ctx).map((job) => signalJob(ctx, job.jid, signal));
}

/** Keyword arguments of the caller, without those that the publication adds. */
function refuseUnknown(given: DataMap, known: readonly string[]): void {
  const unknown = Object.entries(given).filter(([name]) =>
    !name.startsWith("__") && !known.includes(name)
  );
  if (unknown.length === 0) return;
  const shown = unknown.map(([name, value]) => `${name}=${pyStr(value)}`).join(", ");
  throw new SaltInvocationError(`The following keyword arguments are not valid: ${shown}`);
}

async function readCachedJob(ctx: ExecContext, id: string): Promise<Data> {
  if (!/^\d{20}(_\d+)?$/.test(id)) throw new SaltInvocationError(`"${id}" is not a job id`);
  const folder = join(ctx.opts.cachedir, "minion_jobs", id);
  const { readFileSync } = await import("node:fs");
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(folder, "return.p"));
  } catch {
    return ctx.opts.cache_jobs
      ? `Local jobs cache directory ${folder} not found`
      : "Local jobs cache directory not found; you may need to enable cache_jobs on this minion";
  }
  const { unpack } = await import("../../serializers/msgpack.ts");
  const value = unpack(bytes);
  return isMap(value) ? value : null;
}

/** Removes cached returns older than some hours. */
function clearJobCache(ctx: ExecContext, hours: number): boolean {
  const root = join(ctx.opts.cachedir, "minion_jobs");
  const threshold = Date.now() - hours * 3_600_000;
  for (const name of listFolder(root)) {
    const path = join(root, name);
    if (statSync(path).mtimeMs < threshold) rmSync(path, { recursive: true, force: true });
  }
  return true;
}

/** What the cache folder holds that is more than a cache. */
const kept = new Set(["proc", "journal", "extmods"]);

function clearCache(ctx: ExecContext): boolean {
  for (const name of ["files", "localfiles", "extrn_files", "minion_jobs", "accumulator"]) {
    rmSync(join(ctx.opts.cachedir, name), { recursive: true, force: true });
  }
  for (const name of listFolder(ctx.opts.cachedir)) {
    if (!kept.has(name) && name.endsWith(".cache.p")) rmSync(join(ctx.opts.cachedir, name));
  }
  return true;
}

async function revokeAuth(ctx: ExecContext, preserve: boolean): Promise<boolean> {
  try {
    await ctx.minion.request({
      cmd: "revoke_auth",
      id: ctx.id,
      preserve_minion_cache: preserve,
    });
    return true;
  } catch (error) {
    if (error instanceof SaltReqTimeoutError) return false;
    throw error;
  }
}

/** The module `saltutil`. */
export const saltutil = executionModule({
  name: "saltutil",
  doc: "The minion itself: its jobs, its caches, what it has loaded.",
  functions: {
    running: fn({
      doc: "Returns the jobs that run on this minion, without this one.",
      args: {},
      example: "salt '*' saltutil.running",
      run: (ctx) => otherJobs(ctx).map(describe),
    }),
    is_running: fn({
      doc: "Returns the jobs that run functions of this name.",
      args: { fun: { type: "string", required: true, doc: "Name or glob." } },
      example: "salt '*' saltutil.is_running state.highstate",
      run: (ctx, { fun }) =>
        otherJobs(ctx).filter(({ load }) => [load.fun].flat().some((name) => globMatch(fun, name)))
          .map(describe),
    }),
    find_job: fn({
      doc: "Returns a job if it runs on this minion, or an empty map.",
      args: { jid },
      example: "salt '*' saltutil.find_job 20260101000000000000",
      run(ctx, args) {
        const job = otherJobs(ctx).find((other) => other.jid === args.jid);
        return job ? describe(job) : {};
      },
    }),
    find_cached_job: fn({
      doc: "Returns the result of a job that this minion has kept. (`cache_jobs`)",
      args: { jid },
      example: "salt '*' saltutil.find_cached_job 20260101000000000000",
      run: (ctx, args) => readCachedJob(ctx, args.jid),
    }),
    signal_job: fn({
      doc: "Sends a signal to the processes of a job.",
      args: { jid, sig: { type: "any", required: true, doc: "Number or name of the signal." } },
      example: "salt '*' saltutil.signal_job 20260101000000000000 15",
      run: (ctx, args) => signalJob(ctx, args.jid, signalName(args.sig)),
    }),
    term_job: fn({
      doc: "Asks a job to end. (SIGTERM)",
      args: { jid },
      example: "salt '*' saltutil.term_job 20260101000000000000",
      run: (ctx, args) => signalJob(ctx, args.jid, "SIGTERM"),
    }),
    kill_job: fn({
      doc: "Ends a job. (SIGKILL)",
      args: { jid },
      example: "salt '*' saltutil.kill_job 20260101000000000000",
      run: (ctx, args) => signalJob(ctx, args.jid, "SIGKILL"),
    }),
    term_all_jobs: fn({
      doc: "Asks all other jobs to end. (SIGTERM)",
      args: {},
      example: "salt '*' saltutil.term_all_jobs",
      run: (ctx) => signalAll(ctx, "SIGTERM"),
    }),
    kill_all_jobs: fn({
      doc: "Ends all other jobs. (SIGKILL)",
      args: {},
      example: "salt '*' saltutil.kill_all_jobs",
      run: (ctx) => signalAll(ctx, "SIGKILL"),
    }),
    refresh_grains: fn({
      doc: "Collects the grains anew, and the pillar with them.",
      args: { kwargs },
      example: "salt '*' saltutil.refresh_grains\n" +
        "salt '*' saltutil.refresh_grains refresh_pillar=False",
      async run(ctx, args) {
        refuseUnknown(args.kwargs, ["refresh_pillar", "clean_pillar_cache"]);
        await ctx.minion.refreshGrains();
        if (args.kwargs["refresh_pillar"] !== false) await ctx.minion.refreshPillar();
        return true;
      },
    }),
    refresh_pillar: fn({
      doc: "Has the master make the pillar anew.",
      args: {
        wait: { type: "bool", default: false, doc: "Has no effect: it is always waited for." },
        timeout: { type: "int", default: 30, doc: "Has no effect." },
        clean_cache: { type: "bool", default: true, doc: "Has no effect: nothing is cached." },
      },
      example: "salt '*' saltutil.refresh_pillar",
      run: (ctx) => ctx.minion.refreshPillar(),
    }),
    refresh_modules: fn({
      doc: "Loads the modules anew.",
      args: { kwargs },
      example: "salt '*' saltutil.refresh_modules",
      run: (ctx) => ctx.minion.refreshModules(),
    }),
    refresh_beacons: fn({
      doc: "Tells the minion to read its beacons anew.",
      args: {},
      example: "salt '*' saltutil.refresh_beacons",
      run: (ctx) => ctx.minion.fireLocal("beacons_refresh", {}),
    }),
    refresh_matchers: fn({
      doc: "Tells the minion to load its matchers anew.",
      args: {},
      example: "salt '*' saltutil.refresh_matchers",
      run: (ctx) => ctx.minion.fireLocal("matchers_refresh", {}),
    }),
    revoke_auth: fn({
      doc: "Has the master forget this minion's key. It must be accepted again.",
      args: {
        preserve_minion_cache: {
          type: "bool",
          default: false,
          doc: "Has the master keep what it has cached of this minion.",
        },
      },
      example: "salt '*' saltutil.revoke_auth",
      run: (ctx, args) => revokeAuth(ctx, args.preserve_minion_cache),
    }),
    clear_cache: fn({
      doc: "Removes cached files, templates and job results of the minion.",
      args: {},
      example: "salt '*' saltutil.clear_cache",
      run: (ctx) => clearCache(ctx),
    }),
    clear_job_cache: fn({
      doc: "Removes cached job results that are older than some hours.",
      args: { hours: { type: "float", default: 24, doc: "How old they may be." } },
      example: "salt '*' saltutil.clear_job_cache hours=12",
      run: (ctx, { hours }) => clearJobCache(ctx, hours),
    }),
    list_extmods: fn({
      doc: "Lists custom modules that were synced to this minion, by kind.",
      args: {},
      example: "salt '*' saltutil.list_extmods",
      run(ctx) {
        const root = join(ctx.opts.cachedir, "extmods");
        const kinds = listFolder(root);
        if (kinds.length === 0) return {};
        return Object.fromEntries(
          kinds.map((kind) => [
            kind,
            listFolder(join(root, kind)).map((file) => file.split(".")[0]!),
          ]),
        );
      },
    }),
    regen_keys: fn({
      doc: "Removes the minion's keys, so that it makes new ones at its next start.",
      args: {},
      example: "salt '*' saltutil.regen_keys",
      run(ctx) {
        for (const name of listFolder(ctx.opts.pki_dir)) {
          const path = join(ctx.opts.pki_dir, name);
          if (!statSync(path).isFile()) continue;
          try {
            rmSync(path);
          } catch (error) {
            throw new CommandExecutionError(`Cannot remove "${path}"`, { cause: error });
          }
        }
        return null;
      },
    }),
  },
});
