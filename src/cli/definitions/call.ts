/**
 * `saltx call`: functions on this machine.
 * @module
 */
import {
  argsStdin,
  basics,
  configDump,
  executors,
  hardCrash,
  logging,
  noParse,
  timeout,
} from "./common.ts";
import { output, outputDiff } from "./output.ts";
import type { Completes, OptionDef, ToolDef } from "./types.ts";

function flag(flags: readonly string[], dest: string, doc: string): OptionDef {
  return { flags, dest, kind: "flag", default: false, doc };
}

function text(name: string, dest: string, doc: string, completes: Completes = "none"): OptionDef {
  return { flags: [name], dest, kind: "text", completes, doc };
}

const own: readonly OptionDef[] = [
  flag(["-g", "--grains"], "grains_run", "Show this machine's grains."),
  {
    flags: ["-m", "--module-dirs"],
    dest: "module_dirs",
    kind: "list",
    default: [],
    completes: "dir",
    doc: "A further folder of modules; may be given several times.",
  },
  flag(["-d", "--doc", "--documentation"], "doc", "Show the documentation of a function, or all."),
  text("--master", "master", "The master to use, in place of the one in the configuration."),
  text("--return", "return", "Hand the result to these returners too."),
  flag(["--local"], "local", "Run without a master, with files and pillar of this machine."),
  text("--file-root", "file_root", "Folder of the state files of environment base.", "dir"),
  text("--pillar-root", "pillar_root", "Folder of the pillar of environment base.", "dir"),
  {
    ...text("--states-dir", "states_dir", "A further folder of state modules.", "dir"),
    later: "read and kept",
  },
  flag(
    ["--retcode-passthrough"],
    "retcode_passthrough",
    "Exit with the function's return code.",
  ),
  flag(
    ["--metadata"],
    "print_metadata",
    "Show the whole return, with id, outputter and return code.",
  ),
  text("--set-metadata", "metadata", "Data to keep with the job, as YAML."),
  text("--id", "id", "Minion id to use."),
  flag(["--skip-grains"], "skip_grains", "Do not load the grains."),
  flag(
    ["--refresh-grains-cache"],
    "refresh_grains_cache",
    "Collect the grains also where `grains_cache` has some.",
  ),
  flag(["--no-return-event"], "no_return_event", "Do not tell the master about the return."),
  text("--cachedir", "cachedir", "Cache folder.", "dir"),
  {
    ...text("--proxyid", "proxyid", "Id of the proxy minion to act as."),
    later: "read and kept",
  },
  outputDiff,
  text("--priv", "user", "User to run as.", "user"),
];

/** `saltx call`. */
export const call: ToolDef = {
  role: "call",
  program: "salt-call",
  usage: "[options] <function> [arguments]",
  description: "Runs a function on this machine, as its minion would.",
  config: "minion",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        ...executors,
        argsStdin,
        hardCrash,
        noParse,
        timeout(60, "auth_timeout"),
        ...own,
        configDump,
      ],
    },
    output(),
    logging("/var/log/salt/minion"),
  ],
  examples: ["saltx call --local test.ping", "saltx call state.apply test=True"],
};
