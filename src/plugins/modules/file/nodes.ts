/** Devices and pipes: `file.mknod` … @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { dirName } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { makeFolders } from "./folders.ts";
import { expandUser, isFolderAt, lstatOf } from "./paths.ts";
import { modeArg, ownerArgs, settle } from "./settle.ts";
import { pathArg } from "./stat.ts";

interface Node {
  name: string;
  user: Data;
  group: Data;
  mode: Data;
}

/** Makes a device or a pipe. A report in the shape of a state. */
async function makeNode(
  ctx: ExecContext,
  kind: "c" | "b" | "p",
  args: Node,
  numbers: string[] = [],
): Promise<DataMap> {
  const name = expandUser(ctx, args.name);
  const title = { c: "Character device", b: "Block device", p: "Fifo pipe" }[kind];
  const ret: DataMap = { name, changes: {}, comment: "", result: false };
  const made = { new: `${title} ${name} created.` };
  if (lstatOf(name)) {
    return { ...ret, comment: `File ${name} exists and cannot be overwritten` };
  }
  if (ctx.opts["test"] === true) return { ...ret, changes: made, result: null };
  const digits = pyStr(args.mode).replace(/^[0Oo]+/, "") || "0";
  const argv = ["mknod", `--mode=${digits}`, "--", name, kind, ...numbers];
  const done = await runProgram(ctx, argv);
  if (done.retcode !== 0) {
    throw new CommandExecutionError(`Could not create '${name}': ${done.stderr}`);
  }
  await settle(ctx, name, args.user, args.group, args.mode);
  return { ...ret, changes: made, result: true };
}

const deviceNumber = (what: string) =>
  ({ type: "int", required: true, doc: `The ${what} number.` }) as const;

const deviceArgs = {
  name: pathArg,
  major: deviceNumber("major"),
  minor: deviceNumber("minor"),
  ...ownerArgs,
  mode: { ...modeArg, default: "0660" },
} as const;

/** Functions that make devices and pipes. */
export const nodeFunctions = {
  mknod_chrdev: fn({
    doc: "Makes a character device.",
    args: deviceArgs,
    example: "salt '*' file.mknod_chrdev /dev/chr 180 31",
    run: (ctx, args) => makeNode(ctx, "c", args, [String(args.major), String(args.minor)]),
  }),
  mknod_blkdev: fn({
    doc: "Makes a block device.",
    args: deviceArgs,
    example: "salt '*' file.mknod_blkdev /dev/blk 8 999",
    run: (ctx, args) => makeNode(ctx, "b", args, [String(args.major), String(args.minor)]),
  }),
  mknod_fifo: fn({
    doc: "Makes a pipe.",
    args: { name: pathArg, ...ownerArgs, mode: { ...modeArg, default: "0660" } },
    example: "salt '*' file.mknod_fifo /dev/fifo",
    run: (ctx, args) => makeNode(ctx, "p", args),
  }),
  mknod: fn({
    doc: "Makes a device or a pipe, and the folders above it.",
    args: {
      name: pathArg,
      ntype: { type: "string", required: true, doc: "c: character; b: block; p: pipe." },
      major: { type: "int", default: 0, doc: "The major number." },
      minor: { type: "int", default: 0, doc: "The minor number." },
      ...ownerArgs,
      mode: { ...modeArg, default: "0600" },
    },
    example: "salt '*' file.mknod /dev/chr c 180 31\nsalt '*' file.mknod /dev/fifo p",
    async run(ctx, args) {
      const kind = args.ntype;
      if (kind !== "c" && kind !== "b" && kind !== "p") {
        throw new SaltInvocationError(
          `Node type unavailable: '${kind}'. Available node types are character ('c'), block ` +
            `('b'), and pipe ('p').`,
        );
      }
      const folder = dirName(expandUser(ctx, args.name));
      if (!isFolderAt(folder)) await makeFolders(ctx, folder, args.user, args.group, null);
      const numbers = kind === "p" ? [] : [String(args.major), String(args.minor)];
      return await makeNode(ctx, kind, args, numbers);
    },
  }),
};
