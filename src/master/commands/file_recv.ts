/**
 * Files that minions push (`cp.push`), where `file_recv` allows it: into
 * `<cachedir>/minions/<id>/files`. (`salt/daemons/masterapi.py:RemoteFuncs._file_recv`)
 * @module
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import type { MasterOpts } from "../../config/mod.ts";
import { ensureDir, fileError } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import type { Data, DataMap } from "../../types/mod.ts";

const log = getLogger("saltx.master");

/** Folders within folders, and bytes of a name. */
const MAX_PARTS = 50;
const MAX_NAME = 255;

const MIB = 1024 * 1024;

/** Writes one chunk; `loc` 0 begins the file anew. False when it is refused. */
export function receiveFile(
  opts: Pick<MasterOpts, "file_recv" | "file_recv_max_size" | "cachedir">,
  load: DataMap,
  id: string | null,
): Data {
  const { path, loc, size, data } = load;
  if (!opts.file_recv || !isValidMinionId(id)) return false;
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  if (!(bytes instanceof Uint8Array) || !isPath(path) || !isOffset(loc)) {
    log.warning(`${id} pushes a file in a way that cannot be read; refused`);
    return false;
  }
  const end = Math.max(loc + bytes.length, isOffset(size) ? size : 0);
  if (end > opts.file_recv_max_size * MIB) {
    log.error(`${id} pushes a file of ${end} bytes; file_recv_max_size is less. Refused`);
    return false;
  }
  const folder = join(opts.cachedir, "minions", id, "files", ...path.slice(0, -1));
  ensureDir(folder, 0o700);
  return write(join(folder, path.at(-1)!), loc, bytes);
}

/** A chunk may come a second time; one that would leave a hole is refused. */
function write(path: string, loc: number, bytes: Uint8Array): boolean {
  let file: number;
  try {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    file = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw fileError("write", path, error);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || loc > stat.size) return false;
    if (loc === 0) ftruncateSync(file, 0);
    for (let done = 0; done < bytes.length;) {
      done += writeSync(file, bytes, done, bytes.length - done, loc + done);
    }
    return true;
  } finally {
    closeSync(file);
  }
}

/** Names, each of one folder: nothing that climbs, is absolute or hides a separator. */
function isPath(path: Data | undefined): path is string[] {
  return Array.isArray(path) && path.length > 0 && path.length <= MAX_PARTS &&
    path.every((part) =>
      typeof part === "string" && part !== "" && part !== "." && part !== ".." &&
      !/[/\\\0]/.test(part) && Buffer.byteLength(part) <= MAX_NAME
    );
}

function isOffset(value: Data | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
