/** Functions of `ps` about single processes. @module */
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import {
  bootTime,
  clockTicks,
  commandLine,
  memoryInfo,
  processEnvironment,
  processIds,
  processLink,
  processName,
  type ProcessStat,
  processStat,
  statusNumbers,
} from "../../../host/mod.ts";
import { listFolder } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { localUsers } from "../../../process/mod.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import { asFloat } from "../../../text/py_number.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { totalMemory } from "./counters.ts";

const pid = { type: "int", required: true, doc: "The process's id." } as const;
const signal = { type: "any", default: 15, doc: "Number or name of the signal." } as const;
const pattern = { type: "string", required: true, doc: "What to look for in its name." } as const;
const user = { type: "string", doc: "Only processes of this user." } as const;
const full = {
  type: "bool",
  default: false,
  doc: "Looks in the whole command line instead of the name.",
} as const;

/** All processes that are there now. */
function allProcesses(): ProcessStat[] {
  return processIds().map(processStat).filter((stat) => stat !== undefined);
}

/** User names by id; a number where there is no name. */
class UserNames {
  readonly #names = new Map(localUsers().map((entry) => [entry.uid, entry.name]));

  of(stat: ProcessStat): string | null {
    const [uid] = statusNumbers(stat.pid, "Uid");
    return uid === undefined ? null : this.#names.get(uid) ?? String(uid);
  }
}

function floats(values: Record<string, number>): DataMap {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, asFloat(value)]));
}

function createTime(stat: ProcessStat): Data {
  return asFloat(bootTime() + stat.started / clockTicks);
}

interface Search {
  pattern: string;
  user: string | null;
  full: boolean;
}

function find(search: Search, test: (text: string) => boolean): ProcessStat[] {
  const names = new UserNames();
  return allProcesses().filter((stat) => {
    const text = search.full ? commandLine(stat.pid).join(" ") : processName(stat);
    return test(text) && (search.user === null || names.of(stat) === search.user);
  });
}

function signalNumber(given: Data): number {
  const text = pyStr(given).toUpperCase();
  const names = constants.signals as Record<string, number>;
  const number = /^\d+$/.test(text) ? Number(text) : names[text] ?? names[`SIG${text}`];
  if (number === undefined || number > 64) {
    throw new SaltInvocationError(`There is no signal "${pyStr(given)}"`);
  }
  return number;
}

/** Sends a signal; false when the process is not there. */
function send(id: number, number: number): boolean {
  if (id < 1) throw new SaltInvocationError(`${id} is not the id of a process`);
  try {
    return process.kill(id, number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw new CommandExecutionError(`Cannot send a signal to process ${id}: permission denied`);
  }
}

async function top(ctx: ExecContext, count: number, interval: number): Promise<DataMap[]> {
  const used = (stat: ProcessStat) => stat.times.user + stat.times.system;
  const before = new Map(allProcesses().map((stat) => [stat.pid, stat]));
  await delay(Math.max(interval, 0) * 1000, undefined, { signal: ctx.signal });
  const names = new UserNames();
  return allProcesses()
    .filter((stat) => before.get(stat.pid)?.started === stat.started)
    .map((stat) => ({ stat, spent: used(stat) - used(before.get(stat.pid)!) }))
    .sort((a, b) => b.spent - a.spent)
    .slice(0, count)
    .map(({ stat }) => {
      const line = commandLine(stat.pid);
      return {
        cmd: line.length > 0 ? line : processName(stat),
        user: names.of(stat),
        status: stat.status,
        pid: stat.pid,
        create_time: createTime(stat),
        cpu: floats({ ...stat.times }),
        mem: memoryInfo(stat.pid),
      };
    });
}

/** What `ps.proc_info` can tell, by psutil's names. */
const attributes: Record<string, (stat: ProcessStat, names: UserNames) => Data> = {
  pid: (stat) => stat.pid,
  ppid: (stat) => stat.ppid,
  name: (stat) => processName(stat),
  exe: ({ pid }) => processLink(pid, "exe"),
  cmdline: ({ pid }) => commandLine(pid),
  cwd: ({ pid }) => processLink(pid, "cwd"),
  environ: ({ pid }) => processEnvironment(pid),
  status: (stat) => stat.status,
  username: (stat, names) => names.of(stat),
  create_time: createTime,
  uids: ({ pid }) => statusNumbers(pid, "Uid").slice(0, 3),
  gids: ({ pid }) => statusNumbers(pid, "Gid").slice(0, 3),
  nice: (stat) => stat.nice,
  num_threads: (stat) => stat.threads,
  num_fds: ({ pid }) => listFolder(`/proc/${pid}/fd`).length,
  num_ctx_switches: ({ pid }) => [
    statusNumbers(pid, "voluntary_ctxt_switches")[0] ?? 0,
    statusNumbers(pid, "nonvoluntary_ctxt_switches")[0] ?? 0,
  ],
  cpu_times: (stat) => Object.values(stat.times).map(asFloat),
  memory_info: ({ pid }) => Object.values(memoryInfo(pid)),
  memory_percent: ({ pid }) => asFloat(memoryInfo(pid)["rss"]! / totalMemory() * 100),
};

function processInfo(id: number, wanted: Data): DataMap {
  const stat = processStat(id);
  if (!stat) throw new CommandExecutionError(`process no longer exists (pid=${id})`);
  const fields = Array.isArray(wanted) ? wanted.map(pyStr) : Object.keys(attributes);
  const unknown = fields.filter((field) => !Object.hasOwn(attributes, field));
  if (unknown.length > 0) {
    throw new CommandExecutionError(`Cannot tell ${unknown.join(", ")} of a process`);
  }
  const names = new UserNames();
  return Object.fromEntries(fields.map((field) => [field, attributes[field]!(stat, names)]));
}

/** Single processes. */
export const processFunctions = {
  top: fn({
    doc: "Returns the processes that take most processor time just now.",
    args: {
      num_processes: { type: "int", default: 5, doc: "How many." },
      interval: { type: "float", default: 3, doc: "Seconds to watch them." },
    },
    example: "salt '*' ps.top\nsalt '*' ps.top 5 10",
    run: (ctx, args) => top(ctx, args.num_processes, args.interval),
  }),
  get_pid_list: fn({
    doc: "Lists the ids of all processes.",
    args: {},
    example: "salt '*' ps.get_pid_list",
    run: () => processIds(),
  }),
  proc_info: fn({
    doc: "Returns what is known of a process.",
    args: { pid, attrs: { type: "list", doc: "Only these attributes, by psutil's names." } },
    example: "salt '*' ps.proc_info 2322\n" +
      "salt '*' ps.proc_info 2322 attrs='[\"pid\", \"name\"]'",
    run: (_ctx, args) => processInfo(args.pid, args.attrs),
  }),
  kill_pid: fn({
    doc: "Sends a signal to a process. Says whether it was there.",
    args: { pid, signal },
    example: "salt '*' ps.kill_pid 2000 signal=9",
    run: (_ctx, args) => send(args.pid, signalNumber(args.signal)),
  }),
  pkill: fn({
    doc: "Sends a signal to all processes whose names have a text in them.",
    args: { pattern, user, signal, full },
    example: "salt '*' ps.pkill httpd signal=1\nsalt '*' ps.pkill bash user=tom",
    run(_ctx, args) {
      if (args.pattern === "") throw new SaltInvocationError("An empty text is in every name");
      const number = signalNumber(args.signal);
      const killed = find(args, (text) => text.includes(args.pattern))
        .map((stat) => stat.pid).filter((id) => send(id, number));
      return killed.length > 0 ? { killed } : null;
    },
  }),
  pgrep: fn({
    doc: "Lists the ids of processes whose names have a text in them.",
    args: {
      pattern,
      user,
      full,
      pattern_is_regex: { type: "bool", default: false, doc: "The text is a regular expression." },
    },
    example: "salt '*' ps.pgrep httpd\nsalt '*' ps.pgrep 'bash|ssh' pattern_is_regex=True",
    run(_ctx, args) {
      const compiled = args.pattern_is_regex ? compilePattern(args.pattern) : null;
      const found = find(
        args,
        (text) => compiled ? compiled.search(text) !== null : text.includes(args.pattern),
      );
      return found.length > 0 ? found.map((stat) => stat.pid) : null;
    },
  }),
  status: fn({
    doc: "Lists the processes that are in a state.",
    args: {
      status: {
        type: "string",
        required: true,
        doc: "`running`, `sleeping`, `disk-sleep`, `stopped`, `zombie`, `idle` …",
      },
    },
    example: "salt '*' ps.status sleeping",
    run(_ctx, { status }) {
      if (status === "") throw new SaltInvocationError("Filter is required for ps.status");
      return allProcesses().filter((stat) => stat.status === status)
        .map((stat) => ({ pid: stat.pid, name: processName(stat) }));
    },
  }),
};
