/** File systems: what is mounted, and what is to be. (`salt/modules/mount.py`) @module */
import { chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { atomicWrite, ensureDir } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { findUser } from "../../../process/mod.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { operand, program, runProgram } from "../_program.ts";
import { readSystemFile, writeSystemFile } from "../_system_file.ts";
import { activeMounts, activeSwaps, mountPointOf } from "./active.ts";
import { criteria, type FstabEntry, parseFstab, withEntry, withoutEntry } from "./fstab.ts";

function optionList(opts: Data): string[] {
  if (Array.isArray(opts)) return opts.map(pyStr);
  return opts === null ? [] : pyStr(opts).split(",").filter(Boolean);
}

async function makeFolder(name: string, user: string | null): Promise<void> {
  if (existsSync(name)) return;
  mkdirSync(name, { recursive: true });
  if (user === null) return;
  const owner = await findUser(user);
  if (!owner) throw new CommandExecutionError(`User '${user}' is not available`);
  chownSync(name, owner.uid, owner.gid);
}

interface Mount {
  name: string;
  device: Data;
  mkmnt: boolean;
  fstype: string;
  opts: Data;
  user: string | null;
}

async function run(ctx: ExecContext, argv: string[], user: string | null): Promise<true | string> {
  const { retcode, stderr } = await runProgram(ctx, argv, { runas: user });
  return retcode === 0 ? true : stderr;
}

async function mount(ctx: ExecContext, args: Mount): Promise<true | string> {
  const { device, fstype, user } = args;
  const name = operand(args.name, "a mount point");
  if (args.mkmnt) await makeFolder(name, user);
  if (!pyTruthy(device)) return await run(ctx, ["mount", name], user);
  const opts = optionList(args.opts);
  const options = [
    ...(opts.length > 0 ? ["-o", opts.join(",")] : []),
    ...(fstype ? ["-t", operand(fstype, "a file system")] : []),
  ];
  return await run(ctx, ["mount", ...options, operand(device, "a device"), name], user);
}

async function umount(
  ctx: ExecContext,
  name: string,
  device: string | null,
  user: string | null,
): Promise<true | string> {
  if (!Object.hasOwn(await activeMounts(ctx), name)) {
    return `${name} does not have anything mounted`;
  }
  return await run(ctx, ["umount", operand(device || name, "a mount point")], user);
}

/** A word of `/etc/fstab`; a blank in it is written as octal digits. */
function word(value: Data, what: string): string {
  const text = pyStr(value).replaceAll("\\ ", "\\040");
  if (text === "" || /[\s\0]/.test(text)) {
    throw new SaltInvocationError(`"${text}" cannot be the ${what} of an entry in fstab`);
  }
  return text;
}

interface SetFstab {
  name: string;
  device: string;
  fstype: string;
  opts: Data;
  dump: Data;
  pass_num: Data;
  config: string;
  test: Data;
  match_on: Data;
  not_change: boolean;
}

function readLines(config: string): string[] {
  const text = readSystemFile(config);
  if (text === undefined) throw new CommandExecutionError(`Bad config file "${config}"`);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function writeLines(ctx: ExecContext, config: string, lines: string[]): Promise<void> {
  return writeSystemFile(ctx, config, lines.map((line) => `${line}\n`).join(""));
}

async function setFstab(ctx: ExecContext, args: SetFstab): Promise<string> {
  const { config } = args;
  const matchOn = args.match_on;
  if (typeof matchOn !== "string" && !Array.isArray(matchOn)) {
    throw new CommandExecutionError("match_on must be a string or list of strings");
  }
  const opts = Array.isArray(args.opts) ? args.opts.map(pyStr).join(",") : args.opts;
  const entry: FstabEntry = {
    device: word(args.device, "device"),
    name: word(args.name, "mount point"),
    fstype: word(args.fstype, "file system"),
    opts: word(opts, "options"),
    dump: word(args.dump, "dump field"),
    pass_num: word(args.pass_num, "pass field"),
  };
  const by = criteria(Array.isArray(matchOn) ? matchOn.map(pyStr) : matchOn, args.fstype);
  const { lines, change } = withEntry(readLines(config), entry, by, args.not_change);
  const test = isTrue(args.test) || ctx.opts["test"] === true;
  if (change !== "present" && !test) await writeLines(ctx, config, lines);
  return change;
}

function cacheFile(ctx: ExecContext): string {
  return join(ctx.opts.cachedir, "mounts");
}

/** Mounts that `mount.mounted` has made with options that nobody can read back. */
async function cachedMounts(ctx: ExecContext): Promise<DataMap> {
  const { parseYaml } = await import("../../../serializers/yaml.ts");
  const cache = parseYaml(readSystemFile(cacheFile(ctx)) ?? "", { file: cacheFile(ctx) });
  return isMap(cache) && isMap(cache["mounts"]!) ? cache["mounts"] : {};
}

async function writeCache(ctx: ExecContext, mounts: DataMap): Promise<true> {
  const { dumpYaml } = await import("../../../serializers/yaml.ts");
  try {
    ensureDir(ctx.opts.cachedir);
    await atomicWrite(cacheFile(ctx), dumpYaml({ mounts }), { mode: 0o600 });
  } catch (error) {
    throw new CommandExecutionError(`Unable to write mount cache. ${messageOf(error)}`);
  }
  return true;
}

const name = { type: "string", required: true, doc: "The mount point." } as const;
const device = {
  type: "any",
  default: false,
  doc: "The device; as in fstab if left out.",
} as const;
const user = { type: "string", default: null, doc: "Who mounts." } as const;
const config = { type: "string", default: "/etc/fstab", doc: "Path of the file." } as const;
const opts = { type: "any", default: "defaults", doc: "Options: a list, or text." } as const;
const mkmnt = { type: "bool", default: false, doc: "Make the mount point." } as const;
const fstype = { type: "string", default: "", doc: "Kind of file system." } as const;
const util = { type: "string", default: "mount", doc: "Must be `mount`." } as const;

function checkUtil(name: string): void {
  if (name !== "mount") throw new SaltInvocationError(`Cannot mount by "${name}", only by mount`);
}

const mountFunctions = {
  active: fn({
    doc: "Returns what is mounted, by mount point.",
    args: { extended: { type: "bool", default: false, doc: "All that is known of it." } },
    example: "salt '*' mount.active",
    run: (ctx, args) => activeMounts(ctx, args.extended),
  }),
  is_mounted: fn({
    doc: "Says whether something is mounted at a mount point.",
    args: { name },
    example: "salt '*' mount.is_mounted /mnt/foo",
    run: async (ctx, args) => Object.hasOwn(await activeMounts(ctx), args.name),
  }),
  mount: fn({
    doc: "Mounts a file system. Returns True, or what mount complained of.",
    args: { name, device, mkmnt, fstype, opts, user, util },
    example: "salt '*' mount.mount /mnt/foo /dev/sdz1 True",
    run(ctx, args) {
      checkUtil(args.util);
      return mount(ctx, args);
    },
  }),
  remount: fn({
    doc: "Mounts a file system anew with other options, or for the first time.",
    args: {
      name,
      device: { type: "any", required: true, doc: "The device." },
      mkmnt,
      fstype,
      opts,
      user,
    },
    example: "salt '*' mount.remount /mnt/foo /dev/sdz1 True",
    async run(ctx, args) {
      const mounted = Object.hasOwn(await activeMounts(ctx), args.name);
      const given = optionList(args.opts);
      const wanted = mounted && !given.includes("remount") ? [...given, "remount"] : given;
      return mount(ctx, { ...args, opts: wanted });
    },
  }),
  umount: fn({
    doc: "Unmounts a file system. Returns True, or what umount complained of.",
    args: { name, device: { type: "string", default: null, doc: "The device." }, user, util },
    example: "salt '*' mount.umount /mnt/foo",
    run(ctx, args) {
      checkUtil(args.util);
      return umount(ctx, args.name, args.device, args.user);
    },
  }),
  get_mount_from_path: fn({
    doc: "Returns the mount point below which a path is.",
    args: { path: { type: "string", required: true, doc: "The path." } },
    example: "salt '*' mount.get_mount_from_path /opt/some/nested/path",
    run: (_ctx, args) => mountPointOf(args.path),
  }),
  get_device_from_path: fn({
    doc: "Returns the device on which a path is.",
    args: { path: { type: "string", required: true, doc: "The path." } },
    example: "salt '*' mount.get_device_from_path /",
    async run(ctx, args) {
      const mounts = await activeMounts(ctx);
      const at = mountPointOf(args.path);
      const found = Object.hasOwn(mounts, at) ? mounts[at]! : null;
      return isMap(found) ? found["device"]! : null;
    },
  }),
  is_fuse_exec: fn({
    doc: "Says whether a program mounts through FUSE.",
    args: { cmd: { type: "string", required: true, doc: "Name of the program." } },
    example: "salt '*' mount.is_fuse_exec sshfs",
    async run(ctx, args) {
      let path: string;
      try {
        path = program(ctx, args.cmd);
      } catch {
        return false;
      }
      return (await runProgram(ctx, ["ldd", path])).stdout.includes("libfuse");
    },
  }),
};

const fstabFunctions = {
  fstab: fn({
    doc: "Returns the entries of fstab, by mount point.",
    args: { config },
    example: "salt '*' mount.fstab",
    run: (_ctx, args) =>
      statSync(args.config, { throwIfNoEntry: false })?.isFile()
        ? parseFstab(readSystemFile(args.config) ?? "")
        : {},
  }),
  set_fstab: fn({
    doc: "Sets an entry of fstab. Returns `new`, `change` or `present`.",
    args: {
      name,
      device: { type: "string", required: true, doc: "The device." },
      fstype: { type: "string", required: true, doc: "Kind of file system." },
      opts,
      dump: { type: "any", default: 0, doc: "Whether dump saves it." },
      pass_num: { type: "any", default: 0, doc: "When fsck checks it." },
      config,
      test: { type: "any", default: false, doc: "Change nothing, only say what would be." },
      match_on: {
        type: "any",
        default: "auto",
        doc: "Words of an entry by which it is found again: device, name, fstype, opts …; by the " +
          "device, or the mount point of file systems that have none, when left out.",
      },
      not_change: { type: "bool", default: false, doc: "Leave an entry that is there as it is." },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    example: "salt '*' mount.set_fstab /mnt/foo /dev/sdz1 ext4",
    run: (ctx, args) => setFstab(ctx, args),
  }),
  rm_fstab: fn({
    doc: "Removes the entry of a device at a mount point from fstab.",
    args: { name, device: { type: "string", required: true, doc: "The device." }, config },
    example: "salt '*' mount.rm_fstab /mnt/foo /dev/sdg",
    async run(ctx, args) {
      const before = readLines(args.config);
      const after = withoutEntry(before, args.name, args.device);
      if (after.length < before.length) await writeLines(ctx, args.config, after);
      return true;
    },
  }),
};

const swapName = { type: "string", required: true, doc: "The device or file." } as const;

const swapFunctions = {
  swaps: fn({
    doc: "Returns where memory is swapped to.",
    args: {},
    example: "salt '*' mount.swaps",
    run: () => activeSwaps(),
  }),
  swapon: fn({
    doc: "Lets memory be swapped to a device or file.",
    args: {
      name: swapName,
      priority: { type: "int", default: null, doc: "The highest one is used first." },
    },
    example: "salt '*' mount.swapon /root/swapfile",
    async run(ctx, args) {
      const before = activeSwaps();
      if (Object.hasOwn(before, args.name)) return { stats: before[args.name]!, new: false };
      const priority = args.priority ? ["-p", String(args.priority)] : [];
      await runProgram(ctx, ["swapon", ...priority, operand(args.name, "a device")]);
      const after = activeSwaps();
      return Object.hasOwn(after, args.name) ? { stats: after[args.name]!, new: true } : {};
    },
  }),
  swapoff: fn({
    doc: "Lets memory be swapped to a device or file no more. Nothing is returned when it was not.",
    args: { name: swapName },
    example: "salt '*' mount.swapoff /root/swapfile",
    async run(ctx, args) {
      if (!Object.hasOwn(activeSwaps(), args.name)) return null;
      await runProgram(ctx, ["swapoff", operand(args.name, "a device")]);
      return !Object.hasOwn(activeSwaps(), args.name);
    },
  }),
};

const cacheFunctions = {
  read_mount_cache: fn({
    doc: "Returns the options with which a state has mounted a file system.",
    args: { name },
    example: "salt '*' mount.read_mount_cache /mnt/share",
    async run(ctx, args) {
      const mounts = await cachedMounts(ctx);
      return Object.hasOwn(mounts, args.name) ? mounts[args.name]! : {};
    },
  }),
  write_mount_cache: fn({
    doc: "Notes the options with which a state has mounted a file system.",
    args: {
      real_name: name,
      device: { type: "any", required: true, doc: "The device." },
      mkmnt: { type: "any", required: true, doc: "Whether the mount point was made." },
      fstype: { type: "any", required: true, doc: "Kind of file system." },
      mount_opts: { type: "any", required: true, doc: "The options." },
    },
    example: "salt '*' mount.write_mount_cache /mnt/share /dev/sda1 False ext4 defaults",
    async run(ctx, { real_name: at, mount_opts: opts, device, mkmnt, fstype }) {
      const mounts = await cachedMounts(ctx);
      return await writeCache(ctx, { ...mounts, [at]: { device, fstype, mkmnt, opts } });
    },
  }),
  delete_mount_cache: fn({
    doc: "Forgets the options with which a state has mounted a file system.",
    args: { real_name: name },
    example: "salt '*' mount.delete_mount_cache /mnt/share",
    async run(ctx, args) {
      const { [args.real_name]: gone, ...rest } = await cachedMounts(ctx);
      return gone === undefined || await writeCache(ctx, rest);
    },
  }),
};

/** The module `mount`. */
export const mountModule = executionModule({
  name: "mount",
  doc: "File systems: what is mounted, and what is to be.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: { ...mountFunctions, ...fstabFunctions, ...swapFunctions, ...cacheFunctions },
});
