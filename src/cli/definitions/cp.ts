/**
 * `saltx cp`: files to minions.
 * @module
 */
import { basics, hardCrash, logging, targets, timeout } from "./common.ts";
import { output } from "./output.ts";
import type { ToolDef } from "./types.ts";

/** `saltx cp`. */
export const cp: ToolDef = {
  role: "cp",
  program: "salt-cp",
  usage: "[options] '<target>' SOURCE DEST",
  description: "Copies files of this machine to all minions that the target matches.",
  config: "master",
  groups: [
    { title: "Options", options: [...basics, timeout(5), hardCrash] },
    ...targets(false),
    output(),
    {
      title: "File Options",
      options: [
        {
          flags: ["-C", "--chunked"],
          dest: "chunked",
          kind: "flag",
          default: false,
          doc: "Send in pieces: for big files, and for folders with all they hold.",
        },
        {
          flags: ["-n", "--no-compression"],
          dest: "gzip",
          kind: "flag",
          sets: false,
          default: true,
          doc: "Do not compress.",
        },
      ],
    },
    logging("/var/log/salt/master"),
  ],
  examples: ["saltx cp '*' ./motd /etc/motd"],
};
