/** Commands on the minion. (`salt/modules/cmdmod.py`) @module */
import { spawnSync } from "node:child_process";
import { executionModule, fn } from "../../loader/types.ts";

/** The module `cmd`. */
export const cmd = executionModule({
  name: "cmd",
  doc: "Commands on the minion.",
  functions: {
    run: fn({
      doc: "Runs a command and returns its output.",
      args: { cmd: { type: "string", required: true, doc: "The command." } },
      example: "salt '*' cmd.run 'ls -l'",
      run(ctx, args) {
        const done = spawnSync("/bin/sh", ["-c", args.cmd], { encoding: "utf8" });
        ctx.context.retcode = done.status ?? 1;
        return (done.stdout + done.stderr).trimEnd();
      },
    }),
  },
});
