/** Parameters of the running Linux kernel, and those to set at boot. (`salt/modules/linux_sysctl.py`) @module */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { ensureDir } from "../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { operand, programOutput, runProgram } from "./_program.ts";
import { readSystemFile, writeSystemFile } from "./_system_file.ts";
import { dirname } from "node:path";

/** What a file of parameters sets. Later lines win. */
export function parseConfig(text: string): DataMap {
  const values = new Map<string, string>();
  for (const line of text.split("\n").map((one) => one.trim())) {
    const at = line.indexOf("=");
    if (line.startsWith("#") || at < 0) continue;
    values.set(line.slice(0, at).trimEnd(), line.slice(at + 1).trimStart());
  }
  return Object.fromEntries(values);
}

/** What `sysctl -a` prints. */
export function parseAll(text: string): DataMap {
  const lines = text.split("\n").map((line) => line.split(" = "));
  return Object.fromEntries(
    lines.filter((parts) => parts.length > 1).map(([name, ...rest]) => [name!, rest.join(" = ")]),
  );
}

/** Values differ by more than the blanks between their parts. */
function normal(value: string): string {
  return value.trim().replace(/\s+/g, "\t");
}

/** The file of a parameter below `/proc/sys`: `/` and `.` change places. */
function kernelFile(name: string): string {
  const swapped = name.replace(/[./]/g, (char) => char === "." ? "/" : ".");
  if (swapped.split("/").some((part) => part === ".." || part === "")) {
    throw new SaltInvocationError(`"${name}" is not the name of a kernel parameter`);
  }
  return join("/proc/sys", swapped);
}

function checkValue(value: Data): string {
  const text = pyStr(value);
  if (/[\0\n]/.test(text)) {
    throw new SaltInvocationError("The value of a kernel parameter has one line");
  }
  return text;
}

async function get(ctx: ExecContext, name: string): Promise<string> {
  return await programOutput(ctx, ["sysctl", "-n", operand(name, "a kernel parameter")]);
}

async function assign(ctx: ExecContext, name: string, value: Data): Promise<DataMap> {
  const wanted = checkValue(value);
  if (!existsSync(kernelFile(name))) {
    throw new CommandExecutionError(`sysctl ${name} does not exist`);
  }
  const word = operand(`${name}=${wanted}`, "a kernel parameter");
  const done = await runProgram(ctx, ["sysctl", "-w", word]);
  const [shownName, ...rest] = done.stdout.split(" = ");
  const shown = rest.join(" = ");
  const same = shownName === name && normal(shown) === normal(wanted);
  if (done.retcode !== 0 || !same || done.stderr.includes("Invalid argument")) {
    const why = done.retcode !== 0 && done.stderr !== "" ? done.stderr : done.stdout;
    throw new CommandExecutionError(`sysctl -w failed: ${why}`);
  }
  return { [name]: shown };
}

/** The file's lines with the parameter set; null when it is set so already. */
function withParameter(lines: string[], name: string, value: string): string[] | null {
  let found = false;
  let same = true;
  const changed = lines.map((line) => {
    const at = line.indexOf("=");
    if (at < 0 || line.trimStart().startsWith("#") || line.slice(0, at).trim() !== name) {
      return line;
    }
    found = true;
    if (normal(line.slice(at + 1)) === normal(value)) return line;
    same = false;
    return `${name} = ${value}`;
  });
  if (found) return same ? null : changed;
  return [...changed, `${name} = ${value}`];
}

async function persist(
  ctx: ExecContext,
  name: string,
  value: Data,
  config: string,
): Promise<string> {
  const wanted = checkValue(value);
  const before = readSystemFile(config);
  const lines = (before ?? "#\n# Kernel sysctl configuration\n#\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const changed = withParameter(lines, name, wanted);
  if (changed === null) {
    if (normal(await get(ctx, name)) === normal(wanted)) return "Already set";
    await assign(ctx, name, wanted);
    return "Updated";
  }
  if (before === undefined) ensureDir(dirname(config));
  await writeSystemFile(ctx, config, `${changed.join("\n")}\n`);
  await assign(ctx, name, wanted);
  return "Updated";
}

/** systemd reads a folder of files; the one of Salt comes last in it. */
function defaultConfig(): string {
  return existsSync("/run/systemd/system") ? "/etc/sysctl.d/99-salt.conf" : "/etc/sysctl.conf";
}

const name = { type: "string", required: true, doc: "Such as `net.ipv4.ip_forward`." } as const;
const value = { type: "any", required: true, doc: "The value." } as const;

/** The module `sysctl` of Linux. */
export const linuxSysctl = executionModule({
  name: "linux_sysctl",
  virtualname: "sysctl",
  doc: "Parameters of the running kernel, and those to set at boot.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: {
    show: fn({
      doc: "Returns all parameters, of the running kernel or of a file.",
      args: { config_file: { type: "any", default: false, doc: "Path of the file." } },
      example: "salt '*' sysctl.show\nsalt '*' sysctl.show config_file=/etc/sysctl.conf",
      async run(ctx, args) {
        if (!args.config_file) {
          const done = await runProgram(ctx, ["sysctl", "-a"], { ignoreRetcode: true });
          return parseAll(done.stdout);
        }
        const text = readSystemFile(pyStr(args.config_file));
        return text === undefined ? [] : parseConfig(text);
      },
    }),
    get: fn({
      doc: "Returns a parameter of the running kernel.",
      args: { name },
      example: "salt '*' sysctl.get net.ipv4.ip_forward",
      run: (ctx, args) => get(ctx, args.name),
    }),
    assign: fn({
      doc: "Sets a parameter of the running kernel.",
      args: { name, value },
      example: "salt '*' sysctl.assign net.ipv4.ip_forward 1",
      run: (ctx, args) => assign(ctx, args.name, args.value),
    }),
    persist: fn({
      doc: "Sets a parameter of the running kernel, now and at boot.",
      args: {
        name,
        value,
        config: {
          type: "string",
          default: null,
          doc: "File to write it to; the one of `default_config` when left out.",
        },
      },
      example: "salt '*' sysctl.persist net.ipv4.ip_forward 1",
      run: (ctx, args) => persist(ctx, args.name, args.value, args.config ?? defaultConfig()),
    }),
    default_config: fn({
      doc: "Returns the file that `persist` writes to.",
      args: {},
      example: "salt-call sysctl.default_config --local",
      run: () => defaultConfig(),
    }),
  },
});
