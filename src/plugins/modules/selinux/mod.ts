/** SELinux. (`salt/modules/selinux.py`) @module */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { atomicWriteSync } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, isMap } from "../../../types/mod.ts";
import { operand, runProgram } from "../_program.ts";
import {
  fileTypes,
  findContext,
  findPort,
  parseBooleans,
  parseModules,
  protocolAndPort,
} from "./parse.ts";

const configPath = "/etc/selinux/config";

const boolean = { type: "string", required: true, doc: "The boolean." } as const;
const persist = { type: "bool", default: false, doc: "Keep it over restarts." } as const;
const module = { type: "string", required: true, doc: "The policy module." } as const;
const fileSpec = { type: "string", required: true, doc: "File specification, a regex." } as const;
const port = { type: "string", required: true, doc: "`tcp/8080`, `udp/5000-5010`." } as const;
const selType = { type: "string", default: null, doc: "SELinux type." } as const;
const context = {
  filetype: { type: "string", default: null, doc: "`a f d c b s l p`, as semanage has it." },
  sel_type: selType,
  sel_user: { type: "string", default: null, doc: "SELinux user." },
  sel_level: { type: "string", default: null, doc: "MLS range." },
} as const;
const protocolArg = { type: "string", default: null, doc: "`tcp` or `udp`." } as const;
const portArg = { type: "string", default: null, doc: "Port, or range of ports." } as const;

function selinuxFolder(): string | null {
  return ["/sys/fs/selinux", "/selinux"].find((path) => existsSync(`${path}/enforce`)) ?? null;
}

function enforced(): string {
  const folder = selinuxFolder();
  if (folder === null) return "Disabled";
  try {
    const text = readFileSync(`${folder}/enforce`, "utf8").trim();
    return text === "0" ? "Permissive" : "Enforcing";
  } catch {
    return "Disabled";
  }
}

function configured(): string | null {
  try {
    const match = /^\s*SELINUX=(.*)$/m.exec(readFileSync(configPath, "utf8"));
    const mode = match?.[1]?.trim();
    return mode ? mode[0]!.toUpperCase() + mode.slice(1).toLowerCase() : null;
  } catch {
    return null;
  }
}

/** Sets the mode now, as far as that can be done, and for the next start. */
function setMode(given: Data): string {
  const name = typeof given === "number" || typeof given === "boolean"
    ? (given ? "enforcing" : "permissive")
    : pyStr(given).toLowerCase();
  if (!["enforcing", "permissive", "disabled"].includes(name)) {
    return `Invalid mode ${pyStr(given)}`;
  }
  const folder = selinuxFolder();
  try {
    if (folder !== null) writeFileSync(`${folder}/enforce`, name === "enforcing" ? "1" : "0");
    const text = readFileSync(configPath, "utf8");
    atomicWriteSync(configPath, text.replace(/^SELINUX=.*$/m, `SELINUX=${name}`));
  } catch (error) {
    throw new CommandExecutionError(`Could not set the SELinux mode: ${messageOf(error)}`);
  }
  return enforced();
}

async function succeeds(ctx: ExecContext, argv: string[]): Promise<boolean> {
  return (await runProgram(ctx, argv)).retcode === 0;
}

async function booleans(ctx: ExecContext) {
  return parseBooleans((await runProgram(ctx, ["semanage", "boolean", "-l"])).stdout);
}

async function modules(ctx: ExecContext) {
  const help = await runProgram(ctx, ["semodule", "-h"], { ignoreRetcode: true });
  const full = /^\s*full/m.test(help.stdout);
  return parseModules((await runProgram(ctx, ["semodule", full ? "-lfull" : "-l"])).stdout, full);
}

async function contextsText(ctx: ExecContext): Promise<string> {
  return (await runProgram(ctx, ["semanage", "fcontext", "-l"], { ignoreRetcode: true })).stdout;
}

function checkFileType(filetype: string | null): void {
  if (filetype !== null && !Object.hasOwn(fileTypes, filetype)) {
    throw new SaltInvocationError(`Invalid filetype given: ${filetype}`);
  }
}

interface ContextArgs {
  name: string;
  filetype: string | null;
  sel_type: string | null;
  sel_user: string | null;
  sel_level: string | null;
}

async function changeContext(ctx: ExecContext, action: "add" | "delete", args: ContextArgs) {
  checkFileType(args.filetype);
  const known = action === "add" &&
    (await contextsText(ctx)).split("\n").some((line) => line.startsWith(`${args.name} `));
  const words = ["semanage", "fcontext", `--${known ? "modify" : action}`];
  if (args.filetype !== null && args.filetype !== "a") words.push("--ftype", args.filetype);
  if (args.sel_type !== null) words.push("--type", operand(args.sel_type, "a type"));
  if (args.sel_user !== null) words.push("--seuser", operand(args.sel_user, "a user"));
  if (args.sel_level !== null) words.push("--range", operand(args.sel_level, "a range"));
  return { ...await runProgram(ctx, [...words, operand(args.name, "a file specification")]) };
}

interface PortArgs {
  name: string;
  sel_type: string | null;
  protocol: string | null;
  port: string | null;
  sel_range: string | null;
}

async function changePort(ctx: ExecContext, action: "add" | "delete", args: PortArgs) {
  if (action === "add" && !args.sel_type) {
    throw new SaltInvocationError("SELinux Type is required to add a policy");
  }
  const [protocol, port] = protocolAndPort(args.name, args.protocol, args.port);
  const words = ["semanage", "port", `--${action}`, "--proto", protocol];
  if (args.sel_type) words.push("--type", operand(args.sel_type, "a type"));
  if (args.sel_range) words.push("--range", operand(args.sel_range, "a range"));
  return { ...await runProgram(ctx, [...words, port]) };
}

const modes = {
  selinux_fs_path: fn({
    doc: "Returns where the SELinux file system is, or nothing.",
    args: {},
    example: "salt '*' selinux.selinux_fs_path",
    run: selinuxFolder,
  }),
  getenforce: fn({
    doc: "Returns the mode in force: `Enforcing`, `Permissive` or `Disabled`.",
    args: {},
    example: "salt '*' selinux.getenforce",
    run: enforced,
  }),
  getconfig: fn({
    doc: "Returns the mode for the next start, or nothing.",
    args: {},
    example: "salt '*' selinux.getconfig",
    run: configured,
  }),
  setenforce: fn({
    doc: "Sets the mode, for the next start too, and returns the one in force.",
    args: { mode: { type: "any", required: true, doc: "`enforcing`, `permissive`, `disabled`." } },
    example: "salt '*' selinux.setenforce enforcing",
    run: (_ctx, args) => setMode(args.mode),
  }),
};

const policy = {
  list_sebool: fn({
    doc: "Returns all booleans with State, Default and Description.",
    args: {},
    example: "salt '*' selinux.list_sebool",
    run: booleans,
  }),
  getsebool: fn({
    doc: "Returns a boolean's State, Default and Description.",
    args: { boolean },
    example: "salt '*' selinux.getsebool virt_use_usb",
    run: async (ctx, args) => (await booleans(ctx))[args.boolean] ?? {},
  }),
  setsebool: fn({
    doc: "Sets a boolean.",
    args: { boolean, value: { type: "string", required: true, doc: "`on` or `off`." }, persist },
    example: "salt '*' selinux.setsebool virt_use_usb off",
    run: (ctx, args) => {
      const words = [operand(args.boolean, "a boolean"), operand(args.value, "a value")];
      return succeeds(ctx, ["setsebool", ...(args.persist ? ["-P"] : []), ...words]);
    },
  }),
  setsebools: fn({
    doc: "Sets several booleans.",
    args: { pairs: { type: "any", required: true, doc: "Map of names to values." }, persist },
    example: "salt '*' selinux.setsebools '{virt_use_usb: on, squid_use_tproxy: off}'",
    run(ctx, args): Data | Promise<Data> {
      if (!isMap(args.pairs)) return {};
      const words = Object.entries(args.pairs).map(([name, value]) =>
        operand(`${name}=${pyStr(value)}`, "a boolean")
      );
      return succeeds(ctx, ["setsebool", ...(args.persist ? ["-P"] : []), ...words]);
    },
  }),
  list_semod: fn({
    doc: "Returns all policy modules.",
    args: {},
    example: "salt '*' selinux.list_semod",
    run: modules,
  }),
  getsemod: fn({
    doc: "Returns what is known of a policy module.",
    args: { module },
    example: "salt '*' selinux.getsemod mysqld",
    run: async (ctx, args) => (await modules(ctx))[args.module] ?? {},
  }),
  setsemod: fn({
    doc: "Enables or disables a policy module.",
    args: { module, state: { type: "string", required: true, doc: "`Enabled` or `Disabled`." } },
    example: "salt '*' selinux.setsemod nagios Enabled",
    run(ctx, args) {
      const option = { enabled: "-e", disabled: "-d" }[args.state.toLowerCase()];
      if (option) return succeeds(ctx, ["semodule", option, operand(args.module, "a module")]);
      throw new SaltInvocationError(`The state must be Enabled or Disabled, not ${args.state}`);
    },
  }),
  install_semod: fn({
    doc: "Installs a policy module from a file.",
    args: { module_path: { type: "string", required: true, doc: "Path, or `salt://` URL." } },
    example: "salt '*' selinux.install_semod salt://nagios.pp",
    async run(ctx, args) {
      const given = args.module_path;
      const path = given.startsWith("salt://") ? await ctx.salt("cp.cache_file", [given]) : given;
      return succeeds(ctx, ["semodule", "-i", operand(path, "a path")]);
    },
  }),
  remove_semod: fn({
    doc: "Removes a policy module.",
    args: { module },
    example: "salt '*' selinux.remove_semod mysqld",
    run: (ctx, args) => succeeds(ctx, ["semodule", "-r", operand(args.module, "a module")]),
  }),
};

const labels = {
  filetype_id_to_string: fn({
    doc: "Returns the name of a kind of files.",
    args: { filetype: { type: "string", default: "a", doc: "`a f d c b s l p`." } },
    example: "salt '*' selinux.filetype_id_to_string f",
    run(_ctx, args) {
      checkFileType(args.filetype);
      return fileTypes[args.filetype]!;
    },
  }),
  fcontext_get_policy: fn({
    doc: "Returns the context that the policy has for a file specification, or nothing.",
    args: { name: fileSpec, ...context },
    example: "salt '*' selinux.fcontext_get_policy my-policy",
    async run(ctx, args) {
      checkFileType(args.filetype);
      return findContext(await contextsText(ctx), args);
    },
  }),
  fcontext_add_policy: fn({
    doc: "Adds or changes the context that the policy has for a file specification.",
    args: { name: fileSpec, ...context },
    example: "salt '*' selinux.fcontext_add_policy '/srv/web(/.*)?' sel_type=httpd_sys_content_t",
    run: (ctx, args) => changeContext(ctx, "add", args),
  }),
  fcontext_delete_policy: fn({
    doc: "Removes the context that the policy has for a file specification.",
    args: { name: fileSpec, ...context },
    example: "salt '*' selinux.fcontext_delete_policy '/srv/web(/.*)?'",
    run: (ctx, args) => changeContext(ctx, "delete", args),
  }),
  fcontext_policy_is_applied: fn({
    doc: "Returns what `restorecon` would change; an empty text when all is as the policy says.",
    args: {
      name: { type: "string", required: true, doc: "Path." },
      recursive: { type: "bool", default: false, doc: "What is below it too." },
    },
    example: "salt '*' selinux.fcontext_policy_is_applied /srv/web recursive=True",
    async run(ctx, args) {
      const words = ["restorecon", "-n", "-v", ...(args.recursive ? ["-R"] : [])];
      return (await runProgram(ctx, [...words, operand(args.name, "a path")])).stdout;
    },
  }),
  port_get_policy: fn({
    doc: "Returns the type that the policy has for a port, or nothing.",
    args: { name: port, sel_type: selType, protocol: protocolArg, port: portArg },
    example: "salt '*' selinux.port_get_policy tcp/80",
    async run(ctx, args) {
      const [protocol, number] = protocolAndPort(args.name, args.protocol, args.port);
      const done = await runProgram(ctx, ["semanage", "port", "-l"], { ignoreRetcode: true });
      return findPort(done.stdout, { sel_type: args.sel_type, protocol, port: number });
    },
  }),
  port_add_policy: fn({
    doc: "Gives a port a type.",
    args: {
      name: port,
      sel_type: selType,
      protocol: protocolArg,
      port: portArg,
      sel_range: { type: "string", default: null, doc: "MLS range." },
    },
    example: "salt '*' selinux.port_add_policy tcp/8080 http_port_t",
    run: (ctx, args) => changePort(ctx, "add", args),
  }),
  port_delete_policy: fn({
    doc: "Takes a port's type back.",
    args: { name: port, protocol: protocolArg, port: portArg },
    example: "salt '*' selinux.port_delete_policy tcp/8080",
    run: (ctx, args) => changePort(ctx, "delete", { ...args, sel_type: null, sel_range: null }),
  }),
};

/** The module `selinux`. */
export const selinux = executionModule({
  name: "selinux",
  doc: "SELinux: its mode, booleans, policy modules, and the contexts of files and ports.",
  virtual() {
    const missing = ["semanage", "setsebool", "semodule"].find((name) => which(name) === null);
    return missing === undefined || `${missing} is not in the path`;
  },
  functions: { ...modes, ...policy, ...labels },
});
