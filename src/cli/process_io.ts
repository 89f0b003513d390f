/**
 * The streams of this process as tools see them.
 * @module
 */
import { Buffer } from "node:buffer";
import { fstatSync, writeSync } from "node:fs";
import type { CliIo } from "./invocation.ts";

async function readSecret(prompt: string): Promise<string | null> {
  const { createInterface } = await import("node:readline");
  const { Writable } = await import("node:stream");
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise((resolve) => {
      lines.once("line", resolve);
      lines.once("close", () => resolve(null));
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** Whatever of standard input came with a line that was asked for belongs to the next one. */
class StdinLines {
  #iterator: AsyncIterator<string> | undefined;

  async next(): Promise<string | null> {
    if (!this.#iterator) {
      const { createInterface } = await import("node:readline");
      const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
      this.#iterator = lines[Symbol.asyncIterator]();
    }
    const { value, done } = await this.#iterator.next();
    return done ? null : value;
  }
}

/** Whether a file descriptor is a terminal. Node's own answer is asked for only where it may be yes. */
function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  // Each stream loads what it needs when it is first looked at.
  const stream = fd === 0 ? process.stdin : fd === 1 ? process.stdout : process.stderr;
  return stream.isTTY === true;
}

/**
 * Writes at once, without Node's streams, which take longer to load than most tools run. A pipe that
 * is full for the moment gets the rest by the stream after all. A reader that went away (`| head`) ends
 * the process quietly.
 */
function writer(fd: 1 | 2): (text: string) => void {
  let stream: NodeJS.WriteStream | undefined;
  const fail = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    if (error.code !== "EAGAIN") throw error;
  };
  return (text) => {
    let rest: Uint8Array = Buffer.from(text);
    try {
      while (!stream && rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
      stream = fd === 1 ? process.stdout : process.stderr;
      stream.on("error", fail);
    }
    if (rest.length > 0) stream?.write(rest);
  };
}

/** The process's own streams. */
export function processIo(): CliIo {
  const stdin = new StdinLines();
  const [out, err] = [writer(1), writer(2)];
  const stdoutIsTerminal = isTerminal(1);
  return {
    out,
    err,
    readLine(options = {}) {
      if (options.secret && isTerminal(0)) return readSecret(options.prompt ?? "");
      if (options.prompt) out(options.prompt);
      return stdin.next();
    },
    async readLines() {
      const lines: string[] = [];
      for (let line = await stdin.next(); line !== null; line = await stdin.next()) {
        lines.push(line);
      }
      return lines;
    },
    stdoutIsTerminal,
    stderrIsTerminal: isTerminal(2),
    get stdinIsTerminal() {
      return isTerminal(0);
    },
    columns: (stdoutIsTerminal ? process.stdout.columns : 0) || Number(process.env["COLUMNS"]) ||
      80,
    env: process.env,
  };
}
