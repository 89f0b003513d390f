/** Lines in the log of the minion. (`salt/modules/logmod.py`) @module */
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";

type Level = "debug" | "info" | "warning" | "error" | "critical";

function writes(name: string, level: Level) {
  return fn({
    doc: `Writes a line of the level ${name.toUpperCase()} into the log.`,
    args: { message: { type: "string", required: true, doc: "What it says." } },
    example: `salt '*' log.${name} 'something to remember'`,
    run(ctx: ExecContext, { message }) {
      ctx.log[level](message);
      return true;
    },
  });
}

/** The module `log`. */
export const logmod = executionModule({
  name: "logmod",
  virtualname: "log",
  doc: "Lines in the log of the minion.",
  functions: {
    debug: writes("debug", "debug"),
    info: writes("info", "info"),
    warning: writes("warning", "warning"),
    error: writes("error", "error"),
    critical: writes("critical", "critical"),
    exception: writes("exception", "error"),
  },
});
