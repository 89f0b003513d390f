/**
 * Standard input, output and error without Node's streams, which take longer to load than most tools run.
 * @module
 */
import { Buffer } from "node:buffer";
import { fstatSync, writeSync } from "node:fs";

/** Node's streams that were needed after all. */
const opened = new Map<1 | 2, NodeJS.WriteStream>();

/** `/dev/null` and its like are device 1 of Linux. */
function isNull(device: number): boolean {
  return process.platform === "linux" && device >> 8 === 1;
}

/** Whether a file descriptor is a terminal. Node's own answer is asked for only where it may be yes. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    const found = fstatSync(fd);
    if (!found.isCharacterDevice() || isNull(found.rdev)) return false;
  } catch {
    return false;
  }
  // Each stream loads what it needs when it is first looked at.
  const stream = fd === 0 ? process.stdin : fd === 1 ? process.stdout : process.stderr;
  return stream.isTTY === true;
}

/**
 * A function that writes to a file descriptor at once. A pipe that is full for the moment gets the rest
 * by Node's stream.
 *
 * @param onGone is called when nobody reads any more (`| head`); what is written then is lost.
 */
export function stdWriter(fd: 1 | 2, onGone: () => void): (text: string) => void {
  const fail = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") onGone();
    else if (error.code !== "EAGAIN") throw error;
  };
  return (text) => {
    let rest: Uint8Array = Buffer.from(text);
    try {
      while (!opened.has(fd) && rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
      const stream = fd === 1 ? process.stdout : process.stderr;
      stream.on("error", fail);
      opened.set(fd, stream);
    }
    if (rest.length > 0) opened.get(fd)?.write(rest);
  };
}

/** Waits until what was written has left this process. */
export async function stdDrained(): Promise<void> {
  for (const stream of opened.values()) {
    await new Promise<void>((done) => stream.write("", () => done()));
  }
}
