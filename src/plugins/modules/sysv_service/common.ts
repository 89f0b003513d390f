/**
 * What services have in common where scripts start them.
 * @module
 */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, type ExecutionFunction, fn } from "../../../loader/types.ts";
import { globFilter, isGlob } from "../../../text/glob.ts";
import { pyTruthy } from "../../../text/py_repr.ts";
import { operand, runProgram } from "../_program.ts";

/** The functions that states and other modules call whatever starts services. */
export type ServiceFunctions =
  & Record<
    | "available"
    | "disable"
    | "disabled"
    | "enable"
    | "enabled"
    | "get_all"
    | "missing"
    | "reload"
    | "restart"
    | "start"
    | "status"
    | "stop",
    ExecutionFunction
  >
  & Record<string, ExecutionFunction>;

/** The argument that names a service. */
export const nameArg = { type: "string", required: true, doc: "Name of the service." } as const;
export const kwargsArg = { type: "map", keywords: true, doc: "" } as const;

/** A name of a service that is no option and no path. */
export function serviceWord(name: string): string {
  const word = operand(name, "a service");
  if (!word.includes("/")) return word;
  throw new CommandExecutionError(`"${word}" cannot be a service`);
}

/** Runs a program. Whether it went well. */
export async function went(
  ctx: ExecContext,
  argv: readonly string[],
  ignoreRetcode = false,
): Promise<boolean> {
  return (await runProgram(ctx, argv, { ignoreRetcode })).retcode === 0;
}

/** How services are reached on a kind of system. */
export interface Scripts {
  /** Names of all services, sorted. */
  all(ctx: ExecContext): string[] | Promise<string[]>;
  /** Has a service do something. Whether it went well. */
  run(ctx: ExecContext, name: string, action: string, ignoreRetcode?: boolean): Promise<boolean>;
}

function action(scripts: Scripts, verb: string, doc: string): ExecutionFunction {
  return fn({
    doc,
    args: { name: nameArg },
    example: `salt '*' service.${verb.replace("-", "_")} <service name>`,
    run: (ctx, { name }) => scripts.run(ctx, serviceWord(name), verb),
  });
}

/** Functions that start and stop. */
export function actionFunctions(scripts: Scripts) {
  return {
    start: action(scripts, "start", "Starts a service. Says whether that went well."),
    stop: action(scripts, "stop", "Stops a service. Says whether that went well."),
    restart: action(
      scripts,
      "restart",
      "Stops a service and starts it again. Says whether that went well.",
    ),
    reload: action(
      scripts,
      "reload",
      "Has a service read its configuration anew. Says whether that went well.",
    ),
    status: fn({
      doc: "Says whether a service runs; for a pattern, of each service that fits it.",
      args: {
        name: nameArg,
        sig: {
          type: "any",
          default: null,
          doc: "Look for a process that has this in its command.",
        },
      },
      example: "salt '*' service.status <service name> [service signature]",
      async run(ctx, { name, sig }) {
        if (pyTruthy(sig)) return pyTruthy(await ctx.salt("status.pid", [sig]));
        const ask = (one: string) => scripts.run(ctx, serviceWord(one), "status", true);
        if (!isGlob(name)) return await ask(name);
        const states: Record<string, boolean> = {};
        for (const one of globFilter(await scripts.all(ctx), name)) states[one] = await ask(one);
        return states;
      },
    }),
  };
}

/** Functions that say which services there are. */
export function listFunctions(scripts: Scripts) {
  const isThere = async (ctx: ExecContext, name: string) => (await scripts.all(ctx)).includes(name);
  return {
    available: fn({
      doc: "Says whether there is a service.",
      args: { name: nameArg },
      example: "salt '*' service.available sshd",
      run: (ctx, { name }) => isThere(ctx, name),
    }),
    missing: fn({
      doc: "Says whether there is no such service.",
      args: { name: nameArg },
      example: "salt '*' service.missing sshd",
      run: async (ctx, { name }) => !await isThere(ctx, name),
    }),
    get_all: fn({
      doc: "Lists all services.",
      args: {},
      example: "salt '*' service.get_all",
      run: (ctx) => scripts.all(ctx),
    }),
  };
}
