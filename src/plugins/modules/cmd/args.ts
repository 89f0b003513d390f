/**
 * The arguments that the functions of `cmd` share, declared once.
 * @module
 */
import type { ArgSpec } from "../../../loader/types.ts";

const plainShell = "/bin/sh";

/** The login shell of whoever started the minion; what commands run in when nothing is said. */
export const defaultShell = process.env["SHELL"] || plainShell;

const specs = {
  cmd: {
    type: "any",
    required: true,
    doc: "The command: a text, or a list of words, which never passes through a shell's parser.",
  },
  cwd: {
    type: "string",
    doc: "Folder to run in. The home of the user it runs as when left out.",
  },
  stdin: { type: "string", doc: "Text for its standard input; `\\n` in it becomes a line end." },
  runas: { type: "string", doc: "User to run as." },
  group: { type: "string", doc: "Group to run as." },
  shell: {
    type: "string",
    default: defaultShell,
    usually: plainShell,
    doc: "Shell to run in. The minion's own `SHELL` comes before the default.",
  },
  python_shell: {
    type: "any",
    default: null,
    doc: "Whether a shell reads the command (pipes, variables, `&&`). Yes when called by a job, " +
      "no when called by another function, unless `cmd_safe` is off.",
  },
  env: { type: "any", doc: "Environment variables, a map or a list of maps." },
  clean_env: { type: "bool", default: false, doc: "Passes on nothing but `env`." },
  template: { type: "string", doc: "Engine that renders command and folder first." },
  rstrip: { type: "bool", default: true, doc: "Cuts off blanks at the end of the output." },
  umask: { type: "string", doc: "File mode mask, in octal." },
  output_encoding: { type: "string", doc: "Encoding of the output; UTF-8 when left out." },
  output_loglevel: {
    type: "string",
    default: "debug",
    doc: "Level at which the output is logged; `quiet` logs neither command nor output.",
  },
  log_callback: {
    type: "any",
    doc: "Accepted and ignored: a command line cannot pass a function.",
  },
  hide_output: { type: "bool", default: false, doc: "Keeps the output out of the result." },
  timeout: {
    type: "any",
    doc: "Seconds after which the command and all that it started are killed.",
  },
  reset_system_locale: {
    type: "bool",
    default: true,
    doc: "Sets the locale to C, so that output can be parsed.",
  },
  ignore_retcode: {
    type: "bool",
    default: false,
    doc: "Does not count an exit code other than 0 as a failure.",
  },
  saltenv: { type: "string", doc: "Salt environment of files and templates." },
  use_vt: { type: "bool", default: false, doc: "Accepted and ignored: there is no terminal here." },
  redirect_stderr: {
    type: "bool",
    default: true,
    doc: "Puts standard error where standard output is.",
  },
  bg: { type: "bool", default: false, doc: "Leaves the command running and does not wait for it." },
  password: { type: "string", doc: "Only of use on Windows." },
  encoded_cmd: { type: "bool", default: false, doc: "Only of use on Windows." },
  raise_err: {
    type: "bool",
    default: false,
    doc: "Makes an exit code other than 0 an error of this function.",
  },
  prepend_path: { type: "string", doc: "Folders to look for programs in before those of PATH." },
  success_retcodes: {
    type: "any",
    doc: "Exit codes that count as 0: a list, or text with commas.",
  },
  success_stdout: {
    type: "any",
    doc: "Texts that make it a success when standard output has one.",
  },
  success_stderr: { type: "any", doc: "Texts that make it a success when standard error has one." },
  kwargs: { type: "map", keywords: true, doc: "" },
} as const satisfies Record<string, ArgSpec>;

/** All shared arguments. */
export const shared: typeof specs = specs;

/** Some of the shared arguments, in the order given, for a function's descriptor. */
export function take<K extends keyof typeof specs>(...names: K[]): Pick<typeof specs, K> {
  return Object.fromEntries(names.map((name) => [name, specs[name]])) as Pick<typeof specs, K>;
}
