/**
 * Calls functions as another user: `sudo -u USER saltx call …`. (`salt/executors/sudo.py`)
 *
 * The call knows nothing of the job, tells no master of itself and uses no executor in turn; what it
 * gives, and its return code, become the job's.
 * @module
 */
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { EX, SaltInvocationError } from "../../errors.ts";
import { runProcess, which } from "../../process/mod.ts";
import { runtime } from "../../runtime/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { parseKeyword, yamlifyArg } from "../args.ts";
import { jobEnvironment } from "../environment.ts";
import type { ExecContext } from "../types.ts";
import type { Executor, ExecutorCall } from "./types.ts";

/** They would wait for the job that they are part of. */
const STATE_RUNS = new Set(["state.sls", "state.highstate", "state.apply"]);

function sudoPath(ctx: ExecContext): string | null {
  return which("sudo", jobEnvironment(ctx)["PATH"] ?? "");
}

/** A value as a word that `salt-call` reads back as the same value. */
export function valueWord(value: Data): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const plain = yamlifyArg(value) === value && parseKeyword(value) === null;
  return plain && !/[\r\n]/.test(value) ? value : JSON.stringify(value);
}

/** A keyword argument as one word. */
function keywordWord(name: string, value: Data): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const plain = !/[\r\n]/.test(text) && isDeepStrictEqual(yamlifyArg(text), value);
  return `${name}=${plain ? text : JSON.stringify(value)}`;
}

/** The words after `sudo`. */
export function sudoWords(ctx: ExecContext, call: ExecutorCall): string[] {
  const user = String(ctx.opts.sudo_user);
  const kwargs: DataMap = Object.fromEntries(
    Object.entries(call.kwargs).filter(([name]) => !name.startsWith("__pub_")),
  );
  if (STATE_RUNS.has(call.fun)) kwargs["concurrent"] = true;
  return [
    ...["-u", user, "--", ...runtime.selfCommand(), "call", "--priv", user],
    ...["--out", "json", "--metadata", "--no-return-event", "--module-executors", "direct_call"],
    ...["-c", dirname(String(ctx.opts.conf_file)), "--", call.fun],
    ...call.args.map(valueWord),
    ...Object.entries(kwargs).map(([name, value]) => keywordWord(name, value)),
  ];
}

/** The whole return that `--metadata` prints; null when the call did not come that far. */
function readReturn(text: string): DataMap | null {
  try {
    const local = (JSON.parse(text) as DataMap)["local"];
    return isMap(local) && "return" in local ? local : null;
  } catch {
    return null;
  }
}

/** The executor `sudo`. */
export const sudo: Executor = {
  available: (ctx) => ctx.opts.sudo_user !== "" && sudoPath(ctx) !== null,
  async execute(ctx, call) {
    const user = String(ctx.opts.sudo_user);
    if (user.startsWith("-")) throw new SaltInvocationError(`sudo_user: '${user}' is no user`);
    const done = await runProcess([sudoPath(ctx)!, "-n", ...sudoWords(ctx, call)], {
      env: jobEnvironment(ctx),
      signal: ctx.signal,
      // The call ends what it has started, which has process groups of its own. So it is not tracked
      // either: killed at once, it would leave that running.
      abortWith: "SIGINT",
    });
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const found = readReturn(decode(done.stdout));
    if (found === null) {
      ctx.context.retcode = done.code === EX.OK ? EX.GENERIC : done.code;
      return decode(done.stderr).trim() || `sudo ended with ${done.code} and said nothing`;
    }
    const { retcode, out } = found;
    ctx.context.retcode = typeof retcode === "number" ? retcode : done.code;
    if (typeof out === "string") ctx.context["out"] = out;
    return found["return"]!;
  },
};
