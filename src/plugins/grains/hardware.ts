/**
 * Processor, memory, firmware, disks and what the machine is made of. (`salt/grains/core.py:
 * _linux_cpudata, _linux_memdata, _hw_data, _linux_gpu_data`, `salt/grains/disks.py`, `extra.py:uefi`)
 * @module
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { DataMap } from "../../types/mod.ts";
import { output, readText, which } from "./host_files.ts";

/** `/proc/cpuinfo` of any architecture. */
export function parseCpuInfo(text: string): DataMap {
  let [count, model, flags]: [number, string, string[]] = [0, "Unknown", []];
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const [key, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (key === "processor") count += 1;
    else if (key === "# processors") count = Number(value);
    else if (["vendor_id", "model name", "cpu"].includes(key)) model = value;
    else if (key === "flags" || key === "Features") flags = value.split(/\s+/);
    else if (key === "Processor") [model, count] = [value.split("-")[0]!, 1];
  }
  return { num_cpus: count, cpu_model: model, cpu_flags: flags };
}

/** Memory and swap in MiB, from `/proc/meminfo`. */
export function parseMemInfo(text: string): DataMap {
  const kib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return {
    mem_total: Math.floor(kib("MemTotal") / 1024),
    swap_total: Math.floor(kib("SwapTotal") / 1024),
  };
}

const FIRMWARE: Readonly<Record<string, string>> = {
  biosversion: "bios_version",
  biosvendor: "bios_vendor",
  boardname: "board_name",
  productname: "product_name",
  manufacturer: "sys_vendor",
  biosreleasedate: "bios_date",
  uuid: "product_uuid",
  serialnumber: "product_serial",
};

export function firmwareGrains(): DataMap {
  const grains: DataMap = {};
  for (const [grain, file] of Object.entries(FIRMWARE)) {
    const text = readText(`/sys/class/dmi/id/${file}`);
    if (text !== null) grains[grain] = grain === "uuid" ? text.toLowerCase() : text;
  }
  return { ...grains, ...deviceTreeGrains() };
}

/** Boards without DMI describe themselves in the device tree. */
function deviceTreeGrains(): DataMap {
  const read = (name: string) => readText(`/proc/device-tree/${name}`)?.replace(/\0+$/, "") || null;
  const grains: DataMap = {};
  const model = read("model");
  if (model) {
    const comma = model.indexOf(",");
    if (comma > 0) grains["manufacturer"] = model.slice(0, comma);
    grains["productname"] = model.slice(comma + 1);
  }
  const serial = read("serial-number") ?? read("system-id");
  if (serial) grains["serialnumber"] = serial;
  return grains;
}

/** Real block devices, those that turn and those that do not. */
export function diskGrains(): DataMap {
  const [disks, ssds]: string[][] = [[], []];
  for (const name of listDir("/sys/block")) {
    try {
      if (readlinkSync(join("/sys/block", name)).startsWith("../devices/virtual/")) continue;
    } catch {
      continue;
    }
    const flag = readText(`/sys/block/${name}/queue/rotational`);
    if (flag === "1") disks!.push(name);
    else if (flag === "0") ssds!.push(name);
  }
  return { disks: disks!, ssds: ssds! };
}

const GPU_CLASSES = [
  "3d controller",
  "display controller",
  "processing accelerators",
  "vga compatible controller",
];
const GPU_VENDORS = ["nvidia", "amd", "ati", "intel", "cirrus logic", "vmware", "matrox", "aspeed"];

/** Graphics devices in the output of `lspci -vmm`. */
export function parseGpus(text: string): { vendor: string; model: string }[] {
  return text.split("\n\n").flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(block)?.[1] ?? "";
    if (!GPU_CLASSES.includes(field("Class").toLowerCase())) return [];
    const words = field("Vendor").toLowerCase().split(/[^a-z0-9]/);
    const vendor = GPU_VENDORS.find((name) => words.includes(name)) ?? "unknown";
    return [{ vendor, model: field("Device") }];
  });
}

export async function gpuGrains(wanted: boolean): Promise<DataMap> {
  const text = wanted && existsSync("/proc/bus/pci") ? await output("lspci", "-vmm") : null;
  const gpus = parseGpus(text ?? "");
  return { num_gpus: gpus.length, gpus };
}

export function efiGrains(): DataMap {
  const dir = ["/sys/firmware/efi/efivars", "/sys/firmware/efi/vars"].find(existsSync);
  return { efi: dir !== undefined, "efi-secure-boot": dir !== undefined && secureBoot(dir) };
}

function secureBoot(dir: string): boolean {
  const entry = listDir(dir).find((name) => name.startsWith("SecureBoot-"));
  if (entry === undefined) return false;
  try {
    const file = dir.endsWith("efivars") ? join(dir, entry) : join(dir, entry, "data");
    return readFileSync(file).at(-1) === 1;
  } catch {
    return false;
  }
}

export async function zfsGrains(): Promise<DataMap> {
  const support = which("zpool") !== null && existsSync("/sys/module/zfs");
  const help = support ? await output("zpool", "get", "-H", "feature@") : null;
  return { zfs_support: support, zfs_feature_flags: help !== null };
}

function listDir(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
