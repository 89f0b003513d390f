/**
 * The tools that stay: master, minion, syndic, api.
 * @module
 */
import { basics, configDir, configDump, informational, logging, user } from "./common.ts";
import type { OptionDef, ToolDef } from "./types.ts";

function daemonOptions(program: string): readonly OptionDef[] {
  return [
    {
      flags: ["-d", "--daemon"],
      dest: "daemon",
      kind: "flag",
      default: false,
      doc: "Go to the background once started.",
    },
    {
      flags: ["--pid-file"],
      dest: "pidfile",
      kind: "text",
      completes: "file",
      defaultDoc: `/var/run/${program}.pid`,
      doc: "Where the process id is written.",
    },
    {
      flags: ["--disable-keepalive"],
      dest: "disable_keepalive",
      kind: "flag",
      default: false,
      doc: "Accepted for Salt's sake: saltx starts its workers again by itself.",
    },
  ];
}

/** `saltx master`. */
export const master: ToolDef = {
  role: "master",
  program: "salt-master",
  usage: "[options]",
  description: "The master: accepts minions' keys, publishes jobs and collects their returns.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        user,
        ...daemonOptions("salt-master"),
        configDump,
      ],
    },
    logging("/var/log/salt/master"),
  ],
  examples: ["saltx master", "saltx master -d", "saltx master -c /srv/salt/etc -l debug"],
};

/** `saltx minion`. */
export const minion: ToolDef = {
  role: "minion",
  program: "salt-minion",
  usage: "[options]",
  description: "The minion: takes jobs from a master, runs them here and returns the results.",
  config: "minion",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        {
          flags: ["--master"],
          dest: "master",
          kind: "text",
          ours: true,
          doc: "The master's name or address; wins over `master` of the configuration.",
        },
        {
          flags: ["--id"],
          dest: "id",
          kind: "text",
          ours: true,
          doc: "This minion's id; wins over `id` of the configuration.",
        },
        user,
        ...daemonOptions("salt-minion"),
        configDump,
      ],
    },
    logging("/var/log/salt/minion"),
  ],
  examples: ["saltx minion --master salt.example.com -d", "saltx minion -l info"],
};

/** `saltx syndic`. */
export const syndic: ToolDef = {
  role: "syndic",
  program: "salt-syndic",
  usage: "[options]",
  description: "The syndic: runs beside a master and passes on the jobs of a higher master.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [
        ...basics,
        user,
        ...daemonOptions("salt-syndic"),
        configDump,
      ],
    },
    logging("/var/log/salt/syndic", { fileDest: "syndic_log_file" }),
  ],
  examples: ["saltx syndic -d"],
};

/** `saltx api`. */
export const api: ToolDef = {
  role: "api",
  program: "salt-api",
  usage: "[options]",
  description: "The HTTP interface of the master.",
  config: "master",
  groups: [
    {
      title: "Options",
      options: [...informational, configDir, ...daemonOptions("salt-api"), configDump],
    },
    logging("/var/log/salt/api", { fileDest: "api_logfile" }),
  ],
  examples: ["saltx api -d"],
};
