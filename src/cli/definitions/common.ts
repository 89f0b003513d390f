/**
 * Options that several tools share.
 * @module
 */
import type { OptionDef, OptionGroup } from "./types.ts";

/** Salt's level names in the order of its help. */
export const LEVEL_NAMES = [
  "all",
  "garbage",
  "trace",
  "debug",
  "profile",
  "info",
  "warning",
  "error",
  "critical",
  "quiet",
] as const;

/** `--version`, `-V`, `-h`: every tool has them. */
export const informational: readonly OptionDef[] = [
  { flags: ["--version"], dest: "version", kind: "action", doc: "Print the version and exit." },
  {
    flags: ["-V", "--versions-report"],
    dest: "versions_report",
    kind: "action",
    doc: "Print the versions of runtime, libraries and operating system, and exit.",
  },
  { flags: ["-h", "--help"], dest: "help", kind: "action", doc: "Show this help and exit." },
];

/** `-c`. */
export const configDir: OptionDef = {
  flags: ["-c", "--config-dir"],
  dest: "config_dir",
  kind: "text",
  default: "/etc/salt",
  env: "SALT_CONFIG_DIR",
  completes: "dir",
  doc: "Folder of the configuration files.",
};

export const saltfile: OptionDef = {
  flags: ["--saltfile"],
  dest: "saltfile",
  kind: "text",
  env: "SALT_SALTFILE",
  completes: "file",
  doc:
    "File with defaults for the options of the command line tools. Looked for as ./Saltfile and " +
    "~/.salt/Saltfile when not given.",
};

/** What nearly every tool has. */
export const basics: readonly OptionDef[] = [...informational, saltfile, configDir];

export const hardCrash: OptionDef = {
  flags: ["--hard-crash"],
  dest: "hard_crash",
  kind: "flag",
  default: false,
  doc: "End with the original error and its stack instead of a message.",
};

export const configDump: OptionDef = {
  flags: ["--config-dump"],
  dest: "config_dump",
  kind: "flag",
  default: false,
  doc: "Print the configuration as it was loaded, as YAML, and exit.",
};

export const user: OptionDef = {
  flags: ["-u", "--user"],
  dest: "user",
  kind: "text",
  completes: "user",
  doc: "Run as this user.",
};

export const argsStdin: OptionDef = {
  flags: ["--args-stdin"],
  dest: "args_stdin",
  kind: "flag",
  default: false,
  doc: "Read further options and arguments from standard input, one a line.",
};

export const noParse: OptionDef = {
  flags: ["--no-parse"],
  dest: "no_parse",
  kind: "text",
  default: "",
  env: "SALT_NO_PARSE",
  metavar: "argname1,argname2,...",
  doc: "Names of arguments (name=value) whose values stay text and are not read as YAML.",
};

/** `-t` with the tool's default in seconds. */
export function timeout(seconds: number, dest = "timeout"): OptionDef {
  return {
    flags: ["-t", "--timeout"],
    dest,
    kind: "int",
    default: seconds,
    doc: "How long to wait, in seconds.",
  };
}

/** `--module-executors` and `--executor-opts`. */
export const executors: readonly OptionDef[] = [
  {
    flags: ["--module-executors"],
    dest: "module_executors",
    kind: "text",
    metavar: "EXECUTOR_LIST",
    doc: "Executors that call the function, in place of those in the minion's configuration.",
  },
  {
    flags: ["--executor-opts"],
    dest: "executor_opts",
    kind: "text",
    doc: "Options for the executors, in place of those in the minion's configuration.",
  },
];

const insecure = "The levels all, debug, garbage, profile and trace can write secrets.";

/** The logging options. `shortLevel` is false for salt-key, which has no `-l` for it. */
export function logging(
  file: string,
  options: { shortLevel?: boolean; fileDest?: string } = {},
): OptionGroup {
  const level = `One of ${LEVEL_NAMES.join(", ")}. ${insecure}`;
  return {
    title: "Logging Options",
    doc: "These win over the configuration files.",
    options: [
      {
        flags: options.shortLevel === false ? ["--log-level"] : ["-l", "--log-level"],
        dest: "log_level",
        kind: "text",
        choices: LEVEL_NAMES,
        defaultDoc: "warning",
        doc: `Level of the console. ${level}`,
      },
      {
        flags: ["--log-file"],
        dest: options.fileDest ?? "log_file",
        kind: "text",
        completes: "file",
        defaultDoc: file,
        doc: "Path of the log file.",
      },
      {
        flags: ["--log-file-level"],
        dest: "log_level_logfile",
        kind: "text",
        choices: LEVEL_NAMES,
        defaultDoc: "warning",
        doc: `Level of the log file. ${level}`,
      },
    ],
  };
}

const targetDoc: readonly (readonly [readonly string[], string, string])[] = [
  [["-E", "--pcre"], "pcre", "The target is a regular expression on minion ids."],
  [["-L", "--list"], "list", "The target is a list of ids, with commas or spaces between them."],
  [["-G", "--grain"], "grain", "The target is a grain and a glob: 'os:Arch*'."],
  [["-P", "--grain-pcre"], "grain_pcre", "The target is a grain and a regular expression."],
  [["-N", "--nodegroup"], "nodegroup", "The target names a group of the master's `nodegroups`."],
  [["-R", "--range"], "range", "The target is a range expression, read by a range server."],
];

const moreTargetDoc: typeof targetDoc = [
  [
    ["-C", "--compound"],
    "compound",
    "The target mixes kinds with and, or, not: 'G@os:RedHat and web* or E@db.*'.",
  ],
  [["-I", "--pillar"], "pillar_target", "The target is a pillar key and a glob: 'role:web*'."],
  [["-J", "--pillar-pcre"], "pillar_pcre", "The target is a pillar key and a regular expression."],
  [["-S", "--ipcidr"], "ipcidr", "The target is an address or a subnet."],
];

/** How the target is to be read. salt-cp has only the first six. */
export function targets(extended: boolean): readonly OptionGroup[] {
  const rows = extended ? [...targetDoc, ...moreTargetDoc] : targetDoc;
  return [
    {
      title: "Target Options",
      doc: "How to read the target; a shell glob on minion ids without any.",
      options: [
        {
          flags: ["-H", "--hosts"],
          dest: "list_hosts",
          kind: "flag",
          default: false,
          differs: "refused: rosters are for salt-ssh",
          doc: "List the hosts of the rosters.",
        },
        ...rows.map(([flags, dest, doc]): OptionDef => ({
          flags,
          dest,
          kind: "flag",
          default: false,
          doc,
        })),
      ],
    },
    {
      title: "Additional Target Options",
      options: [{
        flags: ["--delimiter"],
        dest: "delimiter",
        kind: "text",
        default: ":",
        completes: "none",
        doc: "What stands between the parts of a grain or pillar path.",
      }],
    },
  ];
}

/** `shortAuth` is false for salt-key, whose `-a` accepts a key. */
export function eauth(options: { shortAuth?: boolean } = {}): OptionGroup {
  const long = ["--auth", "--eauth", "--external-auth"];
  return {
    title: "External Authentication",
    options: [
      {
        flags: options.shortAuth === false ? long : ["-a", ...long],
        dest: "eauth",
        kind: "text",
        default: "",
        completes: "none",
        doc: "Sign in through this system (`external_auth` of the master) instead of the key file.",
      },
      {
        flags: ["-T", "--make-token"],
        dest: "mktoken",
        kind: "flag",
        default: false,
        doc: "Keep the token that the master gives, for the next calls.",
      },
      {
        flags: ["--username"],
        dest: "username",
        kind: "text",
        completes: "user",
        doc: "Who signs in. Asked for when not given.",
      },
      {
        flags: ["--password"],
        dest: "password",
        kind: "text",
        completes: "none",
        doc: "The password. Asked for when not given, which keeps it out of the process list.",
      },
    ],
  };
}
