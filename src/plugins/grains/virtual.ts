/**
 * Whether the machine is a real one. (`salt/grains/core.py:_virtual`)
 * @module
 */
import { existsSync, statSync } from "node:fs";
import type { DataMap } from "../../types/mod.ts";
import { output, readText } from "./host_files.ts";

/** What `systemd-detect-virt` says, in Salt's words; null leaves the question open. */
export function fromSystemd(word: string): DataMap | null {
  const plain = ["qemu", "kvm", "oracle", "xen", "bochs", "chroot", "uml", "systemd-nspawn"];
  if (plain.includes(word)) return { virtual: word };
  const containers: Record<string, string> = { lxc: "LXC", podman: "Podman", docker: "Docker" };
  for (const [name, subtype] of Object.entries(containers)) {
    if (word.includes(name)) return { virtual: "container", virtual_subtype: subtype };
  }
  if (word.includes("vmware")) return { virtual: "VMware" };
  if (word.includes("microsoft")) return { virtual: "VirtualPC" };
  if (word.includes("amazon")) return { virtual: "Nitro", virtual_subtype: "Amazon EC2" };
  return null;
}

/** The same from the firmware's vendor and product, for hosts without systemd. */
export function fromFirmware(vendor: string, product: string): DataMap | null {
  const text = `${vendor} ${product}`;
  if (/QEMU|Bochs|SeaBIOS|Google/.test(text)) return { virtual: "kvm" };
  if (/oVirt/.test(text)) return { virtual: "kvm", virtual_subtype: "ovirt" };
  if (/RHEV/.test(text)) return { virtual: "kvm", virtual_subtype: "rhev" };
  if (/VirtualBox|innotek/i.test(text)) return { virtual: "VirtualBox" };
  if (/VMware/.test(text)) return { virtual: "VMware" };
  if (/Microsoft/.test(text) && /Virtual Machine/.test(product)) return { virtual: "VirtualPC" };
  if (/Parallels/.test(text)) return { virtual: "Parallels" };
  if (/BHYVE/.test(text)) return { virtual: "bhyve" };
  if (/Amazon EC2/.test(text)) return { virtual: "Nitro", virtual_subtype: "Amazon EC2" };
  return null;
}

export async function virtualGrains(): Promise<DataMap> {
  const grains: DataMap = { virtual: "physical" };
  const word = await output("systemd-detect-virt");
  const vendor = readText("/sys/class/dmi/id/sys_vendor") ?? "";
  const product = readText("/sys/class/dmi/id/product_name") ?? "";
  Object.assign(grains, (word ? fromSystemd(word) : null) ?? fromFirmware(vendor, product));
  Object.assign(grains, containerGrains());
  if (rootIsChanged()) grains["virtual_subtype"] = "chroot";
  if (existsSync("/proc/xen") || existsSync("/sys/bus/xen")) {
    grains["virtual"] = "xen";
    grains["virtual_subtype"] ??= existsSync("/proc/xen/xsd_kva") ? "Xen Dom0" : "Xen PV DomU";
  }
  return grains;
}

/** A container leaves marks of its own. */
function containerGrains(): DataMap {
  const subtype = existsSync("/.dockerenv")
    ? "Docker"
    : existsSync("/run/.containerenv")
    ? "Podman"
    : subtypeOfCgroup(readText("/proc/1/cgroup") ?? "");
  return subtype === null ? {} : { virtual: "container", virtual_subtype: subtype };
}

/** Which container engine made the control group of process 1. */
export function subtypeOfCgroup(text: string): string | null {
  if (text.includes(":/lxc/") || text.includes("lxc.payload")) return "LXC";
  if (/kubepods/.test(text)) return "kubernetes";
  if (/:\/docker|\/system\.slice\/docker/.test(text)) return "Docker";
  if (/libpod/.test(text)) return "Podman";
  return null;
}

function rootIsChanged(): boolean {
  try {
    const [own, init] = [statSync("/"), statSync("/proc/1/root/.")];
    return own.ino !== init.ino || own.dev !== init.dev;
  } catch {
    return false;
  }
}
