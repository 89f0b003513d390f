/**
 * Which Linux distribution this is. (`salt/grains/core.py:_linux_distribution_data, _osrelease_data`)
 * @module
 */
import type { DataMap } from "../../types/mod.ts";
import { output, readText } from "./host_files.ts";

/** First ten letters of a distribution's long name to the short name that Salt has always used. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  alibabaclo: "Alinux",
  almalinux: "AlmaLinux",
  alt: "ALT",
  amazonami: "Amazon",
  antergos: "Antergos",
  arch: "Arch",
  archarm: "Arch ARM",
  chapeau: "Chapeau",
  cloudlinux: "CloudLinux",
  cloudserve: "CloudLinux",
  debian: "Debian",
  enterprise: "OEL",
  fedoraremi: "Fedora",
  gentoobase: "Gentoo",
  korora: "Korora",
  linuxmint: "Mint",
  manjaro: "Manjaro",
  manjarolin: "Manjaro",
  mendel: "Mendel",
  neon: "KDE neon",
  nilrt: "NILinuxRT",
  oracleserv: "OEL",
  photon: "VMware Photon OS",
  pidora: "Fedora",
  poky: "Poky",
  pop: "Pop",
  raspbian: "Raspbian",
  redhatente: "RedHat",
  rocky: "Rocky",
  scientific: "ScientificLinux",
  sles: "SUSE",
  slesexpand: "RES",
  synology: "Synology",
  univention: "Univention",
  void: "Void",
};

/** Families of distributions whose os-release does not lead there. */
const FAMILIES: Readonly<Record<string, string>> = {
  ALT: "RedHat",
  Alinux: "RedHat",
  AlmaLinux: "RedHat",
  Amazon: "RedHat",
  Antergos: "Arch",
  "Arch ARM": "Arch",
  CentOS: "RedHat",
  "CentOS Stream": "RedHat",
  CloudLinux: "RedHat",
  Deepin: "Debian",
  Devuan: "Debian",
  EndeavourOS: "Arch",
  Fedora: "RedHat",
  Funtoo: "Gentoo",
  "KDE neon": "Debian",
  Kali: "Debian",
  Manjaro: "Arch",
  Mendel: "Debian",
  Mint: "Debian",
  NILinuxRT: "NILinuxRT",
  OEL: "RedHat",
  OSMC: "Debian",
  Pop: "Debian",
  RES: "RedHat",
  Raspbian: "Debian",
  RedHat: "RedHat",
  Rocky: "RedHat",
  SLED: "Suse",
  SLES: "Suse",
  SLES_SAP: "Suse",
  SUSE: "Suse",
  ScientificLinux: "RedHat",
  Ubuntu: "Debian",
  Univention: "Debian",
  "VMware Photon OS": "RedHat",
  Void: "Void",
  openSUSE: "Suse",
  "openSUSE Leap": "Suse",
  "openSUSE Tumbleweed": "Suse",
};

/** `KEY=value` lines, values with or without quotes. (os-release(5)) */
export function parseAssignments(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(value);
    found[key] = (quoted ? quoted[2]! : value).replaceAll(/\\(["'$`\\])/g, "$1");
  }
  return found;
}

/** The os grains that an os-release file gives. */
export function distributionGrains(release: Record<string, string>): DataMap {
  const id = release["ID"] ?? "linux";
  const name = (release["NAME"] ?? "Linux").trim();
  const plain = name.replaceAll(/\W(gnu\/)?linux/gi, "").trim();
  const short = plain.replaceAll(" ", "").toLowerCase().slice(0, 10);
  const os = id === "sles" ? "SUSE" : SHORT_NAMES[short] ?? plain;
  const grains: DataMap = { os, os_family: FAMILIES[os] ?? familyOf(id, release["ID_LIKE"]) };
  const codename = release["VERSION_CODENAME"] || codenameOf(release);
  if (codename) grains["oscodename"] = codename;
  grains["osfullname"] = name;
  const osrelease = release["VERSION_ID"];
  if (!osrelease) return grains;
  const parts = osrelease.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
  grains["osrelease"] = osrelease;
  grains["osrelease_info"] = parts;
  if (typeof parts[0] === "number") grains["osmajorrelease"] = parts[0];
  const fingerName = os === "Debian" || os === "Raspbian" ? os : name;
  grains["osfinger"] = `${fingerName}-${os === "Ubuntu" || os === "Pop" ? osrelease : parts[0]}`;
  return grains;
}

/** The oldest ancestor; Debian's wherever it is among them. */
function familyOf(id: string, like: string | undefined): string {
  const ids = [id, ...(like ?? "").split(/\s+/).filter((one) => one !== "")];
  const oldest = ids.includes("debian") || ids.includes("ubuntu") ? "debian" : ids.at(-1)!;
  if (oldest === "fedora" || oldest === "rhel") return "RedHat";
  if (oldest === "suse" || oldest === "opensuse") return "Suse";
  return oldest.charAt(0).toUpperCase() + oldest.slice(1);
}

/** Some tell their codename only in brackets: `8.5 (Arctic Sphynx)`. */
function codenameOf(release: Record<string, string>): string | undefined {
  if (!["almalinux", "rocky", "rhel", "centos", "ol"].includes(release["ID"] ?? "")) {
    return undefined;
  }
  return /\((.+)\)/.exec(release["VERSION"] ?? "")?.[1];
}

/** os-release, the lsb names, and the architecture as the package manager calls it. */
export async function osGrains(cpuarch: string): Promise<DataMap> {
  const text = readText("/etc/os-release") ?? readText("/usr/lib/os-release") ?? "";
  const release = parseAssignments(text);
  const grains = distributionGrains(release);
  const lsb = parseAssignments(readText("/etc/lsb-release") ?? "");
  const named: [string, string | undefined][] = [
    ["lsb_distrib_id", lsb["DISTRIB_ID"] ?? release["NAME"]],
    ["lsb_distrib_release", lsb["DISTRIB_RELEASE"] ?? release["VERSION_ID"]],
    ["lsb_distrib_codename", lsb["DISTRIB_CODENAME"] ?? release["VERSION_CODENAME"]],
    ["lsb_distrib_description", lsb["DISTRIB_DESCRIPTION"]],
  ];
  for (const [key, value] of named) if (value) grains[key] = value;
  grains["osarch"] = await packageArchitecture(String(grains["os_family"]), cpuarch);
  return grains;
}

async function packageArchitecture(family: string, cpuarch: string): Promise<string> {
  if (family === "Debian") return await output("dpkg", "--print-architecture") ?? cpuarch;
  if (family === "RedHat" || family === "Suse") {
    return await output("rpm", "--eval", "%{_host_cpu}") ?? cpuarch;
  }
  return cpuarch;
}
