/** Paths as text: `file.join`, `file.basename` … @module */
import { realpathSync } from "node:fs";
import { fn } from "../../../loader/types.ts";
import { baseName, dirName, joinPath, normPath } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { namesIn, pathExists } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** Files that processes have open, by process. */
function openByProcess(): Map<number, string[]> {
  const open = new Map<number, string[]>();
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    const base = `/proc/${pid}`;
    const tasks = namesIn(`${base}/task`);
    if (tasks.length === 0) continue;
    const links = [
      ...namesIn(`${base}/fd`).map((fd) => `${base}/fd/${fd}`),
      ...tasks.flatMap((task) => [
        `${base}/task/${task}/exe`,
        ...namesIn(`${base}/task/${task}/fd`).map((fd) => `${base}/task/${task}/fd/${fd}`),
      ]),
    ];
    const paths = new Set<string>();
    for (const link of links) {
      try {
        const path = realpathSync(link);
        if (pathExists(path)) paths.add(path);
      } catch {
        // No path: a socket, a pipe, or the process has ended.
      }
    }
    open.set(Number(pid), [...paths].sort(compareText));
  }
  return open;
}

/** Functions about paths, and about who uses them. */
export const nameFunctions = {
  basename: fn({
    doc: "Returns what is behind the last slash.",
    args: { path: pathArg },
    example: "salt '*' file.basename test/test.config",
    run: (_ctx, args) => baseName(args.path),
  }),
  dirname: fn({
    doc: "Returns what is before the last slash.",
    args: { path: pathArg },
    example: "salt '*' file.dirname test/path/filename.config",
    run: (_ctx, args) => dirName(args.path),
  }),
  join: fn({
    doc: "Joins parts to a path.",
    args: { args: { type: "any", variadic: true, doc: "The parts." } },
    example: "salt '*' file.join / usr local bin",
    run: (_ctx, { args }) => {
      const [first = "", ...rest] = args.map(pyStr);
      return joinPath(first, ...rest);
    },
  }),
  normpath: fn({
    doc: "Returns a path without `.`, `..` and doubled slashes.",
    args: { path: pathArg },
    example: "salt '*' file.normpath 'a/b/c/..'",
    run: (_ctx, args) => normPath(args.path),
  }),
  pardir: fn({
    doc: "Returns the name of the folder above.",
    args: {},
    example: "salt '*' file.pardir",
    run: () => "..",
  }),
  open_files: fn({
    doc: "Returns the files that processes have open, with the ids of these.",
    args: { by_pid: { type: "bool", default: false, doc: "By process rather than by file." } },
    example: "salt '*' file.open_files\nsalt '*' file.open_files by_pid=True",
    run(_ctx, args) {
      const open = openByProcess();
      if (args.by_pid) return Object.fromEntries(open);
      const files = new Map<string, number[]>();
      for (const [pid, paths] of open) {
        for (const path of paths) files.set(path, [...files.get(path) ?? [], pid]);
      }
      return Object.fromEntries(files);
    },
  }),
};
