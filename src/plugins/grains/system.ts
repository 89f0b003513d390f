/**
 * Kernel, init, locale, and this process. (`salt/grains/core.py:os_data, locale_info, kernelparams,
 * get_machine_id, get_server_id, path, cwd`, `salt/grains/extra.py:shell`, `minion_process.py`)
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { arch, release, version } from "node:os";
import process from "node:process";
import { timezoneName } from "../../host/mod.ts";
import { shlexSplit } from "../../text/shlex.ts";
import type { DataMap } from "../../types/mod.ts";
import { output, readText, which } from "./host_files.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  arm: "armv7l",
  ia32: "i686",
  ppc64: "ppc64le",
};

export function kernelGrains(): DataMap {
  const nodename = readText("/proc/sys/kernel/hostname") ?? "";
  return {
    kernel: process.platform === "darwin" ? "Darwin" : "Linux",
    nodename,
    kernelrelease: release(),
    kernelversion: readText("/proc/sys/kernel/version") ?? version(),
    cpuarch: ARCHITECTURES[arch()] ?? arch(),
    ...(existsSync("/proc/cmdline") ? { kernelparams: kernelParameters() } : {}),
  };
}

/** Words of the kernel's command line as pairs; null where a word has no single `=`. */
function kernelParameters(): [string, string | null][] {
  const words = shlexSplit(readText("/proc/cmdline") ?? "");
  return words.map((word) => {
    const parts = word.split("=");
    return [parts[0]!, parts.length === 2 ? parts[1]!.replaceAll(/^"|"$/g, "") : null];
  });
}

export async function systemdGrains(): Promise<DataMap> {
  if (which("systemctl") === null || which("localectl") === null) return {};
  const [first = "", features = ""] = (await output("systemctl", "--version") ?? "").split("\n");
  const found = /^systemd (\S+)/.exec(first)?.[1];
  return { systemd: { version: found ?? "UNDEFINED", features: found ? features : "" } };
}

export async function selinuxGrains(): Promise<DataMap> {
  if (which("selinuxenabled") === null) return {};
  const selinux: DataMap = { enabled: await output("selinuxenabled") !== null };
  const mode = await output("getenforce");
  if (mode !== null) selinux["enforced"] = mode;
  return { selinux };
}

/** Which init system runs process 1. */
export function initGrain(): DataMap {
  if (existsSync("/run/systemd/system")) return { init: "systemd" };
  const words = (readText("/proc/1/cmdline") ?? "").split("\0").filter((word) => word !== "");
  const program = words[0]?.split("/").at(-1) ?? "";
  if (["supervisord", "dumb-init", "tini"].includes(program)) return { init: program };
  if (program === "runit" || words.includes("/sbin/my_init")) return { init: "runit" };
  if (program !== "init") return { init: "unknown" };
  try {
    const text = readFileSync(which("init") ?? "/sbin/init", "latin1");
    return {
      init: ["upstart", "sysvinit", "systemd"].find((one) => text.includes(one)) ?? "unknown",
    };
  } catch {
    return { init: "unknown" };
  }
}

export function localeGrain(): DataMap {
  const locale = process.env["LC_ALL"] || process.env["LC_CTYPE"] || process.env["LANG"] || "";
  const [language, encoding] = locale.split(".");
  return {
    locale_info: {
      defaultlanguage: language && language !== "C" && language !== "POSIX" ? language : "en_US",
      defaultencoding: encoding ?? "UTF-8",
      detectedencoding: (encoding ?? "utf-8").toLowerCase(),
      timezone: timezoneName(new Date()),
    },
  };
}

/** What identifies the machine and the minion. */
export function identityGrains(id: string): DataMap {
  const machine = readText("/etc/machine-id") ?? readText("/var/lib/dbus/machine-id");
  const digest = createHash("sha256").update(id).digest("hex");
  return {
    id,
    server_id: Number(BigInt(`0x${digest}`) % (1n << 31n)),
    ...(machine ? { machine_id: machine } : {}),
  };
}

/** Who and where this process is. */
export function processGrains(): DataMap {
  const path = process.env["PATH"] ?? "";
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return {
    cwd: workingFolder(),
    path,
    systempath: path.split(":"),
    shell: process.env["SHELL"] ?? "/bin/sh",
    ps: "ps -efHww",
    pid: process.pid,
    uid,
    gid,
    username: nameIn("/etc/passwd", uid),
    groupname: nameIn("/etc/group", gid),
    transactional: which("transactional-update") !== null,
  };
}

function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}

function nameIn(file: string, id: number): string {
  const line = (readText(file) ?? "").split("\n").find((one) => one.split(":")[2] === String(id));
  return line?.split(":")[0] ?? String(id);
}
