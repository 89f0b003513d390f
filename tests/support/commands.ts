/**
 * Running programs to their end, and programs that run until they are stopped.
 *
 * Each program gets a process group of its own, so that what it started can be ended with it.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { userInfo } from "node:os";
import { TextLog } from "./text_log.ts";

/** How a program ended and what it wrote. */
export interface Result {
  /** Exit status; 128 + n when signal n ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Where and with what a program runs. */
export interface RunOptions {
  /** Added to a small, fixed environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Written to its standard input, which is then closed. */
  input?: string;
  /** After so many ms it is killed and the promise rejects. */
  timeoutMs?: number;
  /** The user and group it runs as, for root. */
  uid?: number;
  gid?: number;
  /** What ends it at last where nobody stops it before; SIGTERM otherwise. */
  stopSignal?: NodeJS.Signals;
}

const SIGNALS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Bytes of output that are kept of one program; of a longer one, the end. */
const MAX_OUTPUT = 4 << 20;

const running = new Set<ChildProcess>();

const killAll = () => running.forEach((child) => killGroup(child, "SIGKILL"));
process.on("exit", killAll);
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(code);
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

function environment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: process.env["HOME"] ?? "/",
    USER: userInfo().username,
    LANG: "C.UTF-8",
    PYTHONWARNINGS: "ignore",
    ...extra,
  };
}

function start(argv: readonly string[], options: RunOptions): ChildProcess {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("no program");
  const child = spawn(program, args, {
    detached: true,
    env: environment(options.env),
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

function exitCode(code: number | null, signal: string | null): number {
  return code ?? 128 + (SIGNALS[signal ?? ""] ?? 0);
}

/**
 * Runs a program to its end.
 * @throws Error when it cannot be started or takes longer than `timeoutMs` (60 s).
 */
export function runCommand(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = start(argv, options);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        output[name] = (output[name] + text).slice(-MAX_OUTPUT);
      });
    }
    const limit = options.timeoutMs ?? 60_000;
    const timer = setTimeout(() => {
      killGroup(child, "SIGKILL");
      const { stdout, stderr } = output;
      reject(new Error(`\`${argv.join(" ")}\` ran over ${limit} ms:\n${stdout}\n${stderr}`));
    }, limit);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: exitCode(code, signal), ...output });
    });
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}

/** A program that runs until it is stopped, and what it has written so far. */
export class Daemon implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit status. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  readonly #log: TextLog;
  readonly #stopSignal: NodeJS.Signals;
  #status: number | null = null;

  private constructor(name: string, child: ChildProcess, stopSignal: NodeJS.Signals) {
    this.name = name;
    this.#stopSignal = stopSignal;
    this.#log = new TextLog(name);
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => {
      // Not "close": what the program left behind may hold its outputs open.
      child.once("exit", (code, signal) => {
        this.#status = exitCode(code, signal);
        resolve(this.#status);
        // Its last words may still be on their way; but not for long.
        const end = () => this.#log.end(`ended with ${this.#status}`);
        child.once("close", end);
        setTimeout(end, 1000).unref();
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#log.append(text));
    }
  }

  /** @throws Error when the program cannot be started. */
  static async start(
    name: string,
    argv: readonly string[],
    options: RunOptions = {},
  ): Promise<Daemon> {
    const child = start(argv, options);
    const daemon = new Daemon(name, child, options.stopSignal ?? "SIGTERM");
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    if (options.input !== undefined) child.stdin?.end(options.input);
    return daemon;
  }

  /** What it wrote to both outputs, in the order it arrived. */
  get log(): string {
    return this.#log.text;
  }

  /** Exit status, or null while it runs. */
  get status(): number | null {
    return this.#status;
  }

  /**
   * Resolves with the first match in what it wrote or will write; see {@linkcode TextLog.line}.
   */
  async line(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return await this.#log.line(pattern, timeoutMs);
  }

  /**
   * Sends a signal to the program, SIGKILL to all of its group, and waits for its end.
   * @throws Error when it still runs after `timeoutMs`.
   */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = 20_000): Promise<number> {
    if (this.#status === null) this.signal(signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.name} still runs ${timeoutMs} ms after ${signal}`)),
        timeoutMs,
      );
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal without waiting for anything; SIGKILL goes to all of its group. */
  signal(signal: NodeJS.Signals): void {
    if (signal === "SIGKILL") return killGroup(this.#child, signal);
    // Not child.kill(): Deno then says that the signal ended it, whatever its exit status was.
    if (this.#status === null) process.kill(this.pid, signal);
  }

  /** Ends it and all it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(this.#stopSignal).catch(() => {});
    killGroup(this.#child, "SIGKILL");
    await this.exited;
  }
}
