/**
 * Calls one tool: reads its command line, and tells of what goes wrong.
 * @module
 */
import { EX, messageOf, SaltException } from "../errors.ts";
import type { Role, ToolDef } from "./definitions/mod.ts";
import { toolHelp, usageLine } from "./help.ts";
import type { CliIo, RunTool } from "./invocation.ts";
import { parseArgs } from "./parse_args.ts";
import { loadTool } from "./tools.ts";
import { UsageError } from "./usage_error.ts";

/** How a tool was called. */
export interface ToolCall {
  program: string;
  argv: readonly string[];
  io: CliIo;
  versionLine: string;
}

function report(error: unknown, tool: ToolDef, call: ToolCall, hardCrash: boolean): number {
  if (error instanceof UsageError) {
    call.io.err(`${usageLine(tool, call.program)}\n\n${call.program}: error: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof SaltException && !hardCrash) {
    call.io.err(`${error.message}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  call.io.err(`${stack ?? messageOf(error)}\n`);
  return EX.SOFTWARE;
}

async function act(action: string, tool: ToolDef, call: ToolCall): Promise<number> {
  if (action === "help") {
    call.io.out(toolHelp(tool, call.program, Math.min(100, Math.max(60, call.io.columns - 2))));
  } else if (action === "version") {
    call.io.out(call.versionLine);
  } else {
    const { versionsReport } = await import("./versions_report.ts");
    call.io.out(await versionsReport());
  }
  return EX.OK;
}

/** Gives the exit code. Throws nothing. */
export async function callTool(
  role: Role,
  call: ToolCall,
  load: (role: string) => Promise<RunTool> = loadTool,
): Promise<number> {
  const tool = await role.define();
  let hardCrash = Boolean(call.io.env["SALT_HARD_CRASH"]);
  try {
    const parsed = await parseArgs(tool, call.argv, {
      env: call.io.env,
      more: () => call.io.readLines(),
    });
    if (parsed.action !== null) return await act(parsed.action, tool, call);
    hardCrash ||= parsed.values["hard_crash"] === true;
    const { withSaltfile } = await import("./saltfile.ts");
    const complete = await withSaltfile(parsed, tool, call.io.env);
    const run = await load(role.role);
    return await run({ ...complete, tool, program: call.program, io: call.io });
  } catch (error) {
    return report(error, tool, call, hardCrash);
  }
}
