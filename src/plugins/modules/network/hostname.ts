/** Functions of `network` about this machine's own name. @module */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { SaltInvocationError } from "../../../errors.ts";
import { atomicWriteSync } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { runProgram } from "../_program.ts";

async function fullName(ctx: ExecContext): Promise<string> {
  const { retcode, stdout } = await runProgram(ctx, ["hostname", "-f"], {
    timeoutMs: 10_000,
    ignoreRetcode: true,
  });
  return retcode === 0 && stdout.trim() !== "" ? stdout.trim() : hostname();
}

/** The text of `/etc/hosts` with another name in the place of one. */
export function renameInHosts(text: string, before: string, after: string): string {
  return text.split("\n").map((line) => {
    const [entry = "", ...comment] = line.split("#");
    if (!entry.split(/\s+/).includes(before)) return line;
    const renamed = entry.replace(/\S+/g, (word) => word === before ? after : word);
    return [renamed, ...comment].join("#");
  }).join("\n");
}

function rewrite(path: string, change: (text: string) => string): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return;
  }
  const changed = change(text);
  if (changed !== text) atomicWriteSync(path, changed);
}

async function setName(ctx: ExecContext, name: string): Promise<boolean> {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(name)) {
    throw new SaltInvocationError(`"${name}" cannot be the name of a host`);
  }
  const before = await fullName(ctx);
  const argv = which("hostnamectl") ? ["hostnamectl", "set-hostname", name] : ["hostname", name];
  const { retcode, stderr } = await runProgram(ctx, argv);
  if (retcode !== 0) {
    ctx.log.error(`The host name could not be set: ${stderr.trim()}`);
    return false;
  }
  rewrite("/etc/hosts", (text) => renameInHosts(text, before, name));
  if (ctx.grains["os_family"] === "Debian") rewrite("/etc/hostname", () => `${name}\n`);
  if (ctx.grains["os_family"] === "RedHat") {
    rewrite("/etc/sysconfig/network", (text) => text.replace(/^HOSTNAME=.*$/m, `HOSTNAME=${name}`));
  }
  return true;
}

/** This machine's own name. */
export const hostnameFunctions = {
  get_hostname: fn({
    doc: "Returns the name of this machine.",
    args: {},
    example: "salt '*' network.get_hostname",
    run: () => hostname(),
  }),
  get_fqdn: fn({
    doc: "Returns the name of this machine with its domain.",
    args: {},
    example: "salt '*' network.get_fqdn",
    run: (ctx) => fullName(ctx),
  }),
  mod_hostname: fn({
    doc: "Changes the name of this machine, also in `/etc/hosts` and where the system keeps it.",
    args: { hostname: { type: "string", required: true, doc: "The new name." } },
    example: "salt '*' network.mod_hostname master.saltstack.com",
    run: (ctx, args) => setName(ctx, args.hostname),
  }),
};
