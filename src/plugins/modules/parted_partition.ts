/** Partitions of disks. (`salt/modules/parted_partition.py`) @module */
import { statSync } from "node:fs";
import { CommandExecutionError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { runProgram } from "./_program.ts";

const units = new Set("s B kB MB MiB GB GiB TB TiB % cyl chs compact".split(" "));
const diskFlags = new Set(["cylinder_alignment", "pmbr_boot", "implicit_partition_table"]);
const partitionFlags = new Set([
  ..."boot root swap hidden raid lvm lba hp-service palo prep msftres bios_grub atvrecv diag".split(
    " ",
  ),
  ..."legacy_boot msftdata irst esp type".split(" "),
]);
const labels = new Set("aix amiga bsd dvh gpt loop mac msdos pc98 sun".split(" "));
const fileSystems = new Set([
  ..."btrfs ext2 ext3 ext4 fat fat32 fat16 linux-swap reiserfs hfs hfs+ hfsx NTFS ntfs ufs xfs"
    .split(" "),
]);

function exists(device: string): boolean {
  return statSync(device, { throwIfNoEntry: false })?.isBlockDevice() ?? false;
}

/** @throws CommandExecutionError when it is no block device; a path of one begins with `/`. */
function diskOf(device: string): string {
  if (device.startsWith("/") && exists(device)) return device;
  throw new CommandExecutionError("Invalid device passed to partition module.");
}

/** @throws CommandExecutionError when the value is none of those that there are. */
function oneOf(known: ReadonlySet<string>, value: string, what: string, fun: string): string {
  if (known.has(value)) return value;
  throw new CommandExecutionError(`Invalid ${what} passed to partition.${fun}`);
}

/** A number of a partition. @throws CommandExecutionError */
function numberOf(value: Data, fun: string, what = "minor number"): string {
  const text = pyStr(value).trim();
  if (/^\d+$/.test(text)) return text;
  throw new CommandExecutionError(`Invalid ${what} passed to partition.${fun}`);
}

/** @throws CommandExecutionError when it is no number with a unit of parted's. */
function boundary(value: Data): string {
  const text = pyStr(value);
  const found = /^[\d.]+(\D*)$/.exec(text);
  if (found && (found[1] === "" || units.has(found[1]!))) return text;
  throw new CommandExecutionError(`Invalid partition boundary passed: "${text}"`);
}

async function lines(ctx: ExecContext, argv: string[]): Promise<string[]> {
  const { stdout, stderr } = await runProgram(ctx, argv);
  const text = [stdout, stderr].filter(Boolean).join("\n");
  return text === "" ? [] : text.split("\n");
}

function parted(ctx: ExecContext, device: string, ...words: string[]): Promise<string[]> {
  return lines(ctx, ["parted", "-m", "-s", "--", diskOf(device), ...words]);
}

const unreadable = "Problem encountered while parsing output from parted";

/**
 * Reads what `parted -m … print` says.
 * @param unit In `chs`, sizes are left out.
 * @throws CommandExecutionError when that is not understood.
 */
export function parseList(text: string, unit: string | null): DataMap {
  const rows = text.split("\n").filter((line) => !["BYT;", "CHS;", "CYL;", ""].includes(line))
    .map((line) => line.replace(/;+$/, "").split(":"));
  const [head, ...others] = rows;
  if (!head) return { info: {}, partitions: {} };
  if (head.length < 7 || head.length > 8) throw new CommandExecutionError(unreadable);
  const names = ["disk", "size", "interface", "logical sector", "physical sector"];
  names.push("partition table", "model", "disk flags");
  const info = Object.fromEntries(head.map((value, at) => [names[at]!, value]));
  const place = ["number", "start", "end", ...(unit === "chs" ? [] : ["size"])];
  const partitions = others.map((cols) => {
    const free = cols.at(-1) === "free";
    const fields = free ? place : [...place, "file system", "name", "flags"];
    const values = free ? cols.slice(0, -1) : cols;
    if (fields.length !== values.length) throw new CommandExecutionError(unreadable);
    return [cols[0]!, Object.fromEntries(values.map((value, at) => [fields[at]!, value]))] as const;
  });
  return { info, partitions: Object.fromEntries(partitions) };
}

async function list(ctx: ExecContext, device: string, unit: string | null): Promise<DataMap> {
  const disk = diskOf(device);
  const inUnit = unit ? ["unit", oneOf(units, unit, "unit", "part_list")] : [];
  const { stdout } = await runProgram(ctx, ["parted", "-m", "-s", disk, ...inUnit, "print"]);
  return parseList(stdout, unit);
}

/** Reads `sfdisk -T`. */
export function parseTypes(text: string): DataMap {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(
    rows.filter(([id]) => id !== "" && id !== "Id").map(([id, name = ""]) => [id!, name]),
  );
}

async function systemTypes(ctx: ExecContext): Promise<DataMap> {
  return parseTypes((await runProgram(ctx, ["sfdisk", "-T"])).stdout);
}

async function mkpart(
  ctx: ExecContext,
  device: string,
  partType: string,
  fsType: string | null,
  [start, end]: [Data, Data],
): Promise<string[]> {
  diskOf(device);
  oneOf(new Set(["primary", "logical", "extended"]), partType, "part_type", "mkpart");
  if (fsType) oneOf(fileSystems, fsType, "fs_type", "mkpart");
  const places = [start, end].map((at) => at === null ? "" : boundary(at));
  return await parted(ctx, device, "mkpart", partType, ...(fsType ? [fsType] : []), ...places);
}

async function mkfs(ctx: ExecContext, device: string, fsType: string) {
  const disk = diskOf(device);
  const kind = oneOf(fileSystems, fsType, "fs_type", "mkfs").replace("NTFS", "ntfs");
  const program = kind === "linux-swap" ? "mkswap" : `mkfs.${kind}`;
  if (which(program) === null) return `Error: ${program} is unavailable.`;
  return await lines(ctx, [program, disk]);
}

async function setId(ctx: ExecContext, device: string, minor: Data, systemId: string) {
  const disk = diskOf(device);
  const number = numberOf(minor, "set_id");
  oneOf(new Set(Object.keys(await systemTypes(ctx))), systemId, "system_id", "set_id");
  return await lines(ctx, ["sfdisk", "--part-type", disk, number, systemId]);
}

const onOff = new Set(["on", "off"]);
const device = { type: "string", required: true, doc: "The disk, such as `/dev/sda`." } as const;
const minor = { type: "any", required: true, doc: "Number of the partition." } as const;
const partition = minor;
const flag = { type: "string", required: true, doc: "The flag, such as `boot`." } as const;
const state = { type: "string", required: true, doc: "`on` or `off`." } as const;
const partArgs = {
  device,
  part_type: { type: "string", required: true, doc: "`primary`, `logical` or `extended`." },
  fs_type: { type: "string", default: null, doc: "The file system that it is for." },
  start: { type: "any", default: null, doc: "Where it begins, in MB or with a unit." },
  end: { type: "any", default: null, doc: "Where it ends." },
} as const;
const place = (doc: string) => ({ type: "any", required: true, doc } as const);

/** Functions that tell of disks and partitions. */
const readers = {
  exists: fn({
    doc: "Whether there is such a disk or partition.",
    args: { device: { type: "string", default: "", doc: "Its path." } },
    example: "salt '*' partition.exists /dev/sdb1",
    run: (_ctx, { device }) => exists(device),
  }),
  get_block_device: fn({
    doc: "Returns the names of disks.",
    args: {},
    example: "salt '*' partition.get_block_device",
    run: (ctx) => lines(ctx, ["lsblk", "-n", "-io", "KNAME", "-d", "-e", "1,7,11", "-l"]),
  }),
  list: fn({
    doc: "Returns what a disk is, as `info`, and its `partitions`.",
    args: { device, unit: { type: "string", default: null, doc: "Of sizes, such as `s`, `MiB`." } },
    example: "salt '*' partition.list /dev/sda\nsalt '*' partition.list /dev/sda unit=s",
    run: (ctx, { device, unit }) => list(ctx, device, unit),
  }),
  align_check: fn({
    doc: "Checks whether a partition begins where it should.",
    args: {
      device,
      part_type: { type: "string", required: true, doc: "`minimal` or `optimal`." },
      partition,
    },
    example: "salt '*' partition.align_check /dev/sda minimal 1",
    run(ctx, { device, part_type, partition }) {
      diskOf(device);
      oneOf(new Set(["minimal", "optimal"]), part_type, "part_type", "align_check");
      const number = numberOf(partition, "align_check", "partition");
      return lines(ctx, ["parted", "-m", device, "align-check", part_type, number]);
    },
  }),
  get_id: fn({
    doc: "Returns the type of a partition, as sfdisk names it: `83`.",
    args: { device, minor },
    example: "salt '*' partition.get_id /dev/sda 1",
    run: (ctx, { device, minor }) =>
      lines(ctx, ["sfdisk", "--part-type", diskOf(device), numberOf(minor, "get_id")]),
  }),
  system_types: fn({
    doc: "Returns the types of partitions that sfdisk knows.",
    args: {},
    example: "salt '*' partition.system_types",
    run: (ctx) => systemTypes(ctx),
  }),
};

/** Functions that change one partition. */
const changes = {
  mkpart: fn({
    doc: "Makes a partition. Returns what parted says.",
    args: partArgs,
    example: "salt '*' partition.mkpart /dev/sda primary fs_type=fat32 start=0 end=639",
    run: (ctx, args) =>
      mkpart(ctx, args.device, args.part_type, args.fs_type, [args.start, args.end]),
  }),
  mkpartfs: fn({
    doc: "As `mkpart`, which takes its place.",
    args: partArgs,
    example: "salt '*' partition.mkpartfs /dev/sda primary fs_type=fat32 start=0 end=639",
    run: (ctx, args) =>
      mkpart(ctx, args.device, args.part_type, args.fs_type, [args.start, args.end]),
  }),
  mkfs: fn({
    doc: "Makes a file system on a partition.",
    args: { device, fs_type: { type: "string", required: true, doc: "Its kind." } },
    example: "salt '*' partition.mkfs /dev/sda2 fat32",
    run: (ctx, { device, fs_type }) => mkfs(ctx, device, fs_type),
  }),
  name: fn({
    doc: "Names a partition.",
    args: { device, partition, name: { type: "string", required: true, doc: "The name." } },
    example: "salt '*' partition.name /dev/sda 1 'My Documents'",
    run(ctx, { device, partition, name }) {
      const number = numberOf(partition, "name", "partition");
      if (!/^[A-Za-z0-9 _-]*$/.test(name)) {
        throw new CommandExecutionError("Invalid characters passed to partition.name");
      }
      return parted(ctx, device, "name", number, `'${name}'`);
    },
  }),
  rm: fn({
    doc: "Removes a partition.",
    args: { device, minor },
    example: "salt '*' partition.rm /dev/sda 5",
    run: (ctx, { device, minor }) => parted(ctx, device, "rm", numberOf(minor, "rm")),
  }),
  set: fn({
    doc: "Changes a flag of a partition.",
    args: { device, minor, flag, state },
    example: `salt '*' partition.set /dev/sda 1 boot '"on"'`,
    run(ctx, { device, minor, flag, state }) {
      const number = numberOf(minor, "set");
      const word = oneOf(partitionFlags, flag, "flag", "set");
      return parted(ctx, device, "set", number, word, oneOf(onOff, state, "state", "set"));
    },
  }),
  toggle: fn({
    doc: "Turns a flag of a partition over.",
    args: { device, partition, flag },
    example: "salt '*' partition.toggle /dev/sda 1 boot",
    run(ctx, { device, partition, flag }) {
      const number = numberOf(partition, "toggle", "partition number");
      return parted(ctx, device, "toggle", number, oneOf(partitionFlags, flag, "flag", "toggle"));
    },
  }),
  set_id: fn({
    doc: "Sets the type of a partition, as sfdisk names it.",
    args: { device, minor, system_id: { type: "string", required: true, doc: "Such as `83`." } },
    example: "salt '*' partition.set_id /dev/sda 1 83",
    run: (ctx, { device, minor, system_id }) => setId(ctx, device, minor, system_id),
  }),
};

/** Functions that change whole disks, or that only an old parted has. */
const others = {
  probe: fn({
    doc: "Has the kernel read partitions anew, of all disks when none is named.",
    args: { devices: { type: "any", variadic: true, doc: "The disks." } },
    example: "salt '*' partition.probe\nsalt '*' partition.probe /dev/sda /dev/sdb",
    run: (ctx, { devices }) =>
      lines(ctx, ["partprobe", "--", ...devices.map((one) => diskOf(pyStr(one)))]),
  }),
  mklabel: fn({
    doc: "Gives a disk a new, empty table of partitions.",
    args: {
      device,
      label_type: { type: "string", required: true, doc: `One of ${[...labels].join(", ")}.` },
    },
    example: "salt '*' partition.mklabel /dev/sda msdos",
    run: (ctx, { device, label_type }) =>
      parted(ctx, device, "mklabel", oneOf(labels, label_type, "label_type", "mklabel")),
  }),
  disk_set: fn({
    doc: "Changes a flag of a disk.",
    args: { device, flag, state },
    example: `salt '*' partition.disk_set /dev/sda pmbr_boot '"on"'`,
    run(ctx, { device, flag, state }) {
      const word = oneOf(diskFlags, flag, "flag", "disk_set");
      return parted(ctx, device, "disk_set", word, oneOf(onOff, state, "state", "disk_set"));
    },
  }),
  disk_toggle: fn({
    doc: "Turns a flag of a disk over.",
    args: { device, flag },
    example: "salt '*' partition.disk_toggle /dev/sda pmbr_boot",
    run: (ctx, { device, flag }) =>
      parted(ctx, device, "disk_toggle", oneOf(diskFlags, flag, "flag", "disk_toggle")),
  }),
  check: fn({
    doc: "Checks the file system of a partition; parted 2 alone can.",
    args: { device, minor },
    example: "salt '*' partition.check 1",
    run: (ctx, { device, minor }) => parted(ctx, device, "check", numberOf(minor, "check")),
  }),
  cp: fn({
    doc: "Copies the file system of a partition to another; parted 2 alone can.",
    args: {
      device,
      from_minor: { type: "any", required: true, doc: "Number of the partition to copy." },
      to_minor: { type: "any", required: true, doc: "Number of the one to overwrite." },
    },
    example: "salt '*' partition.cp /dev/sda 2 3",
    run: (ctx, { device, from_minor, to_minor }) =>
      parted(ctx, device, "cp", numberOf(from_minor, "cp"), numberOf(to_minor, "cp")),
  }),
  rescue: fn({
    doc: "Looks for a lost partition.",
    args: { device, start: place("Where to look from."), end: place("Where to look to.") },
    example: "salt '*' partition.rescue /dev/sda 0 8056",
    run: (ctx, { device, start, end }) =>
      parted(ctx, device, "rescue", boundary(start), boundary(end)),
  }),
  resize: fn({
    doc: "Moves the ends of a partition; parted 2 alone can.",
    args: { device, minor, start: place("Where it begins."), end: place("Where it ends.") },
    example: "salt '*' partition.resize /dev/sda 3 200 850",
    run: (ctx, { device, minor, start, end }) =>
      parted(ctx, device, "resize", numberOf(minor, "resize"), boundary(start), boundary(end)),
  }),
};

/** The module `partition`. */
export const partedPartition = executionModule({
  name: "parted_partition",
  virtualname: "partition",
  doc: "Partitions of disks, by parted and sfdisk.",
  virtual() {
    const missing = ["parted", "lsblk", "partprobe"].find((program) => which(program) === null);
    return missing === undefined ||
      `The parted execution module failed to load ${missing} binary is not in the path.`;
  },
  functions: { ...readers, ...changes, ...others },
});
