/** Functions of `ps` that search what other programs print. @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import type { Data } from "../../../types/mod.ts";
import { operand, runProgram } from "../_program.ts";

const name = { type: "string", required: true, doc: "Name of a program." } as const;

/** Lines of a program's output that have a text in them. */
async function linesWith(ctx: ExecContext, argv: string[], text: string): Promise<string[]> {
  const { stdout } = await runProgram(ctx, argv);
  return stdout.split("\n").filter((line) => line.includes(text));
}

async function psaux(ctx: ExecContext, pattern: string): Promise<Data[]> {
  const compiled = compilePattern(pattern);
  const { stdout } = await runProgram(ctx, ["ps", "aux"]);
  const found = stdout.split("\n").filter((line) =>
    compiled.search(line) !== null && !/salt.+ps\.psaux.+/.test(line)
  );
  return [pattern, found, `${found.length} occurrence(s).`];
}

/** Searches. */
export const toolFunctions = {
  lsof: fn({
    doc: "Returns which files processes of a name have open.",
    args: { name },
    example: "salt '*' ps.lsof apache2",
    run: async (ctx, args) => [
      args.name,
      (await runProgram(ctx, ["lsof", "-c", operand(args.name, "a name")])).stdout,
    ],
  }),
  netstat: fn({
    doc: "Returns the lines of `netstat -nap` that have a name in them.",
    args: { name },
    example: "salt '*' ps.netstat apache2",
    run: async (ctx, args) => [args.name, await linesWith(ctx, ["netstat", "-nap"], args.name)],
  }),
  ss: fn({
    doc: "Returns the lines of `ss -neap` that have a name in them.",
    args: { name },
    example: "salt '*' ps.ss apache2",
    run: async (ctx, args) => [args.name, await linesWith(ctx, ["ss", "-neap"], args.name)],
  }),
  psaux: fn({
    doc: "Returns the lines of `ps aux` that fit a regular expression.",
    args: { name: { type: "string", required: true, doc: "The expression." } },
    example: "salt '*' ps.psaux www-data.+apache2",
    run: (ctx, args) => psaux(ctx, args.name),
  }),
};
