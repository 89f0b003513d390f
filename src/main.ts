/**
 * The program: finds out which tool it was called as and hands over to it.
 *
 * Nothing heavy is imported here: `--version` is answered before anything else loads.
 * @module
 */
import { basename } from "node:path";
import { findRole, type Role, ROLES } from "./cli/definitions/mod.ts";
import type { CliIo } from "./cli/invocation.ts";
import { EX } from "./errors.ts";
import { stdDrained } from "./runtime/std_streams.ts";
import { SALT_COMPAT_NAME, SALT_COMPAT_VERSION, VERSION } from "./version.ts";

/** What `--version` prints. Through Salt's names it begins as Salt's own line does. */
function versionLine(program: string): string {
  return program.startsWith("saltx")
    ? `saltx ${VERSION} (Salt ${SALT_COMPAT_VERSION} ${SALT_COMPAT_NAME})\n`
    : `${program} ${SALT_COMPAT_VERSION} (${SALT_COMPAT_NAME}) saltx ${VERSION}\n`;
}

async function unknownRole(word: string, io: CliIo): Promise<number> {
  const { nearMiss } = await import("./cli/near_miss.ts");
  const names = ROLES.flatMap(({ role, program }) => program ? [role, program] : [role]);
  const near = nearMiss(word, names);
  const hint = near ? `Did you mean 'saltx ${near}'?` : "'saltx --help' lists the roles.";
  io.err(`saltx: error: no such role: ${word}. ${hint}\n`);
  return EX.USAGE;
}

async function runRole(
  role: Role,
  program: string,
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  if (argv.length === 1 && argv[0] === "--version") {
    io.out(versionLine(program));
    return EX.OK;
  }
  const { callTool } = await import("./cli/call_tool.ts");
  return callTool(role, { program, argv, io, versionLine: versionLine(program) });
}

/**
 * Runs the tool that the command line names.
 *
 * @param calledAs the program's name as it was typed, such as `/usr/bin/salt-key`.
 * @param argv the words after it.
 * @returns the exit code.
 */
export async function main(
  calledAs: string,
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  const name = basename(calledAs).replace(/\.exe$/, "");
  const linked = ROLES.find((role) => role.program === name);
  if (linked) return runRole(linked, name, argv, io);
  const [word, ...rest] = argv;
  if (word === "--version") {
    io.out(versionLine("saltx"));
    return EX.OK;
  }
  if (word === undefined || word === "-h" || word === "--help" || word === "help") {
    const { topHelp } = await import("./cli/help.ts");
    (word === undefined ? io.err : io.out)(topHelp());
    return word === undefined ? EX.USAGE : EX.OK;
  }
  if (word === "-V" || word === "--versions-report") {
    const { versionsReport } = await import("./cli/versions_report.ts");
    io.out(await versionsReport());
    return EX.OK;
  }
  const role = findRole(word);
  if (!role) return unknownRole(word, io);
  return runRole(role, `saltx ${role.role}`, rest, io);
}

/** Runs the tool with this process's command line and streams, and ends the process. */
export async function runProgram(): Promise<void> {
  const { processIo } = await import("./cli/process_io.ts");
  const code = await main(process.argv0, process.argv.slice(2), processIo());
  const { runtime } = await import("./runtime/mod.ts");
  await runtime.drained();
  // What was written to a pipe may still be on its way.
  await stdDrained();
  process.exit(code);
}

if (import.meta.main) void runProgram();
