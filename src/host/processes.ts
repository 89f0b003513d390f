/**
 * Processes and counters of the kernel, from `/proc`, under the names that psutil gives them.
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What the kernel hands every program at its start. (getauxval(3)) */
function auxiliary(type: number): number | undefined {
  try {
    const data = readFileSync("/proc/self/auxv");
    for (let at = 0; at + 16 <= data.length; at += 16) {
      if (data.readBigUInt64LE(at) === BigInt(type)) return Number(data.readBigUInt64LE(at + 8));
    }
  } catch {
    // Not Linux, or closed to us.
  }
  return undefined;
}

/** Bytes of a page of memory. */
export const pageSize: number = auxiliary(6) ?? 4096;
/** Clock ticks a second, in which the kernel counts processor time. */
export const clockTicks: number = auxiliary(17) ?? 100;

/** Seconds of processor time. */
export interface CpuTimes {
  user: number;
  system: number;
  children_user: number;
  children_system: number;
  iowait: number;
}

/** A process as `/proc/<pid>/stat` shows it. */
export interface ProcessStat {
  pid: number;
  /** At most 15 characters. */
  comm: string;
  status: string;
  ppid: number;
  tty: number;
  nice: number;
  threads: number;
  times: CpuTimes;
  /** Ticks after the start of the machine. */
  started: number;
}

const states: Record<string, string> = {
  R: "running",
  S: "sleeping",
  D: "disk-sleep",
  T: "stopped",
  t: "tracing-stop",
  Z: "zombie",
  X: "dead",
  x: "dead",
  K: "wake-kill",
  W: "waking",
  I: "idle",
  P: "parked",
};

/** Reads the text of `/proc/<pid>/stat`; the name may hold blanks and brackets. (proc(5)) */
export function parseStat(text: string): ProcessStat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).trim().split(" ");
  const number = (index: number) => Number(fields[index] ?? 0);
  const seconds = (index: number) => number(index) / clockTicks;
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    status: states[fields[0] ?? ""] ?? "?",
    ppid: number(1),
    tty: number(4),
    nice: number(16),
    threads: number(17),
    times: {
      user: seconds(11),
      system: seconds(12),
      children_user: seconds(13),
      children_system: seconds(14),
      iowait: seconds(39),
    },
    started: number(19),
  };
}

function read(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

/** Where a link of a process leads, such as `exe`: to nothing for those of the kernel, null when closed to us. */
export function processLink(pid: number, name: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : null;
  }
}

/** Ids of all processes, ascending. */
export function processIds(): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
    .sort((a, b) => a - b);
}

/** A process; undefined when it has ended. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = read(pid, "stat");
  return text === undefined || text === "" ? undefined : parseStat(text);
}

/** The words of a process's command line; none for those of the kernel. */
export function commandLine(pid: number): string[] {
  const text = read(pid, "cmdline") ?? "";
  if (text === "") return [];
  // A program may have written over its words with something else.
  const separator = text.endsWith("\0") ? "\0" : " ";
  const words = text.replace(/\0$/, "").split(separator);
  return words.length === 1 && words[0]!.includes(" ") ? words[0]!.split(" ") : words;
}

/** The name of a process, longer than the kernel keeps it where its command line tells. */
export function processName(stat: ProcessStat): string {
  if (stat.comm.length < 15) return stat.comm;
  const full = commandLine(stat.pid)[0]?.split("/").at(-1) ?? "";
  return full.startsWith(stat.comm) ? full : stat.comm;
}

/** Numbers behind a word in `/proc/<pid>/status`: real, effective, saved … */
export function statusNumbers(pid: number, word: string): number[] {
  const line = new RegExp(`^${word}:\\s*(.*)$`, "m").exec(read(pid, "status") ?? "")?.[1];
  return line === undefined ? [] : line.trim().split(/\s+/).map(Number);
}

/** Bytes of memory, by use. */
export function memoryInfo(pid: number): Record<string, number> {
  const pages = (read(pid, "statm") ?? "").trim().split(/\s+/).map(Number);
  const [vms = 0, rss = 0, shared = 0, text = 0, lib = 0, data = 0, dirty = 0] = pages.map((
    count,
  ) => count * pageSize);
  return { rss, vms, shared, text, lib, data, dirty };
}

/** Variables of a process's environment. */
export function processEnvironment(pid: number): Record<string, string> {
  const pairs = (read(pid, "environ") ?? "").split("\0").filter((pair) => pair.includes("="));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

/** When the machine started, in seconds since 1970. */
export function bootTime(): number {
  const text = readFileSync("/proc/stat", "utf8");
  return Number(/^btime (\d+)$/m.exec(text)?.[1] ?? 0);
}

const cpuFields = "user nice system idle iowait irq softirq steal guest guest_nice".split(" ");

/** Seconds of processor time since the start, of all processors (`cpu`) and of each (`cpu0` …). */
export function parseCpuTimes(text: string): Record<string, Record<string, number>> {
  const times: Record<string, Record<string, number>> = {};
  for (const line of text.split("\n")) {
    const [name = "", ...ticks] = line.trim().split(/\s+/);
    if (!/^cpu\d*$/.test(name)) continue;
    times[name] = Object.fromEntries(
      cpuFields.map((field, index) => [field, Number(ticks[index] ?? 0) / clockTicks]),
    );
  }
  return times;
}

/** A login as `utmp` has it. */
export interface Login {
  name: string;
  terminal: string;
  host: string;
  started: number;
  pid: number;
}

/** Reads `utmp`: records of 384 bytes, of which type 7 is a user's. (utmp(5)) */
export function parseUtmp(data: Uint8Array): Login[] {
  const logins: Login[] = [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const text = (at: number, length: number) => {
    const bytes = data.subarray(at, at + length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  };
  for (let at = 0; at + 384 <= data.length; at += 384) {
    if (view.getInt16(at, true) !== 7) continue;
    logins.push({
      name: text(at + 44, 32),
      terminal: text(at + 8, 32),
      host: text(at + 76, 256),
      started: view.getInt32(at + 340, true),
      pid: view.getInt32(at + 4, true),
    });
  }
  return logins;
}
