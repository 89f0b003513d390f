/**
 * Brings the content of a file, several chunks at a time: while one is on its way others are read,
 * encrypted and written.
 * @module
 */
import { CommandExecutionError } from "../../../errors.ts";
import type { Chunk } from "./source.ts";

/** Chunks that are under way at most. Each holds a connection to the master; others have need of some too. */
const WINDOW = 4;

/** Bytes that are under way at most: beyond a few MiB the collector would run for them. */
const WINDOW_BYTES = 6 << 20;

/** Reads from an offset on; undefined when the file is gone. */
export type ReadChunk = (offset: number) => Promise<Chunk | undefined>;

/**
 * Gives a file's bytes to `write`, in order. A source that does not say how long the file is gets one
 * request at a time until it has sent two chunks of the same length, since most files have one.
 *
 * @param first What was read at offset 0.
 * @param from Offset before which all is there already: a multiple of the length of `first`.
 * @returns False when another content came half way; only a source that names versions tells.
 * @throws CommandExecutionError when the file goes while it is read, and what `read` rejects with.
 */
export async function transfer(
  first: Chunk,
  read: ReadChunk,
  write: (bytes: Uint8Array) => Promise<void>,
  from = 0,
): Promise<boolean> {
  const step = first.bytes.length;
  const end = first.total ?? Infinity;
  if (step === 0) return true;
  if (from === 0) await write(first.bytes);
  const most = Math.max(1, Math.min(WINDOW, Math.floor(WINDOW_BYTES / step)));
  let window = first.total === null ? 1 : most;
  let done = from || step;
  let next = done;
  const queue: Promise<Chunk | undefined>[] = [];
  while (done < end) {
    for (; queue.length < window && next < end; next += step) queue.push(started(read, next));
    const chunk = await queue.shift();
    if (chunk === undefined) throw new CommandExecutionError("The file went while it was fetched");
    if (first.version !== null && chunk.version !== first.version) return false;
    if (chunk.bytes.length === 0) return first.total === null;
    await write(chunk.bytes);
    done += chunk.bytes.length;
    if (chunk.bytes.length === step) window = Math.min(most, window + 1);
    else {
      // What is under way begins elsewhere than this chunk ends.
      queue.length = 0;
      next = done;
      if (first.total === null) window = 1;
    }
  }
  return true;
}

/** A chunk that fails while an earlier one is awaited is looked at in its turn, or not at all. */
function started(read: ReadChunk, offset: number): Promise<Chunk | undefined> {
  const chunk = read(offset);
  chunk.catch(() => {});
  return chunk;
}
