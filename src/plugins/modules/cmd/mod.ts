/** Commands on the minion. (`salt/modules/cmdmod.py`) @module */
import { CommandExecutionError } from "../../../errors.ts";
import { executionModule, fn } from "../../../loader/types.ts";
import { take } from "./args.ts";
import { execCode, execCodeAll } from "./code.ts";
import { runCommand } from "./run.ts";
import { script, scriptRetcode } from "./script.ts";
import { programs } from "./programs.ts";

const where = ["cmd", "cwd", "stdin", "runas", "group", "shell"] as const;
const log = ["umask", "output_encoding", "output_loglevel", "log_callback"] as const;
const limits = ["timeout", "reset_system_locale", "ignore_retcode", "saltenv", "use_vt"] as const;
const successes = ["success_retcodes", "success_stdout", "success_stderr", "kwargs"] as const;
const environment = ["env", "clean_env", "template", "rstrip"] as const;

const streamArgs = take(
  ...where,
  "python_shell",
  ...environment,
  ...log,
  "hide_output",
  ...limits,
  "password",
  "prepend_path",
  ...successes,
);

const run = fn({
  doc: "Runs a command and returns what it wrote. The job fails when its exit code is not 0.",
  args: {
    ...take(...where, "python_shell", ...environment, ...log, "hide_output", ...limits),
    ...take("redirect_stderr", "bg", "password", "encoded_cmd", "raise_err", "prepend_path"),
    ...take(...successes),
  },
  example: "salt '*' cmd.run \"ls -l | awk '/foo/{print \\$2}'\"\n" +
    "salt '*' cmd.run 'sleep 60' timeout=5 runas=nobody",
  async run(ctx, args) {
    const result = await runCommand(ctx, { ...args, merge_stderr: args.redirect_stderr });
    if (args.raise_err && !args.ignore_retcode && result.retcode) {
      throw new CommandExecutionError(args.hide_output ? "" : result.stdout);
    }
    return args.hide_output ? "" : result.stdout;
  },
});

const shell = fn({
  doc: "Runs a command in a shell, whoever calls.",
  args: {
    ...take(...where, ...environment, ...log, "hide_output", ...limits, "bg", "password"),
    ...take("prepend_path", ...successes),
  },
  example: "salt '*' cmd.shell 'ls -l | wc -l'",
  async run(ctx, args) {
    const { python_shell } = args.kwargs;
    const result = await runCommand(ctx, {
      ...args,
      merge_stderr: true,
      python_shell: python_shell ?? true,
    });
    return args.hide_output ? "" : result.stdout;
  },
});

const runAll = fn({
  doc: "Runs a command and returns its process id, exit code, standard output and error.",
  args: {
    ...take(...where, "python_shell", ...environment, ...log, "hide_output", ...limits),
    redirect_stderr: { ...take("redirect_stderr").redirect_stderr, default: false },
    ...take("password", "encoded_cmd", "prepend_path", ...successes),
  },
  example: "salt '*' cmd.run_all 'ls /nowhere'",
  async run(ctx, args) {
    const result = await runCommand(ctx, { ...args, merge_stderr: args.redirect_stderr });
    return args.hide_output ? { ...result, stdout: "", stderr: "" } : { ...result };
  },
});

const retcode = fn({
  doc: "Runs a command and returns its exit code.",
  args: {
    ...take(...where, "python_shell", "env", "clean_env", "template", ...log),
    ...take(...limits, "password", ...successes),
  },
  example: "salt '*' cmd.retcode 'grep -q foo /etc/hosts'",
  async run(ctx, args) {
    return (await runCommand(ctx, { ...args, merge_stderr: true })).retcode;
  },
});

const runBg = fn({
  doc: "Starts a command, leaves it running and returns its process id.",
  args: {
    ...take("cmd", "cwd", "runas", "group", "shell", "python_shell", "env", "clean_env"),
    ...take("template", "umask", "timeout", "output_encoding", "output_loglevel", "log_callback"),
    ...take("reset_system_locale", "ignore_retcode", "saltenv", "password", "prepend_path"),
    ...take(...successes),
  },
  example: "salt '*' cmd.run_bg 'sleep 600'",
  async run(ctx, args) {
    return { pid: (await runCommand(ctx, { ...args, bg: true })).pid };
  },
});

/** The module `cmd`. */
export const cmd = executionModule({
  name: "cmdmod",
  virtualname: "cmd",
  doc: "Commands on the minion.",
  functions: {
    run,
    shell,
    run_all: runAll,
    retcode,
    run_bg: runBg,
    run_stdout: fn({
      doc: "Runs a command and returns its standard output alone.",
      args: streamArgs,
      example: "salt '*' cmd.run_stdout 'ls -l'",
      async run(ctx, args) {
        const result = await runCommand(ctx, args);
        return args.hide_output ? "" : result.stdout;
      },
    }),
    run_stderr: fn({
      doc: "Runs a command and returns its standard error alone.",
      args: streamArgs,
      example: "salt '*' cmd.run_stderr 'ls /nowhere'",
      async run(ctx, args) {
        const result = await runCommand(ctx, args);
        return args.hide_output ? "" : result.stderr;
      },
    }),
    script,
    script_retcode: scriptRetcode,
    exec_code: execCode,
    exec_code_all: execCodeAll,
    ...programs,
  },
});
