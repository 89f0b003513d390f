/** How this machine is doing. (`salt/modules/status.py`) @module */
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { CommandExecutionError } from "../../../errors.ts";
import { parseMounts, spaceOf } from "../../../host/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { strftime } from "../../../logging/strftime.ts";
import { which } from "../../../process/mod.ts";
import { compileGlob } from "../../../text/glob.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import { asFloat } from "../../../text/py_number.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { hexToIp } from "../network/sockets.ts";
import { runProgram } from "../_program.ts";
import * as kernel from "./kernel.ts";

const quiet = { ignoreRetcode: true } as const;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A function that shows one of the kernel's tables. */
function table(name: string, path: string, doc: string, parse: (text: string) => DataMap) {
  return fn({
    doc,
    args: {},
    example: `salt '*' status.${name}`,
    run: () => parse(read(path)),
  });
}

async function uptime(ctx: ExecContext): Promise<DataMap> {
  const text = read("/proc/uptime");
  if (text === "") throw new CommandExecutionError("File /proc/uptime was not found.");
  const seconds = Math.floor(Number(text.split(" ")[0]));
  const now = Date.now() / 1000;
  const rest = seconds % 86_400;
  const up: DataMap = {
    seconds,
    since_iso: `${new Date((now - seconds) * 1000).toISOString().slice(0, -1)}000`,
    since_t: Math.floor(now - seconds),
    days: Math.floor(seconds / 86_400),
    time: `${Math.floor(rest / 3600)}:${Math.floor(rest % 3600 / 60)}`,
  };
  if (which("who")) {
    // A machine without logins has one empty line, and so one user, in Salt's count.
    up["users"] = (await runProgram(ctx, ["who", "-s"], quiet)).stdout.split("\n").length;
  }
  return up;
}

function diskUsage(args: readonly string[]): DataMap {
  const paths = args.filter((arg) => arg.startsWith("/"));
  const kinds = args.filter((arg) => !arg.startsWith("/"));
  if (args.length === 0) kinds.push("*");
  const tests = kinds.map(compileGlob);
  for (const mount of parseMounts(read("/proc/mounts"))) {
    if (tests.some((test) => test(mount.fstype))) paths.push(mount.mountpoint);
  }
  return Object.fromEntries([...new Set(paths)].map((path) => {
    const { available, total } = spaceOf(path);
    return [path, { available, total }];
  }));
}

async function processList(ctx: ExecContext): Promise<string> {
  const command = pyStr(ctx.grains["ps"] ?? "ps -efHww");
  return (await runProgram(ctx, ["/bin/sh", "-c", command], quiet)).stdout;
}

async function findPids(ctx: ExecContext, pattern: string): Promise<string> {
  const search = compilePattern(pattern);
  const own = String(process.pid);
  return (await processList(ctx)).split("\n")
    .filter((line) => !line.includes(own) && search.search(line) !== null)
    .map((line) => line.trim().split(/\s+/)[1] ?? "").join("\n");
}

/** Addresses that have an established connection from a port of theirs. */
function connectedTo(port: number): Set<string> {
  const found = new Set<string>();
  for (const path of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of read(path).split("\n").slice(1)) {
      const [, , remote = "", state] = line.trim().split(/\s+/);
      const [address = "", hexPort = ""] = remote.split(":");
      if (state === "01" && parseInt(hexPort, 16) === port) found.add(hexToIp(address));
    }
  }
  return found;
}

async function masterStatus(
  ctx: ExecContext,
  name: string | null,
  expected: boolean,
): Promise<boolean | null> {
  if (!name) return null;
  let addresses: string[];
  try {
    addresses = (await lookup(name, { all: true })).map((entry) => entry.address);
  } catch {
    return null;
  }
  const port = Number(pyStr(await ctx.salt("config.get", ["publish_port", 4505])));
  const connected = connectedTo(port);
  const status = addresses.some((address) => connected.has(address));
  if (status !== expected) {
    const tag = status ? "__master_connected" : "__master_disconnected";
    await ctx.minion.fireLocal(tag, { master: name });
  }
  return status;
}

/** What the options `status.<function>` ask for, of that function. */
async function custom(ctx: ExecContext): Promise<DataMap> {
  const wanted = await ctx.salt("config.dot_vals", ["status"]) as DataMap;
  const result: DataMap = {};
  for (const [key, fields] of Object.entries(wanted)) {
    const fun = key.split(".").slice(0, -1).join(".");
    if (fun === "status.custom" || !Array.isArray(fields) || !ctx.registry.within(fun)) continue;
    const values = await ctx.salt(fun);
    for (const field of fields.map(pyStr)) {
      result[field] = isMap(values) && Object.hasOwn(values, field) ? values[field]! : "UNKNOWN";
    }
  }
  return result;
}

const parts =
  "cpuinfo cpustats diskstats diskusage loadavg meminfo netdev netstats uptime vmstats w".split(
    " ",
  );

/** The module `status`. */
export const status = executionModule({
  name: "status",
  doc: "How this machine is doing.",
  functions: {
    uptime: fn({
      doc: "Returns how long the machine has been up, and how many users are logged in.",
      args: {},
      example: "salt '*' status.uptime",
      run: (ctx) => uptime(ctx),
    }),
    loadavg: fn({
      doc: "Returns the load averages of the last 1, 5 and 15 minutes.",
      args: {},
      example: "salt '*' status.loadavg",
      run() {
        const [one = 0, five = 0, fifteen = 0] = loadavg();
        return { "1-min": asFloat(one), "5-min": asFloat(five), "15-min": asFloat(fifteen) };
      },
    }),
    cpustats: table("cpustats", "/proc/stat", "Returns what processors did.", kernel.parseStat),
    cpuinfo: table(
      "cpuinfo",
      "/proc/cpuinfo",
      "Returns what kind of processor this is.",
      kernel.parseCpuinfo,
    ),
    meminfo: table("meminfo", "/proc/meminfo", "Returns the uses of memory.", kernel.parseMeminfo),
    diskstats: table(
      "diskstats",
      "/proc/diskstats",
      "Returns what disks did.",
      kernel.parseDiskstats,
    ),
    vmstats: table("vmstats", "/proc/vmstat", "Returns what memory did.", kernel.parseVmstat),
    netstats: table(
      "netstats",
      "/proc/net/netstat",
      "Returns what the network's protocols did.",
      kernel.parseNetstat,
    ),
    netdev: table(
      "netdev",
      "/proc/net/dev",
      "Returns what network interfaces did.",
      kernel.parseNetdev,
    ),
    diskusage: fn({
      doc: "Returns how full file systems are.",
      args: {
        args: {
          type: "list",
          variadic: true,
          doc: "Paths, or globs of kinds of file systems; all when left out.",
        },
      },
      example: "salt '*' status.diskusage\nsalt '*' status.diskusage ext?\n" +
        "salt '*' status.diskusage / ext?",
      run: (_ctx, { args }) => diskUsage(args.map(pyStr)),
    }),
    nproc: fn({
      doc: "Returns how many processors there are.",
      args: {},
      example: "salt '*' status.nproc",
      run: () => availableParallelism(),
    }),
    procs: fn({
      doc: "Returns user and command of all processes.",
      args: {},
      example: "salt '*' status.procs",
      run: async (ctx) => kernel.parsePs(await processList(ctx)),
    }),
    pid: fn({
      doc: "Returns the ids of processes whose line in the list fits a regular expression.",
      args: { sig: { type: "string", required: true, doc: "The expression." } },
      example: "salt '*' status.pid <sig>",
      run: (ctx, { sig }) => findPids(ctx, sig),
    }),
    w: fn({
      doc: "Returns who is logged in and what they do.",
      args: {},
      example: "salt '*' status.w",
      run: async (ctx) => kernel.parseW((await runProgram(ctx, ["w", "-fh"], quiet)).stdout),
    }),
    version: fn({
      doc: "Returns the version of the kernel.",
      args: {},
      example: "salt '*' status.version",
      run: () => read("/proc/version").trim(),
    }),
    time: fn({
      doc: "Returns the time of day.",
      args: {
        format: {
          type: "string",
          default: "%A, %d. %B %Y %I:%M%p",
          doc: "Its form, as for Python's `strftime`.",
        },
      },
      example: "salt '*' status.time\nsalt '*' status.time '%s'",
      run: (_ctx, { format }) => strftime(format, new Date()),
    }),
    master: fn({
      doc:
        "Says whether there is a connection to a master, and fires an event when that is not as " +
        "expected.",
      args: {
        master: { type: "string", doc: "Name or address of the master." },
        connected: { type: "bool", default: true, doc: "What is expected." },
      },
      example: "salt '*' status.master",
      run: (ctx, args) => masterStatus(ctx, args.master, args.connected),
    }),
    custom: fn({
      doc: "Returns what the options `status.<function>` list of that function's result.",
      args: {},
      example: "salt '*' status.custom",
      run: (ctx) => custom(ctx),
    }),
    all_status: fn({
      doc: "Returns the results of most functions of this module.",
      args: {},
      example: "salt '*' status.all_status",
      async run(ctx) {
        const all: DataMap = {};
        for (const part of parts) all[part] = await ctx.salt(`status.${part}`) as Data;
        return all;
      },
    }),
  },
});
