/**
 * `saltx run`: functions on the master.
 * @module
 */
import {
  argsStdin,
  basics,
  configDump,
  eauth,
  hardCrash,
  logging,
  noParse,
  timeout,
} from "./common.ts";
import { output } from "./output.ts";
import type { ToolDef } from "./types.ts";

/** `saltx run`. */
export const run: ToolDef = {
  role: "run",
  program: "salt-run",
  usage: "[options] <function> [arguments]",
  description: "Runs a runner: a function on the master, such as jobs.lookup_jid or manage.up.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        { ...timeout(1), differs: "changes nothing: runners take `timeout` as an argument" },
        argsStdin,
        {
          flags: ["--jid"],
          dest: "jid",
          kind: "text",
          completes: "none",
          doc: "Use this job id instead of a new one.",
        },
        hardCrash,
        noParse,
        {
          flags: ["-d", "--doc", "--documentation"],
          dest: "doc",
          kind: "flag",
          default: false,
          doc: "Show the documentation of a runner or of one function, or of all.",
        },
        {
          flags: ["--async"],
          dest: "async",
          kind: "flag",
          default: false,
          doc: "Let the master do it, print the job id and do not wait.",
        },
        {
          flags: ["--skip-grains"],
          dest: "skip_grains",
          kind: "flag",
          default: false,
          differs: "changes nothing: runners get no grains here",
          doc: "Do not load the grains.",
        },
        configDump,
      ],
    },
    eauth(),
    output([{
      flags: ["--quiet"],
      dest: "quiet",
      kind: "flag",
      default: false,
      doc: "Do not show the result.",
    }]),
    logging("/var/log/salt/master"),
  ],
  examples: ["saltx run manage.status", "saltx run jobs.lookup_jid 20260101120000000000"],
  exitCodes: [
    ["0", "The runner did its work."],
    [
      "1",
      "It failed, there is no such runner, or its arguments do not fit. Salt exits 0 for the last " +
      "two.",
    ],
    ["2 to 255", "The return code that the runner gave."],
  ],
};
