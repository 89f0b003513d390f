/**
 * `saltx salt`: commands to minions.
 * @module
 */
import {
  argsStdin,
  basics,
  configDump,
  eauth,
  executors,
  hardCrash,
  logging,
  noParse,
  targets,
  timeout,
} from "./common.ts";
import { output, outputDiff } from "./output.ts";
import type { OptionDef, ToolDef } from "./types.ts";

const running: readonly OptionDef[] = [
  {
    flags: ["-s", "--static"],
    dest: "static",
    differs: "minions that did not return are in the result too, and make the exit code 1",
    kind: "flag",
    default: false,
    doc: "Show all returns as one result when the last one is in.",
  },
  {
    flags: ["-p", "--progress"],
    dest: "progress",
    differs: "needs nothing else installed; the line goes to standard error, on a terminal only",
    kind: "flag",
    default: false,
    doc: "Show how many have answered while the job runs, and a summary at its end.",
  },
  {
    flags: ["--failhard"],
    dest: "failhard",
    differs: "what is already at work is waited for and shown; what was not started is named",
    kind: "flag",
    default: false,
    doc: "With --batch: start nothing more after the first failure.",
  },
  {
    flags: ["--async"],
    dest: "async",
    differs: "exits 2 when the target matches nobody",
    kind: "flag",
    default: false,
    doc: "Print the job id and do not wait for returns.",
  },
  {
    flags: ["--subset"],
    dest: "subset",
    kind: "int",
    default: 0,
    doc: "Run on this many of the targeted minions only, chosen at random among those that have " +
      "the function.",
  },
  {
    flags: ["-v", "--verbose"],
    dest: "verbose",
    kind: "flag",
    default: false,
    doc: "Show the job id, each question whether the job still runs, and who did not answer.",
  },
  {
    flags: ["--show-timeout"],
    dest: "show_timeout",
    differs: "an option of its own here",
    kind: "flag",
    sets: true,
    default: true,
    doc: "Show minions that did not return. This is the default.",
  },
  {
    flags: ["--hide-timeout"],
    dest: "show_timeout",
    kind: "flag",
    sets: false,
    default: true,
    differs: "they still make the exit code 1",
    doc: "Do not show minions that did not return. They still count for the exit code.",
  },
  {
    flags: ["--show-jid"],
    dest: "show_jid",
    kind: "flag",
    default: false,
    doc: "Show the job id, and nothing else of --verbose.",
  },
  {
    flags: ["--jid"],
    dest: "jid",
    kind: "text",
    ours: true,
    completes: "none",
    doc: "Use this job id instead of a new one.",
  },
];

const batch: readonly OptionDef[] = [
  {
    flags: ["-b", "--batch", "--batch-size"],
    dest: "batch",
    differs: "minions that do not answer the ping make the exit code 1",
    kind: "text",
    default: "",
    completes: "none",
    doc: "Have at most this many minions run the job at a time: a number, or a percentage of all.",
  },
  {
    flags: ["--batch-wait"],
    dest: "batch_wait",
    kind: "float",
    default: 0,
    doc: "Seconds before a place that became free is given to the next minion.",
  },
  {
    flags: ["--batch-safe-limit"],
    dest: "batch_safe_limit",
    kind: "int",
    default: 0,
    doc: "Work in batches by itself when at least this many minions are targeted.",
  },
  {
    flags: ["--batch-safe-size"],
    dest: "batch_safe_size",
    kind: "text",
    default: "8",
    completes: "none",
    doc: "Size of the batches then.",
  },
];

const returners: readonly OptionDef[] = [
  {
    flags: ["--return"],
    dest: "return",
    kind: "text",
    default: "",
    metavar: "RETURNER",
    completes: "none",
    doc: "Have the minions hand their results to these returners too (comma between names).",
  },
  {
    flags: ["--return_config"],
    dest: "return_config",
    kind: "text",
    default: "",
    metavar: "RETURNER_CONF",
    completes: "none",
    doc: "Which of several configurations of the returner to use.",
  },
  {
    flags: ["--return_kwargs"],
    dest: "return_kwargs",
    kind: "text",
    metavar: "RETURNER_KWARGS",
    completes: "none",
    doc: "Options for the returner, as a YAML map.",
  },
];

const rest: readonly OptionDef[] = [
  {
    flags: ["-d", "--doc", "--documentation"],
    dest: "doc",
    kind: "flag",
    default: false,
    doc: "Show the documentation of a function or module, or of all.",
  },
  {
    flags: ["--args-separator"],
    dest: "args_separator",
    kind: "text",
    default: ",",
    completes: "none",
    doc: "What stands between the arguments of one function and the next when several are called.",
  },
  {
    flags: ["--summary"],
    dest: "cli_summary",
    differs: "names minions by how they ended",
    kind: "flag",
    default: false,
    doc: "End with a count of who returned, who failed and who did not answer.",
  },
  {
    flags: ["--queue"],
    dest: "queue",
    kind: "flag",
    default: false,
    ours: true,
    doc: "Keep the job for accepted minions that are not connected, until they come back.",
  },
  {
    flags: ["--expires"],
    dest: "expires",
    kind: "text",
    default: "",
    completes: "none",
    ours: true,
    doc: "With --queue: how long it is kept, such as 12h or 7d; `queue_expires` else.",
  },
  {
    flags: ["--metadata"],
    dest: "metadata",
    kind: "text",
    default: "",
    completes: "none",
    doc: "Data to keep with the job, as YAML; jobs can be searched by it.",
  },
  outputDiff,
  configDump,
  {
    flags: ["--preview-target"],
    dest: "preview_target",
    kind: "flag",
    default: false,
    doc: "Show whom the target is expected to match, and send nothing.",
  },
];

/** `saltx salt`. */
export const salt: ToolDef = {
  role: "salt",
  program: "salt",
  usage: "[options] '<target>' <function> [arguments]",
  description: "Runs a function on all minions that the target matches, side by side, and shows " +
    "each result as it comes in.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        ...executors,
        timeout(5),
        argsStdin,
        hardCrash,
        noParse,
        ...running,
        ...batch,
        ...returners,
        ...rest,
      ],
    },
    ...targets(true),
    eauth(),
    output(),
    logging("/var/log/salt/master"),
  ],
  examples: [
    "saltx salt '*' test.ping",
    "saltx salt -G 'os:Debian' cmd.run 'uptime' --out json",
    "saltx salt 'web*' -b 10% service.restart nginx",
  ],
  exitCodes: [
    ["0", "Every minion that was expected returned, with return code 0."],
    ["1", "A minion failed, or did not return. Also after Ctrl-C."],
    ["2", "Nothing was sent: nobody matched, the master refused or does not run. Salt exits 0."],
    ["42", "Target, function or arguments are missing."],
    ["1 to 255", "With --batch: the worst return code; 1 when that is no exit code."],
  ],
};
