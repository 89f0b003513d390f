/**
 * What is mounted now, and where memory is swapped to.
 * (`salt/modules/mount.py`: `_active_mounts`, `_active_mountinfo`, `swaps`)
 * @module
 */
import { realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { messageOf } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { findGroup, findUser, which } from "../../../process/mod.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { readSystemFile } from "../_system_file.ts";

/** Options in which a user or a group stands by its id. */
async function withIds(opts: string): Promise<string[]> {
  return await Promise.all(
    opts.split(",").map(async (option) => {
      const [key = "", value = ""] = option.split("=");
      if ((key === "uid" || key === "gid") && !/^\d+$/.test(value)) {
        const id = key === "uid" ? (await findUser(value))?.uid : (await findGroup(value))?.gid;
        return id === undefined ? option : `${key}=${id}`;
      }
      return option.replaceAll("\\040", "\\ ");
    }),
  );
}

/** Devices by mount point as `mount -l` names them. */
export function parseMountList(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => line.split(/\s+/).filter(Boolean));
  return new Map(lines.filter((words) => words.length >= 3).map((words) => [words[2]!, words[0]!]));
}

async function otherNames(ctx: ExecContext): Promise<Map<string, string>> {
  if (which("mount") === null) return new Map();
  const { stdout } = await runProgram(ctx, ["mount", "-l"], { ignoreRetcode: true });
  return parseMountList(stdout);
}

/** `/proc/self/mounts`, by mount point. */
export async function parseMounts(text: string, others: Map<string, string>): Promise<DataMap> {
  const lines = text.split("\n").map((line) => line.split(" ")).filter((words) => words.length > 3);
  const mounts = await Promise.all(lines.map(async ([device, name, fstype, opts]) => {
    const alt_device = others.get(name!) ?? null;
    return [name!, { device: device!, alt_device, fstype: fstype!, opts: await withIds(opts!) }];
  }));
  return Object.fromEntries(mounts);
}

/** `/proc/self/mountinfo`, by mount point. */
export async function parseMountInfo(
  text: string,
  others: Map<string, string>,
  devices: DataMap,
): Promise<DataMap> {
  const lines = text.split("\n").map((line) => line.split(" ")).filter((words) => words.length > 8);
  const mounts = await Promise.all(lines.map(async (words) => {
    const [mountid, parentid, device = "", root, name, opts = ""] = words;
    const [fstype, source = "", superopts = ""] = words.slice(words.indexOf("-") + 1);
    const [major = "", minor = ""] = device.split(":");
    const known = Object.hasOwn(devices, source) ? devices[source]! : null;
    const about = isMap(known) ? known : {};
    const uuid = about["UUID"];
    return [name!, {
      mountid: mountid!,
      parentid: parentid!,
      major,
      minor,
      root: root!,
      opts: await withIds(opts),
      fstype: fstype!,
      device: source.replaceAll("\\040", "\\ "),
      alt_device: others.get(name!) ?? null,
      superopts: await withIds(superopts),
      device_uuid: typeof uuid === "string" ? uuid.toLowerCase() : null,
      device_label: about["LABEL"] ?? null,
    }];
  }));
  return Object.fromEntries(mounts);
}

/** What block devices are called, where that can be found out. */
async function blockDevices(ctx: ExecContext): Promise<DataMap> {
  try {
    const found = await ctx.salt("disk.blkid");
    return isMap(found) ? found : {};
  } catch (error) {
    ctx.log.debug(`Block devices cannot be read: ${messageOf(error)}`);
    return {};
  }
}

/** What is mounted, by mount point. */
export async function activeMounts(ctx: ExecContext, extended = false): Promise<DataMap> {
  const others = await otherNames(ctx);
  const info = extended ? readSystemFile("/proc/self/mountinfo") : undefined;
  if (info !== undefined) return await parseMountInfo(info, others, await blockDevices(ctx));
  return await parseMounts(readSystemFile("/proc/self/mounts") ?? "", others);
}

/** `/proc/swaps`, by device or file. */
export function parseSwaps(text: string): DataMap {
  const lines = text.split("\n").slice(1).map((line) => line.split(/\s+/).filter(Boolean));
  return Object.fromEntries(
    lines.filter((words) => words.length >= 5).map(([name, type, size, used, priority]) => [
      name!,
      { type: type!, size: size!, used: used!, priority: priority! },
    ]),
  );
}

/** Where memory is swapped to. */
export function activeSwaps(): DataMap {
  return parseSwaps(readSystemFile("/proc/swaps") ?? "");
}

/** The mount point below which a path is; links are followed. */
export function mountPointOf(path: string): string {
  let at = realpathSync(resolve(path));
  while (at !== "/" && statSync(at).dev === statSync(dirname(at)).dev) at = dirname(at);
  return at;
}
