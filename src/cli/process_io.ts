/**
 * The streams of this process as tools see them.
 * @module
 */
import { isTerminal, stdWriter } from "../runtime/std_streams.ts";
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

/** The process's own streams. */
export function processIo(): CliIo {
  const stdin = new StdinLines();
  // A reader that went away ends the process quietly.
  const gone = () => process.exit(0);
  const [out, err] = [stdWriter(1, gone), stdWriter(2, gone)];
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
