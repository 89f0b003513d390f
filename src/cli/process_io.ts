/**
 * The streams of this process as tools see them.
 * @module
 */
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

/** The process's own streams. A reader that went away (`| head`) ends the process quietly. */
export function processIo(): CliIo {
  const stdin = new StdinLines();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
    });
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readLine(options = {}) {
      if (options.secret && process.stdin.isTTY) return readSecret(options.prompt ?? "");
      if (options.prompt) process.stdout.write(options.prompt);
      return stdin.next();
    },
    async readLines() {
      const lines: string[] = [];
      for (let line = await stdin.next(); line !== null; line = await stdin.next()) {
        lines.push(line);
      }
      return lines;
    },
    stdoutIsTerminal: process.stdout.isTTY === true,
    stderrIsTerminal: process.stderr.isTTY === true,
    stdinIsTerminal: process.stdin.isTTY === true,
    columns: process.stdout.columns ?? (Number(process.env["COLUMNS"]) || 80),
    env: process.env,
  };
}
