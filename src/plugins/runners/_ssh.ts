/**
 * Other hosts by OpenSSH: a flat roster says how to reach them. (`salt/roster/flat.py`)
 *
 * Nobody is asked anything: keys only, and a host key that is not known is refused.
 * @module
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, SaltException, SaltInvocationError } from "../../errors.ts";
import type { RunnerContext } from "../../loader/runner_types.ts";
import { runProcess } from "../../process/mod.ts";
import { parseYaml } from "../../serializers/yaml.ts";
import { globMatch } from "../../text/glob.ts";
import { shlexQuote } from "../../text/shlex.ts";
import { type DataMap, isMap } from "../../types/mod.ts";

/** How to reach a host. */
export interface SshHost {
  /** Its name in the roster. */
  readonly id: string;
  readonly host: string;
  readonly user: string;
  readonly port: string;
  /** File of the private key. */
  readonly priv?: string;
  readonly sudo: boolean;
}

/** What a call says in place of the roster. */
export interface SshDefaults {
  user?: string | null;
  priv?: string | null;
}

/** How a remote command ended. */
export interface SshResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** ssh's own exit code when it does not get as far as the command. */
export const SSH_FAILED = 255;

/** Names and addresses of hosts; above all nothing that ssh takes for an option. */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9_.:%-]{0,254}$/;

type Roster = Record<string, unknown>;

function readRoster({ opts }: RunnerContext): Roster {
  const file = String(opts["roster_file"] || join(dirname(String(opts.conf_file)), "roster"));
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT" && !opts["roster_file"]) return {};
    throw new SaltException(`The roster ${file} cannot be read: ${messageOf(error)}`);
  }
  const roster = parseYaml(text, { file });
  if (roster === null) return {};
  if (!isMap(roster)) throw new SaltException(`The roster ${file} is no map of hosts`);
  return roster;
}

/**
 * Hosts by name or glob, each as the roster has it; a name that it lacks is the host itself.
 * @throws SaltInvocationError for what is no host.
 */
export function sshHosts(
  ctx: RunnerContext,
  wanted: readonly string[],
  defaults: SshDefaults = {},
): SshHost[] {
  const roster = readRoster(ctx);
  const found = new Map<string, SshHost>();
  for (const word of wanted) {
    const named = Object.keys(roster).filter((id) => globMatch(word, id));
    for (const id of named.length > 0 ? named : [word]) {
      found.set(id, hostOf(ctx, id, roster[id], defaults));
    }
  }
  return [...found.values()];
}

function hostOf({ opts }: RunnerContext, id: string, entry: unknown, given: SshDefaults): SshHost {
  const settings: DataMap = isMap(entry) ? entry : { host: String(entry ?? id) };
  const host = String(settings["host"] ?? id);
  if (!HOST.test(host)) throw new SaltInvocationError(`'${host}' is not a host`);
  if (settings["passwd"] !== undefined && settings["priv"] === undefined) {
    throw new SaltInvocationError(`The roster has a password for ${id}: give it a key (priv)`);
  }
  const user = String(settings["user"] ?? given.user ?? opts["ssh_user"]);
  if (!/^[A-Za-z_][\w.-]*\$?$/.test(user)) throw new SaltInvocationError(`'${user}' is not a user`);
  const port = String(settings["port"] ?? opts["ssh_port"]);
  if (!/^\d{1,5}$/.test(port)) throw new SaltInvocationError(`'${port}' is not a port`);
  const priv = settings["priv"] ?? given.priv ?? opts["ssh_priv"];
  return {
    id,
    host,
    user,
    port,
    sudo: (settings["sudo"] ?? opts["ssh_sudo"]) === true,
    ...(typeof priv === "string" && priv !== "" ? { priv } : {}),
  };
}

/**
 * Runs a program on a host; each word reaches it as it is.
 * @param input For its standard input.
 */
export async function runBySsh(
  ctx: RunnerContext,
  target: SshHost,
  argv: readonly string[],
  input: string | Uint8Array = "",
): Promise<SshResult> {
  const { opts } = ctx;
  const words = target.sudo ? ["sudo", "-n", "--", ...argv] : argv;
  const known = opts["known_hosts_file"];
  const options = [
    "BatchMode=yes",
    `ConnectTimeout=${Math.ceil(Number(opts["ssh_timeout"]))}`,
    `StrictHostKeyChecking=${opts["ignore_host_keys"] === true ? "no" : "yes"}`,
    ...(typeof known === "string" && known !== "" ? [`UserKnownHostsFile=${known}`] : []),
    ...(target.priv === undefined ? [] : ["IdentitiesOnly=yes"]),
  ];
  const done = await runProcess([
    "ssh",
    "-C",
    ...options.flatMap((option) => ["-o", option]),
    ...["-p", target.port, "-l", target.user],
    ...(target.priv === undefined ? [] : ["-i", target.priv]),
    ...["--", target.host, words.map(shlexQuote).join(" ")],
  ], { stdin: input, signal: ctx.signal });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: done.code, stdout: text(done.stdout), stderr: text(done.stderr).trimEnd() };
}
