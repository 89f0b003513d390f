/** What programs and terminals there are: `cmd.which`, `cmd.shells`, `cmd.tty` … @module */
import { readFileSync, writeFileSync } from "node:fs";
import { fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { splitList } from "./run.ts";

const program = { type: "string", required: true, doc: "Name or path of a program." } as const;

/** Functions that look, and run nothing. */
export const programs = {
  which: fn({
    doc: "Returns where a program is, or nothing.",
    args: { cmd: program },
    example: "salt '*' cmd.which cat",
    run: (_ctx, args) => which(args.cmd),
  }),
  which_bin: fn({
    doc: "Returns where the first of several programs is that is there, or nothing.",
    args: { cmds: { type: "any", required: true, doc: "Names of programs." } },
    example: "salt '*' cmd.which_bin '[pip2, pip, pip-python]'",
    run(_ctx, args) {
      for (const name of Array.isArray(args.cmds) ? args.cmds.map(pyStr) : splitList(args.cmds)) {
        const path = which(name);
        if (path !== null) return path;
      }
      return null;
    },
  }),
  has_exec: fn({
    doc: "Says whether a program is there and may be run.",
    args: { cmd: program },
    example: "salt '*' cmd.has_exec cat",
    run: (_ctx, args) => which(args.cmd) !== null,
  }),
  shells: fn({
    doc: "Lists the shells that `/etc/shells` allows.",
    args: {},
    example: "salt '*' cmd.shells",
    run() {
      try {
        const lines = readFileSync("/etc/shells", "utf8").split("\n").map((line) => line.trim());
        return lines.filter((line) => line !== "" && !line.startsWith("#"));
      } catch {
        return [];
      }
    },
  }),
  tty: fn({
    doc: "Writes a text to a terminal of the minion.",
    args: {
      device: { type: "string", required: true, doc: "`tty0`, `pts3` …" },
      echo: { type: "string", default: "", doc: "The text." },
    },
    example: "salt '*' cmd.tty tty0 'This is a test'\nsalt '*' cmd.tty pts3 'This is a test'",
    run(_ctx, args) {
      const match = /^(?:(tty[A-Za-z0-9]*)|pts(\d+))$/.exec(args.device);
      if (!match) return { Error: "The specified device is not a valid TTY" };
      const path = match[1] ? `/dev/${match[1]}` : `/dev/pts/${match[2]}`;
      try {
        writeFileSync(path, args.echo, { flag: "r+" });
        return { Success: `Message was successfully echoed to ${path}` };
      } catch {
        return { Error: `Echoing to ${path} returned error` };
      }
    },
  }),
};
