/**
 * Which distribution this is, from `/etc/os-release`, `/etc/lsb-release` and their older kin.
 *
 * The steps and their order are Salt's, odd as they are: `os`, `osrelease` and `osfinger` must come
 * out alike. (`salt/grains/core.py`: `_linux_distribution_data`, `_legacy_linux_distribution_data`)
 * @module
 */
import { output, readText } from "./host_files.ts";
import type { DataMap } from "../../types/mod.ts";
import { osByIdAndName, osFamilies, osNames } from "./os_names.ts";

/** Reads one of the system's files by its path; null when there is none. */
export type ReadFile = (path: string) => string | null;

/** Text variables such as those of `os-release`. */
type Variables = Record<string, string | undefined>;

/** Variables of a file in the form of shell assignments. */
export function parseRelease(text: string): Variables {
  const values: Variables = {};
  for (const line of text.split("\n")) {
    const match = /^(\w+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim());
    if (!match) continue;
    const value = match[2] ?? match[3] ?? match[4] ?? "";
    values[match[1]!] = value.replace(/\\([$"'\\`])/g, "$1");
  }
  return values;
}

function osRelease(read: ReadFile): Variables | null {
  const text = read("/etc/os-release") ?? read("/usr/lib/os-release");
  if (text === null) return null;
  return { NAME: "Linux", ID: "linux", PRETTY_NAME: "Linux", ...parseRelease(text) };
}

/** `lsb_distrib_id` and its like, of `/etc/lsb-release`. */
function lsbGrains(read: ReadFile): Record<string, string> {
  const grains: Record<string, string> = {};
  for (const line of (read("/etc/lsb-release") ?? "").split("\n")) {
    const match = /^(DISTRIB_(?:ID|RELEASE|CODENAME|DESCRIPTION))=(?:'|")?([\w\s.\-_]+)(?:'|")?/u
      .exec(line);
    if (match) grains[`lsb_${match[1]!.toLowerCase()}`] = match[2]!.trimEnd();
  }
  return grains;
}

function osName(fullName: string, id?: string): string {
  const known = osByIdAndName[`${id}/${fullName}`];
  if (known !== undefined) return known;
  const name = fullName.replace(/[^\p{L}\p{N}_](?:gnu\/)?linux/giu, "").trim();
  const short = name.replaceAll(" ", "").toLowerCase().slice(0, 10);
  return osNames[short] ?? name;
}

function codenameQuirk(release: Variables): string | undefined {
  if (release["ID"] === "astra") return release["VARIANT_ID"];
  if (release["ID"] !== "almalinux" && release["ID"] !== "rocky") return undefined;
  return /^\d[\d.+\-a-z]* \((.+)\)/.exec(release["VERSION"] ?? "")?.[1];
}

/** Grains of the first step: what `os-release` says by itself. */
function releaseGrains(release: Variables): Record<string, string> {
  const name = release["NAME"]!;
  const codename = release["VERSION_CODENAME"] || codenameQuirk(release);
  return {
    os: osName(name, release["ID"]),
    osfullname: name.trim(),
    ...(codename ? { oscodename: codename } : {}),
  };
}

/** Vendor and version of a CPE name, in either of its two notations. */
function parseCpe(name: string): { vendor?: string; version?: string } {
  const parts = name.split(":");
  if (parts[0] !== "cpe" || parts.length <= 4) return {};
  const at = parts[1]!.startsWith("/") ? 2 : parts[1] === "2.3" && parts.length >= 6 ? 3 : 0;
  if (at === 0) return {};
  const [vendor, , version] = parts.slice(at);
  return {
    ...(vendor && vendor !== "*" ? { vendor } : {}),
    ...(version && version !== "*" ? { version } : {}),
  };
}

function lsbFromRelease(grains: Record<string, string>, release: Variables): void {
  grains["lsb_distrib_id"] = release["NAME"]!.trim();
  if (release["VERSION_ID"] !== undefined) grains["lsb_distrib_release"] = release["VERSION_ID"];
  grains["lsb_distrib_codename"] = release["VERSION_CODENAME"] ?? release["PRETTY_NAME"]!;
  const { vendor, version } = parseCpe(release["CPE_NAME"] ?? "");
  if (vendor?.toLowerCase() === "suse" || vendor?.toLowerCase() === "opensuse") {
    grains["os"] = "SUSE";
    if (release["NAME"] === "openSUSE Leap") grains["osfullname"] = "Leap";
    else if (release["VERSION"] === "Tumbleweed") grains["osfullname"] = "Tumbleweed";
    if (version && vendor === "opensuse") grains["lsb_distrib_release"] = version;
  }
  if (release["ID"]?.trim() === "mendel") {
    const words = release["PRETTY_NAME"]!.split(/\s+/);
    if (words.length >= 3) grains["lsb_distrib_release"] = words[2]!;
  }
}

/** Systems from before `os-release`. */
function lsbFromOldFiles(grains: Record<string, string>, read: ReadFile): void {
  const suse = read("/etc/SuSE-release");
  const centos = read("/etc/centos-release");
  if (suse !== null) {
    grains["lsb_distrib_id"] = /enterprise/i.test(suse) ? "SLES" : "SUSE";
    const version = /^version\s*=\s*(.*)$/im.exec(suse)?.[1]?.replace(/[^0-9]/g, "") ?? "";
    const patch = /^patchlevel\s*=\s*(.*)$/im.exec(suse)?.[1]?.replace(/[^0-9]/g, "") ?? "";
    grains["lsb_distrib_release"] = patch ? `${version}.${patch}` : version;
    const first = /^.*enterprise.*$/im.exec(suse)?.[0].replace(/\(.+\)/, "").trim();
    const codename = first && patch && !first.includes(`SP${patch}`)
      ? `${first} SP${patch}`
      : first;
    grains["lsb_distrib_codename"] = codename || "n.a";
  } else if (centos !== null) {
    grains["lsb_distrib_id"] = "CentOS";
    const release = /\d+\.\d+/.exec(centos)?.[0];
    const codename = /\((.*?)\)/.exec(centos)?.[1];
    if (release) grains["lsb_distrib_release"] = release;
    if (codename) grains["lsb_distrib_codename"] = codename;
  }
}

/** The most exact version that any file tells. (`distro.version(best=True)`) */
function bestVersion(release: Variables, read: ReadFile): string {
  const pretty = /(\d[\d.+\-a-z]*)/.exec(release["PRETTY_NAME"] ?? "")?.[1];
  const found = [release["VERSION_ID"], pretty];
  for (const name of ["centos", "redhat", "rocky", "almalinux", "oracle", "fedora", "system"]) {
    const text = read(`/etc/${name}-release`);
    if (text !== null) found.push(/release (\d[\d.+\-a-z]*)/.exec(text)?.[1]);
  }
  const ids = `${release["ID"]} ${release["ID_LIKE"] ?? ""}`.split(" ");
  if (ids.includes("debian")) found.push(read("/etc/debian_version")?.trim());
  const dots = (text: string) => text.split(".").length;
  return found.filter((text) => text !== undefined && text !== "").reduce<string>(
    (best, text) => best === "" || dots(text!) > dots(best) ? text! : best,
    "",
  );
}

/** The codename that the files tell. (`distro.codename()`) */
function anyCodename(release: Variables): string {
  if (release["VERSION_CODENAME"] !== undefined) return release["VERSION_CODENAME"];
  if (release["UBUNTU_CODENAME"] !== undefined) return release["UBUNTU_CODENAME"];
  const version = release["VERSION"] ?? "";
  return /\((?=\D)(.*?)\)|,\s*(\D+)$/.exec(version)?.slice(1).find(Boolean)?.trim() ?? "";
}

/** Names and versions of the distribution. */
export function distributionGrains(read: ReadFile = readText): Record<string, string> {
  const grains = lsbGrains(read);
  const release = osRelease(read);
  if (release) Object.assign(grains, releaseGrains(release));
  if (grains["lsb_distrib_description"]?.toLowerCase().startsWith("antergos")) {
    grains["osfullname"] = "Antergos Linux";
  } else if (grains["lsb_distrib_id"] === undefined) {
    if (release) lsbFromRelease(grains, release);
    else lsbFromOldFiles(grains, read);
  }
  return finish(grains, release ?? {}, read);
}

function finish(
  grains: Record<string, string>,
  release: Variables,
  read: ReadFile,
): Record<string, string> {
  grains["osfullname"] ??= (grains["lsb_distrib_id"] ?? release["NAME"] ?? "").trim();
  // These two say only the major number in os-release; centos-release has all of it.
  if (/CentOS Linux [78]/.test(grains["lsb_distrib_codename"] ?? "")) {
    delete grains["lsb_distrib_release"];
  }
  grains["osrelease"] = (grains["lsb_distrib_release"] ?? bestVersion(release, read)).trim();
  const codename = grains["lsb_distrib_codename"] ?? "";
  const bracketed = /\(([^)]*)/.exec(codename)?.[1];
  if (bracketed !== undefined && /Rocky|AlmaLinux/.test(grains["os"] ?? "")) {
    grains["lsb_distrib_codename"] = bracketed;
  } else if (bracketed !== undefined && /AstraLinuxSE/.test(grains["os"] ?? "")) {
    grains["lsb_distrib_codename"] = bracketed.split(/\s+/)[0]!.toLowerCase();
  }
  grains["oscodename"] = grains["lsb_distrib_codename"]?.trim() || anyCodename(release);
  if (grains["oscodename"].includes("Red Hat")) grains["oscodename"] = anyCodename(release);
  grains["os"] ??= osName(grains["osfullname"]);
  grains["os_family"] = osFamilies[grains["os"]] ?? grains["os"];
  return grains;
}

/** `osrelease_info`, `osmajorrelease` and `osfinger`. (`_osrelease_data`) */
export function releaseInfo(os: string, fullName: string, release: string): DataMap {
  if (release === "") return {};
  const info = release.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
  const [major] = info;
  const name = os === "Debian" || os === "Raspbian" ? os : fullName;
  const exact = os === "Ubuntu" || os === "Pop";
  return {
    osrelease_info: info,
    ...(typeof major === "number" ? { osmajorrelease: major } : {}),
    osfinger: `${name}-${exact ? release : major}`,
  };
}

/** The architecture as the package manager calls it. (`_osarch`) */
async function packageArchitecture(family: string, cpuarch: string): Promise<string> {
  if (family === "Debian") return await output("dpkg", "--print-architecture") ?? cpuarch;
  if (family === "RedHat" || family === "Suse") {
    return await output("rpm", "--eval", "%{_host_cpu}") ?? cpuarch;
  }
  return cpuarch;
}

/** Names and versions of this machine's distribution. */
export async function osGrains(cpuarch: string): Promise<DataMap> {
  const grains = distributionGrains();
  return {
    ...grains,
    ...releaseInfo(grains["os"]!, grains["osfullname"]!, grains["osrelease"]!),
    osarch: await packageArchitecture(grains["os_family"]!, cpuarch),
  };
}
