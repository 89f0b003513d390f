/** Functions of `ps` about the machine as a whole. @module */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { SaltInvocationError } from "../../../errors.ts";
import {
  bootTime,
  type Mount,
  parseCpuTimes,
  parseUtmp,
  readMounts,
  spaceOf,
} from "../../../host/mod.ts";
import { listFolder } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { strftime } from "../../../logging/strftime.ts";
import { asFloat } from "../../../text/py_number.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { parseNetdev } from "../status/kernel.ts";

function read(path: string): string {
  return readFileSync(path, "utf8");
}

/** A part of a whole in percent, with one digit. */
function percent(part: number, whole: number): Data {
  return asFloat(whole === 0 ? 0 : Math.round(part / whole * 1000) / 10);
}

/** Bytes by name in `/proc/meminfo`. */
function memory(): (name: string) => number {
  const text = read("/proc/meminfo");
  return (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) * 1024;
}

/** Bytes of memory that the machine has. */
export function totalMemory(): number {
  return memory()("MemTotal");
}

function virtualMemory(): DataMap {
  const bytes = memory();
  const [total, available] = [bytes("MemTotal"), bytes("MemAvailable")];
  return {
    total,
    available,
    percent: percent(total - available, total),
    used: total - available,
    free: bytes("MemFree"),
    active: bytes("Active"),
    inactive: bytes("Inactive"),
    buffers: bytes("Buffers"),
    cached: bytes("Cached") + bytes("SReclaimable"),
    shared: bytes("Shmem"),
    slab: bytes("Slab"),
  };
}

function swapMemory(): DataMap {
  const bytes = memory();
  const [total, free] = [bytes("SwapTotal"), bytes("SwapFree")];
  const stats = read("/proc/vmstat");
  // The kernel counts these in units of 4 KiB, whatever its pages are.
  const moved = (name: string) =>
    Number(new RegExp(`^${name} (\\d+)`, "m").exec(stats)?.[1] ?? 0) * 4096;
  return {
    total,
    used: total - free,
    free,
    percent: percent(total - free, total),
    sin: moved("pswpin"),
    sout: moved("pswpout"),
  };
}

/** File systems that lie on devices. */
function partitions(all: boolean): Mount[] {
  const real = new Set(
    read("/proc/filesystems").split("\n").filter((line) => !line.startsWith("nodev"))
      .map((line) => line.trim()),
  );
  return readMounts().filter((mount) => all || (mount.device !== "" && real.has(mount.fstype)));
}

function diskUsage(path: string): DataMap {
  const { total, available, used } = spaceOf(path);
  return { total, used, free: available, percent: percent(used, used + available) };
}

const networkFields: Record<string, string> = {
  bytes_sent: "tx_bytes",
  bytes_recv: "rx_bytes",
  packets_sent: "tx_packets",
  packets_recv: "rx_packets",
  errin: "rx_errs",
  errout: "tx_errs",
  dropin: "rx_drop",
  dropout: "tx_drop",
};

function networkCounters(name: string | null): DataMap | false {
  const table = parseNetdev(read("/proc/net/dev")) as Record<string, DataMap>;
  if (name && !Object.hasOwn(table, name)) return false;
  const rows = name ? [table[name]!] : Object.values(table);
  return Object.fromEntries(
    Object.entries(networkFields).map(([field, column]) => [
      field,
      rows.reduce((sum, row) => sum + Number(row[column] ?? 0), 0),
    ]),
  );
}

const diskFields: Record<string, [column: number, factor: number]> = {
  read_count: [3, 1],
  write_count: [7, 1],
  read_bytes: [5, 512],
  write_bytes: [9, 512],
  read_time: [6, 1],
  write_time: [10, 1],
  read_merged_count: [4, 1],
  write_merged_count: [8, 1],
  busy_time: [12, 1],
};

function diskCounters(name: string | null): DataMap | false {
  const rows = read("/proc/diskstats").split("\n").map((line) => line.trim().split(/\s+/));
  // Partitions count into the disk that they are on.
  const whole = new Set(listFolder("/sys/block"));
  const wanted = rows.filter((row) =>
    row.length >= 13 && (name ? row[2] === name : whole.has(row[2]!))
  );
  if (name && wanted.length === 0) return false;
  return Object.fromEntries(
    Object.entries(diskFields).map(([field, [column, factor]]) => [
      field,
      wanted.reduce((sum, row) => sum + Number(row[column]) * factor, 0),
    ]),
  );
}

function cpuTimes(perCpu: boolean): Data {
  const all = parseCpuTimes(read("/proc/stat"));
  const shape = (times: Record<string, number>): DataMap =>
    Object.fromEntries(Object.entries(times).map(([key, value]) => [key, asFloat(value)]));
  if (!perCpu) return shape(all["cpu"] ?? {});
  return Object.entries(all).filter(([name]) => name !== "cpu").map(([, times]) => shape(times));
}

function busyPercent(before: Record<string, number>, after: Record<string, number>): Data {
  const idleFields = ["idle", "iowait"];
  // What guests take is in the user's time already.
  const fields = Object.keys(after).filter((field) => !field.startsWith("guest"));
  const spent = (field: string) => Math.max(0, (after[field] ?? 0) - (before[field] ?? 0));
  const total = fields.reduce((sum, field) => sum + spent(field), 0);
  const idle = idleFields.reduce((sum, field) => sum + spent(field), 0);
  return percent(total - idle, total);
}

async function cpuPercent(ctx: ExecContext, interval: number, perCpu: boolean): Promise<Data> {
  const before = parseCpuTimes(read("/proc/stat"));
  await delay(Math.max(interval, 0.01) * 1000, undefined, { signal: ctx.signal });
  const after = parseCpuTimes(read("/proc/stat"));
  if (!perCpu) return busyPercent(before["cpu"]!, after["cpu"]!);
  return Object.keys(after).filter((name) => name !== "cpu")
    .map((name) => busyPercent(before[name] ?? {}, after[name]!));
}

function logins(): Data[] {
  for (const path of ["/run/utmp", "/var/run/utmp"]) {
    try {
      return parseUtmp(readFileSync(path)).map((login) => ({
        ...login,
        started: asFloat(login.started),
      }));
    } catch {
      // Systems without it have no such list.
    }
  }
  return [];
}

const perCpu = { type: "bool", default: false, doc: "Each processor by itself." } as const;
const allArg = {
  type: "bool",
  default: false,
  doc: "Also those that are not on devices.",
} as const;

/** The machine as a whole. */
export const counterFunctions = {
  cpu_percent: fn({
    doc: "Returns how busy the processors are, in percent.",
    args: { interval: { type: "float", default: 0.1, doc: "Seconds to watch." }, per_cpu: perCpu },
    example: "salt '*' ps.cpu_percent",
    run: (ctx, args) => cpuPercent(ctx, args.interval, args.per_cpu),
  }),
  cpu_times: fn({
    doc: "Returns how many seconds the processors did what.",
    args: { per_cpu: perCpu },
    example: "salt '*' ps.cpu_times",
    run: (_ctx, args) => cpuTimes(args.per_cpu),
  }),
  virtual_memory: fn({
    doc: "Returns the uses of memory, in bytes.",
    args: {},
    example: "salt '*' ps.virtual_memory",
    run: () => virtualMemory(),
  }),
  swap_memory: fn({
    doc: "Returns the use of swap space, in bytes.",
    args: {},
    example: "salt '*' ps.swap_memory",
    run: () => swapMemory(),
  }),
  total_physical_memory: fn({
    doc: "Returns how many bytes of memory there are.",
    args: {},
    example: "salt '*' ps.total_physical_memory",
    run: () => totalMemory(),
  }),
  num_cpus: fn({
    doc: "Returns how many processors there are.",
    args: {},
    example: "salt '*' ps.num_cpus",
    run: () => availableParallelism(),
  }),
  boot_time: fn({
    doc: "Returns when the machine started, in seconds since 1970.",
    args: { time_format: { type: "string", doc: "Form of the time, as for Python's `strftime`." } },
    example: "salt '*' ps.boot_time\nsalt '*' ps.boot_time '%c'",
    run(_ctx, args) {
      const seconds = bootTime();
      return args.time_format ? strftime(args.time_format, new Date(seconds * 1000)) : seconds;
    },
  }),
  disk_partitions: fn({
    doc: "Lists mounted file systems.",
    args: { all: allArg },
    example: "salt '*' ps.disk_partitions",
    run: (_ctx, args) => partitions(args.all) as unknown as Data,
  }),
  disk_usage: fn({
    doc: "Returns how full the file system below a path is.",
    args: { path: { type: "string", required: true, doc: "The path." } },
    example: "salt '*' ps.disk_usage /home",
    run(_ctx, { path }) {
      try {
        return diskUsage(path);
      } catch {
        throw new SaltInvocationError(`There is no "${path}"`);
      }
    },
  }),
  disk_partition_usage: fn({
    doc: "Lists mounted file systems and how full they are.",
    args: { all: allArg },
    example: "salt '*' ps.disk_partition_usage",
    run: (_ctx, args) =>
      partitions(args.all).map((mount) => ({ ...mount, ...diskUsage(mount.mountpoint) })),
  }),
  network_io_counters: fn({
    doc: "Returns what network interfaces sent and received.",
    args: { interface: { type: "string", doc: "Only this one." } },
    example: "salt '*' ps.network_io_counters\nsalt '*' ps.network_io_counters interface=eth0",
    run: (_ctx, args) => networkCounters(args.interface),
  }),
  disk_io_counters: fn({
    doc: "Returns what disks read and wrote.",
    args: { device: { type: "string", doc: "Only this one." } },
    example: "salt '*' ps.disk_io_counters\nsalt '*' ps.disk_io_counters device=sda1",
    run: (_ctx, args) => diskCounters(args.device),
  }),
  get_users: fn({
    doc: "Lists who is logged in.",
    args: {},
    example: "salt '*' ps.get_users",
    run: () => logins(),
  }),
};
