/**
 * Makes minions of hosts that ssh reaches. (`salt/runners/manage.py:bootstrap`)
 *
 * Without a script this executable itself goes there: it is all that a minion needs.
 * @module
 */
import { readFile } from "node:fs/promises";
import { SaltException, SaltInvocationError } from "../../errors.ts";
import type { RunnerContext } from "../../loader/runner_types.ts";
import { runtime } from "../../runtime/mod.ts";
import { dumpYaml } from "../../serializers/yaml.ts";
import { shlexSplit } from "../../text/shlex.ts";
import type { DataMap } from "../../types/mod.ts";
import { runBySsh, SSH_FAILED, type SshHost, type SshResult } from "./_ssh.ts";

/** How hosts become minions. */
export interface BootstrapRequest {
  /** A file of this host or an http(s) URL; empty: this executable is installed. */
  readonly script: string;
  readonly scriptArgs: string;
  /** Address of the master, for the minion's configuration. */
  readonly master: string;
  /** Where the executable goes. */
  readonly dest: string;
  readonly configDir: string;
  /** More options of the minion. */
  readonly config: DataMap;
}

/** Bytes of a script. */
const MAX_SCRIPT = 4 << 20;

/** ms for a script to be fetched. */
const FETCH_MS = 60_000;

async function readScript(script: string): Promise<string> {
  if (!/^https?:\/\//i.test(script)) {
    return await readFile(script.replace(/^file:\/\//, ""), "utf8");
  }
  const reply = await fetch(script, { signal: AbortSignal.timeout(FETCH_MS) });
  if (!reply.ok) throw new SaltException(`${script} cannot be fetched: ${reply.status}`);
  const text = await reply.text();
  if (text.length > MAX_SCRIPT) throw new SaltException(`${script} is too long for a script`);
  return text;
}

/** One step on a host: what to run there and what it reads. */
type Step = readonly [argv: readonly string[], input: string | Uint8Array];

/** Writes standard input to a file, whole or not at all. */
function put(path: string, mode: string): string[] {
  const script = 'set -e; umask 077; mkdir -p "$(dirname "$1")"; cat > "$1.new"; ' +
    'chmod "$2" "$1.new"; mv "$1.new" "$1"';
  return ["sh", "-c", script, "sh", path, mode];
}

async function stepsOf(
  request: BootstrapRequest,
): Promise<(host: SshHost) => readonly Step[]> {
  const { script, scriptArgs, master, dest, configDir, config } = request;
  if (script !== "") {
    const text = await readScript(script);
    return () => [[["sh", "-s", "--", ...shlexSplit(scriptArgs)], text]];
  }
  if (!runtime.isExecutable) {
    throw new SaltInvocationError(
      "This is saltx from source: build the executable, or name a script",
    );
  }
  if (master === "") {
    throw new SaltInvocationError("Name the master's address, as minions reach it: master=HOST");
  }
  const self = await readFile(process.execPath);
  return ({ id }) => [
    [put(dest, "755"), self],
    [put(`${configDir}/minion.d/99-bootstrap.conf`, "644"), dumpYaml({ master, id, ...config })],
    // What it leaves running must not hold the connection open.
    [[
      "sh",
      "-c",
      'exec "$0" "$@" </dev/null >/dev/null 2>&1',
      dest,
      "minion",
      "-c",
      configDir,
      "-d",
    ], ""],
  ];
}

/**
 * Works on one host after the other, and goes on with the next when one fails.
 * @returns by host what the last step wrote, and its code.
 */
export async function bootstrapHosts(
  ctx: RunnerContext,
  hosts: readonly SshHost[],
  request: BootstrapRequest,
): Promise<Record<string, DataMap>> {
  const steps = await stepsOf(request);
  const results: Record<string, DataMap> = {};
  for (const host of hosts) {
    let last: SshResult = { code: 0, stdout: "", stderr: "" };
    for (const [argv, input] of steps(host)) {
      last = await runBySsh(ctx, host, argv, input);
      if (last.code !== 0) break;
    }
    const { code, stdout, stderr } = last;
    const why = code === SSH_FAILED ? `ssh does not get there: ${stderr}` : stderr;
    results[host.id] = { retcode: code, stdout, stderr: why };
    await ctx.progress(`${host.id}: ${code === 0 ? "done" : `failed (${code})`}`);
  }
  return results;
}
