/**
 * The sockets that a thread has open, told to who started the thread.
 *
 * zeromq's addon aborts the whole process when a thread ends while one of its sockets waits for a
 * message. So a thread closes its sockets before it ends, and is never ended by force meanwhile.
 * @module
 */

/** What a thread and its starter share: counts of open sockets and of calls that wait, and the end. */
export const CELL = { open: 0, waiting: 1, stopped: 2 } as const;

/** How many cells there are. */
export const CELLS = 3;

let thread = false;
const draining = new Set<Promise<void>>();

let cells = new Int32Array(CELLS);
const sockets = new Set<{ close(): void }>();

/** This is a thread, which counts in `shared` from now on. */
export function countIn(shared: Int32Array<SharedArrayBuffer>): void {
  cells = shared as unknown as Int32Array<ArrayBuffer>;
  thread = true;
}

/** Whether this is a thread that {@linkcode startThread} started. */
export function inThread(): boolean {
  return thread;
}

/** A socket was opened. */
export function opened(socket: { close(): void }): void {
  sockets.add(socket);
  Atomics.add(cells, CELL.open, 1);
}

/** A socket is closed. */
export function closed(socket: { close(): void }): void {
  if (sockets.delete(socket)) Atomics.sub(cells, CELL.open, 1);
}

/** A call waits inside the addon from now on. */
export function waitBegins(): void {
  Atomics.add(cells, CELL.waiting, 1);
}

/** It no longer does. */
export function waitEnds(): void {
  Atomics.sub(cells, CELL.waiting, 1);
}

/** Closes every socket of this thread, and tells who waits for that. */
export function closeAll(): void {
  for (const socket of [...sockets]) socket.close();
  Atomics.store(cells, CELL.stopped, 1);
  Atomics.notify(cells, CELL.stopped);
}

/** A closed socket still delivers what it holds, until `end` resolves. */
export function drains(end: Promise<void>): void {
  draining.add(end);
  end.finally(() => draining.delete(end));
}

/** Resolves when no closed socket of this thread holds anything any more. */
export async function drained(): Promise<void> {
  await Promise.all(draining);
}
