/**
 * The kernel's tables below `/proc`, in the shapes of Salt's `status` functions. Each parser is given
 * the text of a file. (`salt/modules/status.py`, the `linux_…` functions)
 * @module
 */
import { setKey } from "../../../text/set_key.ts";
import { type Data, type DataMap, Float } from "../../../types/mod.ts";

/** Digits as a number, other numbers as floats, all else as text. */
export function number(text: string): Data {
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) return text;
  return Number.isInteger(value) ? new Float(value) : value;
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function words(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** `/proc/stat` */
export function parseStat(text: string): DataMap {
  const stats: DataMap = {};
  for (const line of lines(text)) {
    const [name = "", ...rest] = words(line);
    const values = rest.map(number);
    const at = (index: number) => values[index] ?? 0;
    if (name === "cpu") {
      stats[name] = {
        idle: at(3),
        iowait: at(4),
        irq: at(5),
        nice: at(1),
        softirq: at(6),
        steal: at(7),
        system: at(2),
        user: at(0),
      };
    } else if (name === "intr") stats[name] = { total: at(0), irqs: values.slice(1) };
    else if (name === "softirq") stats[name] = { total: at(0), softirqs: values.slice(1) };
    else stats[name] = at(0);
  }
  return stats;
}

/** `/proc/meminfo` */
export function parseMeminfo(text: string): DataMap {
  const info: DataMap = {};
  for (const line of lines(text)) {
    const [name = "", value = "", unit] = words(line);
    info[name.replace(":", "")] = unit === undefined ? { value } : { value, unit };
  }
  return info;
}

/** `/proc/cpuinfo`; of several processors the last one's values stay. */
export function parseCpuinfo(text: string): DataMap {
  const info: DataMap = {};
  for (const line of lines(text)) {
    const [name = "", value = ""] = line.split(":");
    const key = name.trim();
    setKey(info, key, key === "flags" ? words(value) : value.trim());
  }
  return info;
}

const diskFields = [
  "major minor device reads_issued reads_merged sectors_read ms_spent_reading writes_completed",
  "writes_merged sectors_written ms_spent_writing io_in_progress ms_spent_in_io",
  "weighted_ms_spent_in_io",
].join(" ").split(" ");

/** `/proc/diskstats` */
export function parseDiskstats(text: string): DataMap {
  const stats: DataMap = {};
  for (const line of lines(text)) {
    const values = words(line);
    setKey(
      stats,
      values[2]!,
      Object.fromEntries(diskFields.map((field, index) => [field, number(values[index] ?? "")])),
    );
  }
  return stats;
}

/** `/proc/vmstat` */
export function parseVmstat(text: string): DataMap {
  return Object.fromEntries(
    lines(text).map((line) => {
      const [name = "", value = ""] = words(line);
      return [name, number(value)];
    }),
  );
}

/** `/proc/net/netstat`: pairs of lines, one of names and one of values. */
export function parseNetstat(text: string): DataMap {
  const stats: DataMap = {};
  let names = [""];
  for (const line of lines(text)) {
    const values = words(line);
    if (values[0] !== names[0]) {
      names = values;
      continue;
    }
    // Salt's loop stops before the last column.
    const row = names.slice(1, -1).map((name, index) => [name, number(values[index + 1] ?? "")]);
    stats[names[0]!.replace(":", "")] = Object.fromEntries(row) as DataMap;
  }
  return stats;
}

const deviceFields = [
  "rx_bytes rx_packets rx_errs rx_drop rx_fifo rx_frame rx_compressed rx_multicast tx_bytes",
  "tx_packets tx_errs tx_drop tx_fifo tx_colls tx_carrier tx_compressed",
].join(" ").split(" ");

/** `/proc/net/dev` */
export function parseNetdev(text: string): DataMap {
  const stats: DataMap = {};
  for (const line of lines(text)) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const iface = line.slice(0, colon).trim();
    const values = words(line.slice(colon + 1));
    const pairs = deviceFields.map((field, index) => [field, number(values[index] ?? "")]);
    setKey(stats, iface, { iface, ...Object.fromEntries(pairs) as DataMap });
  }
  return stats;
}

/** `w -fh` */
export function parseW(text: string): DataMap[] {
  return lines(text).map((line) => {
    const [user = "", tty = "", login = "", idle = "", jcpu = "", pcpu = "", ...what] = words(line);
    return { idle, jcpu, login, pcpu, tty, user, what: what.join(" ") };
  });
}

/** `ps -efHww` and its like: user and command by process id. */
export function parsePs(text: string): DataMap {
  const [head = "", ...rows] = lines(text);
  const titles = words(head);
  const column = (...names: string[]) =>
    Math.max(0, names.map((name) => titles.indexOf(name)).find((index) => index >= 0) ?? 0);
  const [user, pid, cmd] = [column("USER", "UID"), column("PID"), column("COMMAND", "CMD")];
  const processes: DataMap = {};
  for (const row of rows) {
    const values = words(row);
    processes[values[pid]!] = { user: values[user]!, cmd: values.slice(cmd).join(" ") };
  }
  return processes;
}
