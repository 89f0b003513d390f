/** Services of Red Hat and its kin before systemd. (`salt/modules/rh_service.py`) @module */
import { statSync } from "node:fs";
import { join } from "node:path";
import { globFiles } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { isBooted } from "../systemd_service/systemctl.ts";
import {
  actionFunctions,
  kwargsArg,
  nameArg,
  type Scripts,
  type ServiceFunctions,
  serviceWord,
  went,
} from "./common.ts";

const limit = {
  type: "string",
  default: "",
  doc: "sysvinit, or upstart, of which there are none here.",
} as const;

function isScript(name: string): boolean {
  const stat = statSync(join("/etc/init.d", name), { throwIfNoEntry: false });
  return stat !== undefined && (stat.mode & 0o100) !== 0;
}

/** Names of the services in `chkconfig --list`. */
export function parseList(text: string): string[] {
  return text.split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, levels]) => levels?.startsWith("0:")).map(([name]) => name!);
}

/** Whether `chkconfig --list NAME` says that a service is started in a run level. */
export function isOn(text: string, name: string, level: string): boolean {
  return text.split("\n").some((line) => {
    const words = line.trim().split(/\s+/);
    return words[0] === name &&
      (words.includes(`${level}:on`) || (words.length === 2 && words[1] === "on"));
  });
}

async function runlevel(ctx: ExecContext): Promise<string> {
  const { stdout } = await runProgram(ctx, ["runlevel"], { ignoreRetcode: true });
  return /^\S+ (\w)$/.exec(stdout)?.[1] ?? "3";
}

async function isEnabled(ctx: ExecContext, name: string, level: string): Promise<boolean> {
  const argv = ["chkconfig", "--list", serviceWord(name)];
  const { retcode, stdout } = await runProgram(ctx, argv, { ignoreRetcode: true });
  return (retcode === 0 && isOn(stdout, name, level)) ||
    globFiles(`/etc/rc.d/rc${level}.d/S??${name}`).length > 0;
}

async function isKnown(ctx: ExecContext, name: string): Promise<boolean> {
  return await went(ctx, ["chkconfig", "--list", serviceWord(name)], true);
}

const scripts: Scripts = {
  async all(ctx) {
    const { stdout } = await runProgram(ctx, ["chkconfig", "--list"], { ignoreRetcode: true });
    return parseList(stdout).filter(isScript).sort(compareText);
  },
  run: (ctx, name, action, ignoreRetcode) => went(ctx, ["service", name, action], ignoreRetcode),
};

async function byState(ctx: ExecContext, limit: string, wanted: boolean): Promise<string[]> {
  if (limit.toLowerCase() === "upstart") return [];
  const level = await runlevel(ctx);
  const found: string[] = [];
  for (const name of await scripts.all(ctx)) {
    if (await isEnabled(ctx, name, level) === wanted) found.push(name);
  }
  return found;
}

async function isAvailable(ctx: ExecContext, name: string, limit: string): Promise<boolean> {
  if (limit === "upstart") return false;
  return isScript(serviceWord(name)) || (limit !== "sysvinit" && await isKnown(ctx, name));
}

async function set(ctx: ExecContext, given: string, state: "on" | "off"): Promise<boolean> {
  const name = serviceWord(given);
  if (!await isKnown(ctx, name) && !await went(ctx, ["chkconfig", "--add", name])) return false;
  return await went(ctx, ["chkconfig", name, state]);
}

const functions = {
  ...actionFunctions(scripts),
  available: fn({
    doc: "Says whether there is a service.",
    args: { name: nameArg, limit },
    example: "salt '*' service.available sshd",
    run: (ctx, args) => isAvailable(ctx, args.name, args.limit),
  }),
  missing: fn({
    doc: "Says whether there is no script for a service.",
    args: { name: nameArg, limit },
    example: "salt '*' service.missing sshd",
    run: (_ctx, args) => args.limit === "upstart" || !isScript(serviceWord(args.name)),
  }),
  get_all: fn({
    doc: "Lists all services.",
    args: { limit },
    example: "salt '*' service.get_all",
    run: (ctx, args) => args.limit.toLowerCase() === "upstart" ? [] : scripts.all(ctx),
  }),
  get_enabled: fn({
    doc: "Lists the services that are started at boot.",
    args: { limit },
    example: "salt '*' service.get_enabled",
    run: (ctx, args) => byState(ctx, args.limit, true),
  }),
  get_disabled: fn({
    doc: "Lists the services that are not started at boot.",
    args: { limit },
    example: "salt '*' service.get_disabled",
    run: (ctx, args) => byState(ctx, args.limit, false),
  }),
  enable: fn({
    doc: "Has a service started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.enable <service name>",
    run: (ctx, { name }) => set(ctx, name, "on"),
  }),
  disable: fn({
    doc: "Has a service not started at boot. Says whether that went well.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.disable <service name>",
    run: (ctx, { name }) => set(ctx, name, "off"),
  }),
  delete: fn({
    doc: "Takes a service out of those that can be started at boot.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.delete <service name>",
    async run(ctx, { name }) {
      return await isKnown(ctx, name) &&
        await went(ctx, ["chkconfig", "--del", serviceWord(name)]);
    },
  }),
  enabled: fn({
    doc: "Says whether a service is started at boot.",
    args: { name: nameArg, kwargs: kwargsArg },
    example: "salt '*' service.enabled <service name>",
    run: async (ctx, { name }) => await isEnabled(ctx, name, await runlevel(ctx)),
  }),
  disabled: fn({
    doc: "Says whether a service is not started at boot.",
    args: { name: nameArg },
    example: "salt '*' service.disabled <service name>",
    run: async (ctx, { name }) => !await isEnabled(ctx, name, await runlevel(ctx)),
  }),
} satisfies ServiceFunctions;

/** From which major version on a system has systemd; 0 for those that never had another one. */
const systemdSince: Readonly<Record<string, number>> = {
  ALT: Infinity,
  Amazon: 2,
  CentOS: 7,
  CloudLinux: 7,
  Fedora: 15,
  McAfee: Infinity,
  OEL: 7,
  RedHat: 7,
  SUSE: 12,
  ScientificLinux: 7,
  XenServer: 7,
  "XCP-ng": 7,
};

/** Whether a system starts its services by scripts, or why not. */
export function suits(grains: DataMap): true | string {
  const os = pyStr(grains["os"] ?? "");
  const since = systemdSince[os];
  if (since === undefined) return "Cannot load rh_service module: this system is not of its kind";
  const major = Number.parseInt(pyStr(grains["osmajorrelease"] ?? grains["osrelease"] ?? "0"));
  return major < since ||
    `${os} from version ${since} on uses systemd, will not load rh_service.py as virtual 'service'`;
}

/** The module `service` of Red Hat and its kin before systemd. */
export const rhService = executionModule({
  name: "rh_service",
  virtualname: "service",
  doc: "Services of Red Hat and its kin before systemd.",
  virtual({ grains }) {
    if (isBooted()) {
      return "The rh_service execution module failed to load: this system was booted with systemd.";
    }
    return suits(grains);
  },
  functions,
});
