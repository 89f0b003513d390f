/** Services and other units of systemd. (`salt/modules/systemd_service.py`) @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { globFilter, isGlob } from "../../../text/glob.ts";
import { compareText } from "../../../text/py_text.ts";
import { isMap } from "../../../types/mod.ts";
import { operand, runProgram } from "../_program.ts";
import type { ServiceFunctions } from "../sysv_service/common.ts";
import {
  complaint,
  isAvailable,
  isBooted,
  isOffline,
  noticeChanges,
  reloadUnits,
  scopeCommand,
  systemctl,
} from "./systemctl.ts";
import {
  allNames,
  hasInstanceLink,
  isMasked,
  isSysvEnabled,
  parseShow,
  parseUnitList,
  sysvNames,
  unitName,
} from "./units.ts";

const name = { type: "string", required: true, doc: "Name of the service or unit." } as const;
const root = {
  type: "string",
  default: null,
  doc: "Folder of a system to look at in place of the running one.",
} as const;
const noBlock = { type: "bool", default: false, doc: "Do not wait until it is done." } as const;
const noBlockMaybe = {
  type: "bool",
  default: null,
  doc: "Do not wait until it is done. For the minion's own service that is so if left out.",
} as const;
const unmask = { type: "bool", default: false, doc: "Unmask the unit before." } as const;
const unmaskRuntime = {
  type: "bool",
  default: false,
  doc: "Unmask a unit that is masked until the next boot.",
} as const;
const runtime = { type: "bool", default: false, doc: "Only until the next boot." } as const;
const kwargs = { type: "map", keywords: true, doc: "" } as const;

function isOwn(name: string): boolean {
  return ["salt-minion.service", "saltx-minion.service"].includes(unitName(name));
}

async function unmaskUnit(
  ctx: ExecContext,
  unit: string,
  runtime: boolean,
  root: string | null,
): Promise<true> {
  await noticeChanges(ctx, unit);
  if (!isMasked(unit, runtime, root)) return true;
  const words = ["unmask", ...(runtime ? ["--runtime"] : [])];
  const { retcode } = await systemctl(ctx, words, unit, { scope: true, root });
  if (retcode === 0) return true;
  throw new CommandExecutionError(`Failed to unmask service '${unit}'`);
}

interface Act {
  name: string;
  no_block: boolean | null;
  unmask?: boolean;
  unmask_runtime?: boolean;
}

/** What comes before each change of a unit. */
async function prepare(ctx: ExecContext, args: Act, root: string | null = null): Promise<void> {
  await noticeChanges(ctx, args.name);
  if (args.unmask) await unmaskUnit(ctx, args.name, false, root);
  if (args.unmask_runtime) await unmaskUnit(ctx, args.name, true, root);
}

/** Has systemd do something to a unit. @throws CommandExecutionError with what it complained of. */
async function act(ctx: ExecContext, verb: string, args: Act): Promise<true> {
  await prepare(ctx, args);
  const noBlock = args.no_block ?? isOwn(args.name);
  const { retcode, stderr } = await systemctl(ctx, [verb], args.name, { scope: true, noBlock });
  if (retcode === 0) return true;
  throw new CommandExecutionError(complaint(stderr));
}

async function runlevel(ctx: ExecContext): Promise<string> {
  if (which("runlevel") === null) return "2";
  const { stdout } = await runProgram(ctx, ["runlevel"], { ignoreRetcode: true });
  return stdout.split(/\s+/)[1] ?? "2";
}

/** Has a script of SysV started at boot, or not. */
async function setSysv(ctx: ExecContext, script: string, on: boolean): Promise<boolean> {
  const name = operand(script, "a service");
  const debian = ["update-rc.d", "-f", name, ...(on ? ["defaults", "99"] : ["remove"])];
  const redHat = ["chkconfig", name, on ? "on" : "off"];
  const argv = [debian, redHat].find(([program]) => which(program!) !== null);
  if (!argv) {
    throw new CommandExecutionError(
      "Unable to find sysv service manager (tried update-rc.d, chkconfig)",
    );
  }
  const words = [...await scopeCommand(ctx), ...argv];
  return (await runProgram(ctx, words, { ignoreRetcode: true })).retcode === 0;
}

async function isEnabled(ctx: ExecContext, unit: string, root: string | null): Promise<boolean> {
  const { retcode } = await systemctl(ctx, ["is-enabled"], unit, { root, ignoreRetcode: true });
  if (retcode === 0) return true;
  if (unit.includes("@")) return hasInstanceLink(unit) || hasInstanceLink(unitName(unit));
  if (!sysvNames(root).includes(unit)) return false;
  return isSysvEnabled(unit, await runlevel(ctx), root);
}

/** Units whose files are in a state, and scripts that are, or are not, started at boot. */
async function withFileState(
  ctx: ExecContext,
  state: string,
  root: string | null,
  sysvEnabled: boolean | null,
): Promise<string[]> {
  const words = ["--full", "--no-legend", "--no-pager", "list-unit-files"];
  const { stdout } = await systemctl(ctx, words, null, { root, ignoreRetcode: true });
  const units = parseUnitList(stdout, 1, state);
  const scripts = sysvEnabled === null ? [] : sysvNames(root);
  const level = scripts.length > 0 ? await runlevel(ctx) : "";
  const fitting = scripts.filter((one) => isSysvEnabled(one, level, root) === sysvEnabled);
  return [...new Set([...units, ...fitting])].sort(compareText);
}

async function isActive(ctx: ExecContext, unit: string): Promise<boolean> {
  await noticeChanges(ctx, unit);
  return (await systemctl(ctx, ["is-active"], unit, { ignoreRetcode: true })).retcode === 0;
}

async function show(ctx: ExecContext, unit: string, root: string | null) {
  return parseShow((await systemctl(ctx, ["show"], unit, { root })).stdout);
}

const changeFunctions = {
  start: fn({
    doc: "Starts a service.",
    args: { name, no_block: noBlock, unmask, unmask_runtime: unmaskRuntime },
    example: "salt '*' service.start <service name>",
    run: (ctx, args) => act(ctx, "start", args),
  }),
  stop: fn({
    doc: "Stops a service. Says whether that went well.",
    args: { name, no_block: noBlockMaybe },
    example: "salt '*' service.stop <service name>",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      const noBlock = args.no_block ?? isOwn(args.name);
      return (await systemctl(ctx, ["stop"], args.name, { scope: true, noBlock })).retcode === 0;
    },
  }),
  restart: fn({
    doc: "Stops a service and starts it again.",
    args: { name, no_block: noBlockMaybe, unmask, unmask_runtime: unmaskRuntime },
    example: "salt '*' service.restart <service name>",
    run: (ctx, args) => act(ctx, "restart", args),
  }),
  reload: fn({
    doc: "Has a service read its configuration anew.",
    args: { name, no_block: noBlock, unmask, unmask_runtime: unmaskRuntime },
    example: "salt '*' service.reload <service name>",
    run: (ctx, args) => act(ctx, "reload", args),
  }),
  force_reload: fn({
    doc: "Has a service read its configuration anew, or restarts it where it cannot.",
    args: {
      name,
      no_block: { ...noBlock, default: true },
      unmask,
      unmask_runtime: unmaskRuntime,
    },
    example: "salt '*' service.force_reload <service name>",
    run: (ctx, args) => act(ctx, "force-reload", args),
  }),
  enable: fn({
    doc: "Has a service started at boot.",
    args: { name, no_block: noBlock, unmask, unmask_runtime: unmaskRuntime, root, kwargs },
    example: "salt '*' service.enable <service name>",
    async run(ctx, args) {
      await prepare(ctx, args, args.root);
      if (sysvNames(args.root).includes(args.name)) return setSysv(ctx, args.name, true);
      const { no_block: noBlock, root } = args;
      const options = { scope: true, noBlock, root, ignoreRetcode: true };
      const { retcode, stderr } = await systemctl(ctx, ["enable"], args.name, options);
      if (retcode === 0) return true;
      throw new CommandExecutionError(complaint(stderr));
    },
  }),
  disable: fn({
    doc: "Has a service not started at boot. Says whether that went well.",
    args: { name, no_block: noBlock, root, kwargs },
    example: "salt '*' service.disable <service name>",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      if (sysvNames(args.root).includes(args.name)) return setSysv(ctx, args.name, false);
      const { no_block: noBlock, root } = args;
      const options = { scope: true, noBlock, root, ignoreRetcode: true };
      return (await systemctl(ctx, ["disable"], args.name, options)).retcode === 0;
    },
  }),
  mask: fn({
    doc: "Masks a service, so that nothing can start it.",
    args: { name, runtime, root },
    example: "salt '*' service.mask foo\nsalt '*' service.mask foo runtime=True",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      const words = ["mask", ...(args.runtime ? ["--runtime"] : [])];
      const options = { scope: true, root: args.root };
      const { retcode, stderr } = await systemctl(ctx, words, args.name, options);
      if (retcode === 0) return true;
      throw new CommandExecutionError(
        `Failed to mask service '${args.name}': ${complaint(stderr)}`,
      );
    },
  }),
  unmask: fn({
    doc: "Unmasks a service.",
    args: { name, runtime, root },
    example: "salt '*' service.unmask foo\nsalt '*' service.unmask foo runtime=True",
    run: (ctx, args) => unmaskUnit(ctx, args.name, args.runtime, args.root),
  }),
  systemctl_reload: fn({
    doc: "Has systemd read its units anew.",
    args: {},
    example: "salt '*' service.systemctl_reload",
    run: (ctx) => reloadUnits(ctx),
  }),
};

const stateFunctions = {
  status: fn({
    doc: "Says whether a service runs; for a pattern, of each service that fits it.",
    args: { name, sig: { type: "any", default: null, doc: "Has no effect." } },
    example: "salt '*' service.status <service name>\nsalt '*' service.status '*ssh*'",
    async run(ctx, args) {
      if (!isGlob(args.name)) return await isActive(ctx, args.name);
      const found = globFilter(allNames(null), args.name);
      const states: Record<string, boolean> = {};
      for (const one of found) states[one] = await isActive(ctx, one);
      return states;
    },
  }),
  available: fn({
    doc: "Says whether there is a service.",
    args: { name },
    example: "salt '*' service.available sshd",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      return await isAvailable(ctx, args.name);
    },
  }),
  missing: fn({
    doc: "Says whether there is no such service.",
    args: { name },
    example: "salt '*' service.missing sshd",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      return !await isAvailable(ctx, args.name);
    },
  }),
  enabled: fn({
    doc: "Says whether a service is started at boot.",
    args: { name, root, kwargs },
    example: "salt '*' service.enabled <service name>",
    run: (ctx, args) => isEnabled(ctx, args.name, args.root),
  }),
  disabled: fn({
    doc: "Says whether a service is not started at boot.",
    args: { name, root },
    example: "salt '*' service.disabled <service name>",
    run: async (ctx, args) => !await isEnabled(ctx, args.name, args.root),
  }),
  masked: fn({
    doc: "Says whether a service is masked.",
    args: { name, runtime, root },
    example: "salt '*' service.masked foo\nsalt '*' service.masked foo runtime=True",
    async run(ctx, args) {
      await noticeChanges(ctx, args.name);
      return isMasked(args.name, args.runtime, args.root);
    },
  }),
  show: fn({
    doc: "Returns the properties of a service.",
    args: { name, root },
    example: "salt '*' service.show <service name>",
    run: (ctx, args) => show(ctx, args.name, args.root),
  }),
  offline: fn({
    doc: "Says whether systemd does not run, so that units can only be prepared.",
    args: {},
    example: "salt '*' service.offline",
    run: () => isOffline(),
  }),
};

const listFunctions = {
  get_running: fn({
    doc: "Lists the services and units that run.",
    args: {},
    example: "salt '*' service.get_running",
    async run(ctx) {
      const words = ["--full", "--no-legend", "--no-pager"];
      const { stdout } = await systemctl(ctx, words, null, { ignoreRetcode: true });
      return parseUnitList(stdout, 3, "running").sort(compareText);
    },
  }),
  get_enabled: fn({
    doc: "Lists the services and units that are started at boot.",
    args: { root },
    example: "salt '*' service.get_enabled",
    run: (ctx, args) => withFileState(ctx, "enabled", args.root, true),
  }),
  get_disabled: fn({
    doc: "Lists the services and units that are not started at boot.",
    args: { root },
    example: "salt '*' service.get_disabled",
    run: (ctx, args) => withFileState(ctx, "disabled", args.root, false),
  }),
  get_static: fn({
    doc: "Lists the services and units that cannot be enabled: others start them.",
    args: { root },
    example: "salt '*' service.get_static",
    run: (ctx, args) => withFileState(ctx, "static", args.root, null),
  }),
  get_all: fn({
    doc: "Lists all services and units.",
    args: { root },
    example: "salt '*' service.get_all",
    run: (_ctx, args) => allNames(args.root),
  }),
  execs: fn({
    doc: "Returns the program of each service.",
    args: { root },
    example: "salt '*' service.execs",
    async run(ctx, args) {
      const programs: Record<string, string> = {};
      for (const one of allNames(args.root)) {
        const start = (await show(ctx, one, args.root))["ExecStart"] ?? null;
        if (isMap(start) && typeof start["path"] === "string") programs[one] = start["path"];
      }
      return programs;
    },
  }),
};

const setting = (doc: string) => ({ type: "string", default: null, doc }) as const;

const firstboot = fn({
  doc: "Sets what a system asks for at its first boot.",
  args: {
    locale: setting("Language and country, such as en_US.UTF-8."),
    locale_message: setting("Language of messages."),
    keymap: setting("Layout of the keyboard."),
    timezone: setting("Time zone."),
    hostname: setting("Name of the machine."),
    machine_id: setting("Id of the machine."),
    root,
  },
  example: "salt '*' service.firstboot keymap=jp locale=en_US.UTF-8",
  async run(ctx, args) {
    const { machine_id, locale_message, ...rest } = args;
    const given = { ...rest, "machine-id": machine_id, "locale-message": locale_message };
    const options = Object.entries(given).filter(([, value]) => value)
      .map(([key, value]) => `--${key}=${value}`);
    const { retcode, stderr } = await runProgram(ctx, ["systemd-firstboot", ...options]);
    if (retcode === 0) return true;
    throw new CommandExecutionError(`systemd-firstboot error: ${stderr}`);
  },
});

const functions = {
  ...changeFunctions,
  ...stateFunctions,
  ...listFunctions,
  firstboot,
} satisfies ServiceFunctions;

/** The module `service` of systems with systemd. */
export const systemdService = executionModule({
  name: "systemd_service",
  virtualname: "service",
  doc: "Services and other units of systemd.",
  virtual: () =>
    isBooted() || isOffline() || "the system was not started by systemd, and has no systemctl",
  functions,
});
