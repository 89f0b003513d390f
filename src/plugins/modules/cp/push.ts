/** Files that go to the master, or come from it in a job. (`salt/modules/cp.py`) @module */
import { Buffer } from "node:buffer";
import {
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative } from "node:path";
import { messageOf } from "../../../errors.ts";
import { isFolder } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

/** Most bytes that a compressed chunk may unfold to. */
const maxChunk = 256 << 20;

function climbs(path: string): boolean {
  return path.split("/").includes("..");
}

interface Push {
  path: string;
  keep_symlinks: boolean;
  upload_path: string | null;
  remove_source: boolean;
}

async function sendChunks(ctx: ExecContext, path: string, load: DataMap): Promise<boolean> {
  const file = openSync(path, "r");
  try {
    const size = Number(ctx.opts["file_buffer_size"]) || 262144;
    const buffer = new Uint8Array(size);
    for (let loc = 0, first = true;; first = false) {
      const length = readSync(file, buffer, 0, size, loc);
      if (length === 0 && !first) return true;
      const answer = await ctx.minion.request({ ...load, loc, data: buffer.slice(0, length) });
      if (!pyTruthy(answer)) {
        ctx.log.error(
          "cp.push failed: the master's option file_recv must be True, and the file not larger than " +
            "file_recv_max_size",
        );
        return false;
      }
      loc += length;
    }
  } finally {
    closeSync(file);
  }
}

/** A refusal is an answer of false, as in Salt. */
async function pushFile(ctx: ExecContext, wanted: Push): Promise<boolean> {
  if (climbs(wanted.path) || !isAbsolute(wanted.path)) return false;
  if (wanted.upload_path !== null && climbs(wanted.upload_path)) return false;
  let path: string;
  let size: number;
  try {
    path = wanted.keep_symlinks ? wanted.path : realpathSync(wanted.path);
    const stat = statSync(path);
    if (!stat.isFile()) return false;
    size = stat.size;
  } catch {
    return false;
  }
  const target = normalize((wanted.upload_path || path).replace(/^\/+/, ""));
  const parts = target.split("/").filter(Boolean);
  const load = { cmd: "_file_recv", id: ctx.id, path: parts, size };
  if (!await sendChunks(ctx, path, load)) return false;
  if (wanted.remove_source) rmSync(path);
  return true;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name)
  )
    .filter((path) => !lstatSync(path).isDirectory()).sort();
}

async function pushFolder(
  ctx: ExecContext,
  args: { path: string; glob: string | null; upload_path: string | null },
): Promise<boolean> {
  if (climbs(args.path) || !isAbsolute(args.path)) return false;
  const usual = { keep_symlinks: false, remove_source: false };
  const root = realpathSync(args.path);
  if (statSync(root).isFile()) {
    return pushFile(ctx, { ...usual, path: root, upload_path: args.upload_path });
  }
  const { glob } = args;
  const files = filesBelow(root).filter((path) => glob === null || globMatch(glob, basename(path)));
  if (files.length === 0) return false;
  for (const path of files) {
    const upload = args.upload_path && join("/", args.upload_path, relative(root, path));
    if (!await pushFile(ctx, { ...usual, path, upload_path: upload || null })) return false;
  }
  return true;
}

function receive(files: DataMap, dest: string): Data {
  const done: DataMap = {};
  for (const [path, data] of Object.entries(files)) {
    let target: string;
    if (isFolder(dest)) target = join(dest, basename(path));
    else if (basename(path) === basename(dest) || isFolder(dirname(dest))) target = dest;
    else return "Destination unavailable";
    try {
      writeFileSync(target, data instanceof Uint8Array ? data : pyStr(data));
      done[target] = true;
    } catch {
      done[target] = false;
    }
  }
  return done;
}

interface Chunk {
  dest: string;
  chunk: Data;
  append: boolean;
  compressed: boolean;
  mode: number | null;
}

async function writeChunk(args: Chunk): Promise<void> {
  const given = args.chunk;
  const packed = given instanceof Uint8Array ? given : Buffer.from(pyStr(given), "base64");
  const bytes = args.compressed
    ? (await import("node:zlib")).gunzipSync(packed, { maxOutputLength: maxChunk })
    : packed;
  mkdirSync(dirname(args.dest), { recursive: true });
  const file = openSync(args.dest, args.append ? "a" : "w");
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    if (!args.append && args.mode !== null) fchmodSync(file, args.mode & 0o7777);
  } finally {
    closeSync(file);
  }
}

/** Functions that move whole files in jobs. */
export const transfers = {
  recv: fn({
    doc: "Writes files that the job carries. `salt-cp` calls it.",
    args: {
      files: { type: "any", required: true, doc: "Map of paths to contents." },
      dest: { type: "string", required: true, doc: "File or folder." },
    },
    example: "salt-cp '*' /etc/motd /tmp/motd",
    run: (_ctx, args) => receive(isMap(args.files) ? args.files : {}, args.dest),
  }),
  recv_chunked: fn({
    doc: "Writes a part of a file that the job carries. `salt-cp --chunked` calls it.",
    args: {
      dest: { type: "string", required: true, doc: "The file, or a folder to make." },
      chunk: { type: "any", required: true, doc: "Base64, or nothing to make a folder." },
      append: { type: "bool", default: false, doc: "Add to what is there." },
      compressed: { type: "bool", default: true, doc: "Whether the part is packed by gzip." },
      mode: { type: "int", default: null, doc: "Mode of the file, with the first part." },
    },
    example: "salt-cp --chunked '*' /root/image.iso /srv/image.iso",
    async run(ctx, args) {
      try {
        if (args.chunk !== null) await writeChunk(args);
        else if (!isFolder(args.dest)) mkdirSync(args.dest, { recursive: true });
        return true;
      } catch (error) {
        if (args.chunk === null && (error as { code?: string }).code === "EEXIST") {
          return "Path exists and is a file";
        }
        ctx.context.retcode = 1;
        return messageOf(error);
      }
    },
  }),
  push: fn({
    doc:
      "Sends a file to the master, which keeps it in the minion's folder of its cache. The master's " +
      "option `file_recv` must be on.",
    args: {
      path: { type: "string", required: true, doc: "Absolute path of the file." },
      keep_symlinks: { type: "bool", default: false, doc: "Name it by the link, not its target." },
      upload_path: { type: "string", default: null, doc: "Where it goes in the folder." },
      remove_source: { type: "bool", default: false, doc: "Remove it here when it is there." },
    },
    example: "salt '*' cp.push /etc/fstab\n" +
      "salt '*' cp.push /etc/fstab upload_path=/new/path/fstab",
    run: pushFile,
  }),
  push_dir: fn({
    doc: "Sends the files below a folder to the master.",
    args: {
      path: { type: "string", required: true, doc: "Absolute path of the folder." },
      glob: { type: "string", default: null, doc: "Only files whose names match." },
      upload_path: { type: "string", default: null, doc: "Where they go in the minion's folder." },
    },
    example: "salt '*' cp.push_dir /usr/lib/mysql\n" +
      "salt '*' cp.push_dir /etc/modprobe.d/ glob='*.conf'",
    run: pushFolder,
  }),
};
