/** Disks and file systems. (`salt/modules/disk.py`) @module */
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { readMounts } from "../../host/mod.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { asFloat } from "../../text/py_number.ts";
import { pyStr } from "../../text/py_repr.ts";
import { setKey } from "../../text/set_key.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";

const quiet = { ignoreRetcode: true } as const;
const device = { type: "string", required: true, doc: "Path of a device." } as const;
const flags = {
  type: "any",
  doc: "Letters of options for `df`, of aBhHiklPtTxv: a text or a list.",
} as const;

/** @throws CommandExecutionError for a letter that is not allowed. */
function cleanFlags(args: Data, caller: string): string[] {
  if (args === null) return [];
  const letters = Array.isArray(args) ? args.map(pyStr) : [...pyStr(args)];
  if (letters.some((letter) => !/^[aBhHiklPtTxv]$/.test(letter))) {
    throw new CommandExecutionError(`Invalid flag passed to ${caller}`);
  }
  return letters.length > 0 ? [`-${letters.join("")}`] : [];
}

/** Columns of `df`'s lines. Names of devices may have blanks and may stand on a line of their own. */
export function parseDf(text: string): string[][] {
  const rows: string[][] = [];
  let held = "";
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("Filesystem")) continue;
    const words = `${held} ${line}`.trim().split(/\s+/);
    if (words.length === 1) {
      held = line;
      continue;
    }
    held = "";
    while (words.length >= 2 && !/^\d+$/.test(words[1]!)) {
      words.splice(0, 2, `${words[0]} ${words[1]}`);
    }
    if (words.length >= 6) rows.push(words);
  }
  return rows;
}

async function df(ctx: ExecContext, ...args: string[]): Promise<string> {
  return (await runProgram(ctx, ["df", ...args], quiet)).stdout;
}

async function usage(ctx: ExecContext, args: Data): Promise<DataMap> {
  const text = await df(ctx, "-P", ...cleanFlags(args, "disk.usage"));
  const found: DataMap = {};
  for (const row of parseDf(text)) {
    const [filesystem, blocks, used, available, capacity] = row as [
      string,
      string,
      string,
      string,
      string,
    ];
    setKey(found, row[5]!, { filesystem, "1K-blocks": blocks, used, available, capacity });
  }
  return found;
}

async function inodeUsage(ctx: ExecContext, args: Data): Promise<DataMap> {
  const text = await df(ctx, "-iP", ...cleanFlags(args, "disk.inodeusage"));
  const found: DataMap = {};
  for (const line of text.split("\n").slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words.length < 6) continue;
    const [filesystem, inodes, used, free, use, path] = words;
    setKey(found, path!, {
      inodes: inodes!,
      used: used!,
      free: free!,
      use: use!,
      filesystem: filesystem!,
    });
  }
  return found;
}

/** Reads `blkid`: `/dev/sda1: UUID="…" TYPE="ext4"`. */
export function parseBlkid(text: string): DataMap {
  const found: DataMap = {};
  for (const line of text.split("\n")) {
    const match = /^(\S+): (.*)$/.exec(line);
    if (!match) continue;
    const pairs = [...match[2]!.matchAll(/(\w+)="([^"]*)"/g)];
    setKey(found, match[1]!, Object.fromEntries(pairs.map(([, key, value]) => [key!, value!])));
  }
  return found;
}

async function fsType(ctx: ExecContext, path: string): Promise<string> {
  const name = operand(path, "a device");
  if (which("lsblk")) {
    const kind =
      (await runProgram(ctx, ["lsblk", "-o", "fstype", name], quiet)).stdout.split("\n")[1];
    if (kind?.trim()) return kind.trim();
  }
  if (!which("df")) return "";
  return (await df(ctx, "-T", name)).split("\n")[1] ?? "";
}

/** The device whose file system holds a path. */
function deviceOf(path: string): string {
  let best = { mountpoint: "", device: "" };
  for (const mount of readMounts()) {
    const inside = path === mount.mountpoint ||
      path.startsWith(mount.mountpoint === "/" ? "/" : `${mount.mountpoint}/`);
    if (inside && mount.mountpoint.length >= best.mountpoint.length) best = mount;
  }
  return best.device;
}

const blockdevFields = [
  "getro getsz getss getpbsz getiomin getioopt getalignoff getmaxsect getsize getsize64 getra",
  "getfra",
].join(" ").split(" ");

async function dump(ctx: ExecContext, name: string, args: Data): Promise<DataMap | boolean> {
  const options = blockdevFields.map((field) => `--${field}`);
  const done = await runProgram(ctx, ["blockdev", ...options, operand(name, "a device")]);
  if (done.retcode !== 0) return false;
  const values = done.stdout.split("\n").filter(Boolean);
  const all = Object.fromEntries(
    blockdevFields.map((field, index) => [field, values[index] ?? ""]),
  );
  if (!Array.isArray(args) || args.length === 0) return all;
  return Object.fromEntries(
    args.map(pyStr).map((field) => {
      if (!Object.hasOwn(all, field)) throw new SaltInvocationError(`There is no field "${field}"`);
      return [field, all[field]!];
    }),
  );
}

/** Averages of columns over several readings, to two digits. */
function average(titles: string[], rows: string[][]): DataMap {
  return Object.fromEntries(titles.map((title, column) => {
    const sum = rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
    return [title, asFloat(Math.round(sum / rows.length * 100) / 100)];
  }));
}

/** Reads `iostat -x`: averages of all readings, of the system and of each device. */
export function parseIostat(text: string): DataMap {
  const rows = new Map<string, { titles: string[]; rows: string[][] }>();
  const add = (name: string, titles: string[], values: string[]) => {
    const known = rows.get(name) ?? { titles, rows: [] };
    known.rows.push(values);
    rows.set(name, known);
  };
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const words = lines[i]!.trim().split(/\s+/);
    if (words[0] === "avg-cpu:") add("sys", words.slice(1), lines[++i]!.trim().split(/\s+/));
    else if (words[0]?.replace(":", "") === "Device") {
      while (/^\w/.test(lines[i + 1] ?? "")) {
        const [name, ...values] = lines[++i]!.trim().split(/\s+/);
        add(name!, words.slice(1), values);
      }
    }
  }
  return Object.fromEntries(
    [...rows].map(([name, { titles, rows: values }]) => [name, average(titles, values)]),
  );
}

async function iostat(
  ctx: ExecContext,
  args: { interval: number; count: number; disks: Data },
): Promise<DataMap> {
  const disks = args.disks === null
    ? []
    : [args.disks].flat().map((disk) => operand(disk, "a disk"));
  const mode = args.disks === null ? "-x" : "-xd";
  const argv = ["iostat", mode, args.interval, args.count, ...disks];
  return parseIostat((await runProgram(ctx, argv)).stdout);
}

/** Reads `smartctl --attributes`. */
export function parseSmart(text: string): Map<number, DataMap> {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith("ID#"));
  const found = new Map<number, DataMap>();
  if (start < 0) return found;
  const fields = lines[start]!.trim().split(/\s+/).slice(1).map((field) => field.toLowerCase());
  for (const line of lines.slice(start + 1)) {
    if (!/^\s*\d/.test(line)) break;
    const words = line.trim().split(/\s+/);
    const values = [...words.slice(1, fields.length), words.slice(fields.length).join(" ")];
    const pairs = fields.map((field, index): [string, Data] => {
      const value = values[index] ?? "";
      if (/^-?\d+$/.test(value)) return [field, Number(value)];
      if (/^\d+( \d+)+$/.test(value)) return [field, value.split(" ").map(Number)];
      return [field, value];
    });
    found.set(Number(words[0]), Object.fromEntries(pairs));
  }
  return found;
}

async function smartAttributes(
  ctx: ExecContext,
  args: { dev: string; attributes: Data; values: Data },
): Promise<DataMap> {
  const path = args.dev.startsWith("/dev/") ? args.dev : `/dev/${args.dev}`;
  const done = await runProgram(ctx, ["smartctl", "--attributes", path], quiet);
  if (done.retcode !== 0) throw new CommandExecutionError(done.stderr || done.stdout);
  const wanted = Array.isArray(args.attributes) ? args.attributes.map(pyStr) : null;
  const fields = Array.isArray(args.values) ? args.values.map(pyStr) : null;
  const result: DataMap = {};
  for (const [id, data] of parseSmart(done.stdout)) {
    if (wanted && !wanted.includes(String(id))) continue;
    const kept = Object.entries(data).filter(([field]) => !fields || fields.includes(field));
    result[String(id)] = Object.fromEntries(kept);
  }
  return result;
}

/** The module `disk`. */
export const disk = executionModule({
  name: "disk",
  doc: "Disks and file systems.",
  functions: {
    usage: fn({
      doc: "Returns how full file systems are, in blocks of 1024 bytes.",
      args: { args: flags },
      example: "salt '*' disk.usage",
      run: (ctx, { args }) => usage(ctx, args),
    }),
    inodeusage: fn({
      doc: "Returns how many of their inodes file systems use.",
      args: { args: flags },
      example: "salt '*' disk.inodeusage",
      run: (ctx, { args }) => inodeUsage(ctx, args),
    }),
    percent: fn({
      doc: "Returns how full file systems are, in percent.",
      args: { args: { type: "string", doc: "Only the one mounted here." } },
      example: "salt '*' disk.percent /var",
      async run(ctx, { args }) {
        const rows = parseDf(await df(ctx, "-P"));
        const all: DataMap = Object.fromEntries(rows.map((row) => [row[5]!, row[4]!]));
        return args ? all[args] ?? {} : all;
      },
    }),
    blkid: fn({
      doc: "Returns what is on block devices.",
      args: {
        device: { type: "string", doc: "Only this one." },
        token: { type: "string", doc: "Only those that have this, such as `TYPE=ext4`." },
      },
      example: "salt '*' disk.blkid\nsalt '*' disk.blkid /dev/sda",
      async run(ctx, args) {
        const more = args.device
          ? [operand(args.device, "a device")]
          : args.token
          ? ["-t", args.token]
          : [];
        const done = await runProgram(ctx, ["blkid", ...more]);
        return done.retcode > 0 ? {} : parseBlkid(done.stdout);
      },
    }),
    fstype: fn({
      doc: "Returns the kind of file system on a device.",
      args: { device },
      example: "salt '*' disk.fstype /dev/sdX1",
      run: (ctx, args) => fsType(ctx, args.device),
    }),
    get_fstype_from_path: fn({
      doc: "Returns the kind of file system that holds a path.",
      args: { path: { type: "string", required: true, doc: "The path." } },
      example: "salt '*' disk.get_fstype_from_path /root",
      run: (ctx, { path }) => fsType(ctx, deviceOf(path)),
    }),
    dump: fn({
      doc: "Returns sizes and limits of a block device.",
      args: { device, args: { type: "list", doc: "Only these fields." } },
      example: "salt '*' disk.dump /dev/sda1",
      run: (ctx, args) => dump(ctx, args.device, args.args),
    }),
    iostat: fn({
      doc: "Returns averages of what disks do.",
      args: {
        interval: { type: "int", default: 1, doc: "Seconds between readings." },
        count: { type: "int", default: 5, doc: "How many readings." },
        disks: { type: "any", doc: "Only these disks." },
      },
      example: "salt '*' disk.iostat 1 5 disks=sda",
      run: (ctx, args) => iostat(ctx, args),
    }),
    smart_attributes: fn({
      doc: "Returns a disk's own measure of its health.",
      args: {
        dev: device,
        attributes: { type: "list", doc: "Only these, by number." },
        values: { type: "list", doc: "Only these columns." },
      },
      example: "salt '*' disk.smart_attributes /dev/sda\n" +
        "salt '*' disk.smart_attributes /dev/sda attributes=[1,2,5]",
      run: (ctx, args) => smartAttributes(ctx, args),
    }),
    wipe: fn({
      doc: "Removes the signatures of file systems from a device. What is on it is lost.",
      args: { device },
      example: "salt '*' disk.wipe /dev/sda1",
      run: async (ctx, args) =>
        (await runProgram(ctx, ["wipefs", "-a", operand(args.device, "a device")])).retcode === 0,
    }),
    resize2fs: fn({
      doc: "Makes an ext file system as large as its device.",
      args: { device },
      example: "salt '*' disk.resize2fs /dev/sda1",
      run: async (ctx, args) =>
        (await runProgram(ctx, ["resize2fs", operand(args.device, "a device")])).retcode === 0,
    }),
    format: fn({
      doc: "Makes a file system on a device. What is on it is lost.",
      args: {
        device,
        fs_type: { type: "string", default: "ext4", doc: "Kind of file system." },
        inode_size: { type: "int", doc: "Bytes of an inode." },
        lazy_itable_init: { type: "any", doc: "Whether inode tables are filled later. (ext)" },
        fat: { type: "int", doc: "Size of the FAT: 12, 16 or 32." },
        force: { type: "bool", default: false, doc: "Also where there is something already." },
      },
      example: "salt '*' disk.format /dev/sdX1",
      run: (ctx, args) => format(ctx, args),
    }),
  },
});

interface FormatArgs {
  device: string;
  fs_type: string;
  inode_size: number | null;
  lazy_itable_init: Data;
  fat: number | null;
  force: boolean;
}

async function format(ctx: ExecContext, args: FormatArgs): Promise<boolean> {
  if (!/^[a-z0-9.]+$/.test(args.fs_type)) {
    throw new SaltInvocationError(`There is no file system "${args.fs_type}"`);
  }
  const ext = args.fs_type.startsWith("ext");
  const argv: (string | number)[] = ["mkfs", "-t", args.fs_type];
  if (args.inode_size !== null) {
    if (ext) argv.push("-i", args.inode_size);
    else if (args.fs_type === "xfs") argv.push("-i", `size=${args.inode_size}`);
  }
  if (args.lazy_itable_init !== null && ext) {
    argv.push("-E", `lazy_itable_init=${pyStr(args.lazy_itable_init)}`);
  }
  if (args.fat !== null) argv.push("-F", args.fat);
  if (args.force) argv.push(ext ? "-F" : "-f");
  const done = await runProgram(ctx, [...argv, operand(args.device, "a device")]);
  if (done.retcode !== 0) return false;
  await runProgram(ctx, ["sync"], quiet);
  return await fsType(ctx, args.device) === args.fs_type;
}
