/** The time zone and the hardware clock. (`salt/modules/timezone.py`) @module */
import { existsSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join, normalize, resolve } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import { runProgram } from "./_program.ts";
import { readSystemFile, writeSystemFile } from "./_system_file.ts";

const zoneFolder = "/usr/share/zoneinfo";
const localtime = "/etc/localtime";

async function timedatectl(ctx: ExecContext): Promise<string> {
  const { retcode, stdout, stderr } = await runProgram(ctx, ["timedatectl"], {
    ignoreRetcode: true,
  });
  if (retcode === 0) return stdout;
  throw new CommandExecutionError(`timedatectl failed: ${stderr}`);
}

/** The zone that `timedatectl` names. @throws CommandExecutionError when it names none. */
export function parseZone(text: string): string {
  const found = /^\s*Time ?zone:\s+(\S+)/m.exec(text);
  if (found) return found[1]!;
  throw new CommandExecutionError(`Failed to parse timedatectl output: ${text}`);
}

/** Whether the hardware clock runs in local time, as `timedatectl` says. @throws CommandExecutionError */
export function parseClock(text: string): "localtime" | "UTC" {
  const found = /^.*rtc in local tz.*:\s*(\S+)\s*$/im.exec(text);
  if (found) return found[1]!.toLowerCase() === "yes" ? "localtime" : "UTC";
  throw new CommandExecutionError(`Failed to parse timedatectl output: ${text}`);
}

/** The value of a setting in a file such as `/etc/sysconfig/clock`. */
export function settingOf(text: string, key: string): string | undefined {
  const line = text.split("\n").find((one) => !/^\s*#/.test(one) && one.includes(`${key}=`));
  return line?.split("=").at(-1)?.trim().replaceAll(/^['"]|['"]$/g, "");
}

/** Text with a setting that is in it changed. */
export function withSetting(text: string, key: string, line: string): string {
  return text.split("\n").map((one) => one.startsWith(`${key}=`) ? line : one).join("\n");
}

function linkedZone(): string {
  const target = resolve("/etc", readlinkSync(localtime));
  if (target.startsWith(`${zoneFolder}/`)) return target.slice(zoneFolder.length + 1);
  throw new CommandExecutionError("Unable to determine timezone");
}

function family(ctx: ExecContext): string {
  return pyStr(ctx.grains["os_family"] ?? "");
}

async function zone(ctx: ExecContext): Promise<string> {
  if (which("timedatectl") !== null) return parseZone(await timedatectl(ctx));
  if (["RedHat", "Suse"].includes(family(ctx))) {
    const path = "/etc/sysconfig/clock";
    const found = settingOf(readSystemFile(path) ?? "", "ZONE");
    if (found !== undefined) return found || "UTC";
  } else if (["Debian", "Gentoo"].includes(family(ctx))) {
    const text = readSystemFile("/etc/timezone");
    if (text !== undefined) return text.trim();
  }
  try {
    return linkedZone();
  } catch (error) {
    throw new CommandExecutionError(`Unable to get timezone: ${messageOf(error)}`);
  }
}

/** The file of a zone; undefined when there is none of that name, or it leads elsewhere. */
function zoneFile(name: string): string | undefined {
  const plain = name !== "" && normalize(name) === name && !/^[./]|[\0\n]/.test(name);
  const path = join(zoneFolder, name);
  return plain && existsSync(path) ? path : undefined;
}

/** Replaces a setting in a file, where there is such a file. */
async function changeFile(
  ctx: ExecContext,
  path: string,
  key: string,
  line: string,
): Promise<void> {
  const text = readSystemFile(path);
  if (text !== undefined) await writeSystemFile(ctx, path, withSetting(text, key, line));
}

async function noteZone(ctx: ExecContext, name: string): Promise<void> {
  const os = family(ctx);
  if (os === "RedHat") await changeFile(ctx, "/etc/sysconfig/clock", "ZONE", `ZONE="${name}"`);
  else if (os === "Suse") {
    await changeFile(ctx, "/etc/sysconfig/clock", "TIMEZONE", `TIMEZONE="${name}"`);
  } else if (os === "Debian" || os === "Gentoo") {
    await writeSystemFile(ctx, "/etc/timezone", `${name}\n`);
  }
}

function link(path: string): void {
  rmSync(localtime, { force: true });
  symlinkSync(path, localtime);
}

async function setZone(ctx: ExecContext, name: string): Promise<true | string> {
  const path = zoneFile(name);
  if (path === undefined) {
    ctx.context.retcode = 1;
    return `Zone does not exist: ${zoneFolder}/${name}`;
  }
  const byProgram = which("timedatectl") !== null &&
    (await runProgram(ctx, ["timedatectl", "set-timezone", name], { ignoreRetcode: true }))
        .retcode === 0;
  if (!byProgram) link(path);
  await noteZone(ctx, name);
  return true;
}

async function sameZone(ctx: ExecContext, name: string): Promise<boolean> {
  try {
    return name === await zone(ctx);
  } catch {
    const path = zoneFile(name);
    if (path === undefined) throw new SaltInvocationError(`Can't find a local timezone "${name}"`);
    try {
      return readFileSync(path).equals(readFileSync(localtime));
    } catch (error) {
      throw new CommandExecutionError(
        `Failed to read ${localtime} to determine current timezone: ${messageOf(error)}`,
      );
    }
  }
}

function adjtimeClock(): string | null {
  const text = readSystemFile("/etc/adjtime");
  if (text !== undefined) return text.trimEnd().split("\n").at(-1)!;
  if (!existsSync("/dev/rtc")) return null;
  throw new CommandExecutionError("Unable to get hwclock timezone from /etc/adjtime");
}

async function clock(ctx: ExecContext): Promise<string | null> {
  if (which("timedatectl") !== null) return parseClock(await timedatectl(ctx));
  const [path, key] = family(ctx) === "Debian"
    ? ["/etc/default/rcS", "UTC"]
    : ["/etc/conf.d/hwclock", "clock"];
  const found = settingOf(readSystemFile(path) ?? "", key);
  if (family(ctx) === "Debian" && found !== undefined) {
    return found.toLowerCase() === "yes" ? "UTC" : "localtime";
  }
  if (family(ctx) === "Gentoo" && found !== undefined) return found === "UTC" ? "UTC" : "LOCAL";
  return adjtimeClock();
}

async function setClock(ctx: ExecContext, wanted: string): Promise<boolean> {
  const local = wanted === "localtime";
  if (which("timedatectl") !== null) {
    const argv = ["timedatectl", "set-local-rtc", local ? "true" : "false"];
    return (await runProgram(ctx, argv)).retcode === 0;
  }
  if (wanted !== "UTC" && !local) {
    throw new SaltInvocationError("Only 'UTC' and 'localtime' are allowed");
  }
  if (family(ctx) === "Debian") {
    await changeFile(ctx, "/etc/default/rcS", "UTC", `UTC=${local ? "no" : "yes"}`);
  } else if (family(ctx) === "Gentoo") {
    const word = local ? "local" : "UTC";
    await changeFile(ctx, "/etc/conf.d/hwclock", "clock", `clock="${word}"`);
  }
  const before = readSystemFile("/etc/adjtime")?.trimEnd().split("\n") ?? ["0.0 0 0.0", "0"];
  const text = [...before.slice(0, 2), local ? "LOCAL" : "UTC"].join("\n");
  await writeSystemFile(ctx, "/etc/adjtime", `${text}\n`);
  return true;
}

async function date(ctx: ExecContext, format: string): Promise<string> {
  return (await runProgram(ctx, ["date", format])).stdout;
}

const timezoneArg = {
  type: "string",
  required: true,
  doc: "Name of the zone, such as Europe/Berlin.",
} as const;

/** The module `timezone`. */
export const timezone = executionModule({
  name: "timezone",
  doc: "The time zone and the hardware clock.",
  functions: {
    get_zone: fn({
      doc: "Returns the time zone.",
      args: {},
      example: "salt '*' timezone.get_zone",
      run: (ctx) => zone(ctx),
    }),
    get_zonecode: fn({
      doc: "Returns the short name of the time zone, such as CET.",
      args: {},
      example: "salt '*' timezone.get_zonecode",
      run: (ctx) => date(ctx, "+%Z"),
    }),
    get_offset: fn({
      doc: "Returns how far the time zone is from UTC, such as +0100.",
      args: {},
      example: "salt '*' timezone.get_offset",
      run: (ctx) => date(ctx, "+%z"),
    }),
    set_zone: fn({
      doc: "Sets the time zone.",
      args: { timezone: timezoneArg },
      example: "salt '*' timezone.set_zone 'America/Denver'",
      run: (ctx, args) => setZone(ctx, args.timezone),
    }),
    zone_compare: fn({
      doc: "Says whether this is the time zone.",
      args: { timezone: timezoneArg },
      example: "salt '*' timezone.zone_compare 'America/Denver'",
      run: (ctx, args) => sameZone(ctx, args.timezone),
    }),
    get_hwclock: fn({
      doc: "Says what the hardware clock runs in: UTC or localtime.",
      args: {},
      example: "salt '*' timezone.get_hwclock",
      run: (ctx) => clock(ctx),
    }),
    set_hwclock: fn({
      doc: "Sets what the hardware clock runs in.",
      args: { clock: { type: "string", required: true, doc: "UTC or localtime." } },
      example: "salt '*' timezone.set_hwclock UTC",
      run: (ctx, args) => setClock(ctx, args.clock),
    }),
  },
});
