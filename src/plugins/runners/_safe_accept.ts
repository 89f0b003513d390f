/**
 * Accepts keys whose fingerprint the host itself tells over ssh. (`salt/runners/manage.py:safe_accept`)
 * @module
 */
import { pemFinger } from "../../crypt/mod.ts";
import type { RunnerContext } from "../../loader/runner_types.ts";
import { runBySsh, type SshHost } from "./_ssh.ts";

/** What a fingerprint looks like. */
const FINGER = /^(?:[0-9a-f]{2}:){15,63}[0-9a-f]{2}$/;

/** Asks whichever of the two is there. */
const ASK = "for tool in salt-call 'saltx call'; do " +
  'if command -v "${tool%% *}" >/dev/null; then ' +
  'exec $tool "$@" --local --out=newline_values_only key.finger; fi; done; ' +
  "echo 'neither salt-call nor saltx is there' >&2; exit 127";

/** Ids that were accepted, and why others were not. */
export interface SafeAccepted {
  readonly accepted: string[];
  readonly failures: Record<string, string>;
}

/** @param command The program to ask on the hosts, with its options; found by itself when empty. */
export async function safeAccept(
  ctx: RunnerContext,
  hosts: readonly SshHost[],
  command: readonly string[],
): Promise<SafeAccepted> {
  const accepted: string[] = [];
  const failures: Record<string, string> = {};
  for (const host of hosts) {
    if (ctx.keys.stateOf(host.id) === "accepted") continue;
    const why = await check(ctx, host, command);
    if (why !== null) failures[host.id] = why;
    else {
      const [change] = ctx.keys.change("accept", [{ state: "pending", id: host.id }]);
      if (change?.outcome !== "done") failures[host.id] = "The key was changed meanwhile";
      else {
        accepted.push(host.id);
        await ctx.fireEvent("salt/key", { result: true, act: "accept", id: host.id });
      }
    }
  }
  return { accepted, failures };
}

/** null: the key that waits is the host's. */
async function check(
  ctx: RunnerContext,
  host: SshHost,
  command: readonly string[],
): Promise<string | null> {
  const pending = ctx.keys.read("pending", host.id);
  if (pending === null) return `Minion key ${host.id} not found by salt-key`;
  const argv = command.length > 0
    ? [...command, "--local", "--out=newline_values_only", "key.finger"]
    : ["sh", "-c", ASK, "sh"];
  const { code, stdout, stderr } = await runBySsh(ctx, host, argv);
  const finger = stdout.trim();
  if (code !== 0 || !FINGER.test(finger)) return stderr || `It answers ${JSON.stringify(finger)}`;
  const waiting = pemFinger(pending, ctx.opts.hash_type);
  if (finger === waiting) return null;
  return `Minion key ${finger} does not match the key in salt-key: ${waiting}`;
}
