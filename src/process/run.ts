/**
 * Runs a program to its end: its output is bounded, it may be another user's, and with its time its
 * whole process group is up.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { CommandExecutionError, messageOf } from "../errors.ts";
import { which } from "./which.ts";

/** Bytes of output kept of one stream when nothing else is said. */
export const defaultMaxOutput = 64 << 20;

/** Who a program runs as. */
export interface Credentials {
  uid: number;
  gid: number;
}

/** ms that a group has to end by itself after {@linkcode RunOptions.abortWith}. */
const ABORT_GRACE_MS = 3000;

/** How a program is run. */
export interface RunOptions {
  cwd?: string;
  /** The whole environment. The own one when absent. */
  env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is closed after it. */
  stdin?: string | Uint8Array;
  /** Standard error goes where standard output goes, in the order of writing. */
  mergeStderr?: boolean;
  timeoutMs?: number;
  /** Kills the process group when it aborts; the promise then rejects with its reason. */
  signal?: AbortSignal;
  /** Sent to the group first when `signal` aborts; what is left of it is killed a little later. */
  abortWith?: NodeJS.Signals;
  /** Changes user and group, and takes on that user's other groups. */
  credentials?: Credentials;
  /** File mode mask, as octal digits. */
  umask?: string;
  /** Bytes kept of each stream; what follows is read and dropped. */
  maxOutput?: number;
  /** Told of the process group once it exists; what it returns is called when it has ended. */
  onStart?(pid: number): () => void;
}

/** How a program ended. */
export interface RunResult {
  pid: number;
  /** Exit status; minus the number of the signal that killed it. */
  code: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
  timedOut: boolean;
  /** Whether output was dropped. */
  truncated: boolean;
}

/** Keeps the first bytes of a stream. */
class Collector {
  readonly #chunks: Uint8Array[] = [];
  readonly #limit: number;
  #size = 0;
  truncated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Uint8Array): void {
    const room = this.#limit - this.#size;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0) return;
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(kept);
    this.#size += kept.length;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

/** Ends a process group; one that is gone already is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

const shell = "/bin/sh";

/** argv with what only the child itself can do put in front: mask, one stream for both, user. */
function prepare(argv: readonly string[], options: RunOptions): string[] {
  let line = [...argv];
  if (options.mergeStderr || options.umask !== undefined) {
    const merge = options.mergeStderr ? " 2>&1" : "";
    const umask = options.umask === undefined ? "" : 'umask "$1" || exit 1; shift; ';
    const first = options.umask === undefined ? [] : [options.umask];
    line = [shell, "-c", `${umask}exec "$@"${merge}`, "sh", ...first, ...line];
  }
  if (options.credentials && needsChange(options.credentials)) {
    const setpriv = which("setpriv");
    if (setpriv) {
      const { uid, gid } = options.credentials;
      line = [setpriv, `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--", ...line];
    }
  }
  return line;
}

function needsChange({ uid, gid }: Credentials): boolean {
  return uid !== process.getuid?.() || gid !== process.getgid?.();
}

/** Without `setpriv` (busybox) the runtime changes user and group, and drops all other groups. */
function spawnIdentity(argv: readonly string[], options: RunOptions): Partial<Credentials> {
  const { credentials } = options;
  if (!credentials || !needsChange(credentials) || argv[0]?.endsWith("/setpriv")) return {};
  return { uid: credentials.uid, gid: credentials.gid };
}

function start(argv: readonly string[], options: RunOptions): ChildProcess {
  const line = prepare(argv, options);
  const input = options.stdin === undefined ? "ignore" : "pipe";
  return spawn(line[0]!, line.slice(1), {
    detached: true,
    stdio: [input, "pipe", options.mergeStderr ? "ignore" : "pipe"],
    ...spawnIdentity(line, options),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env as NodeJS.ProcessEnv }),
  });
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return signal === null ? 1 : -(constants.signals[signal] ?? 1);
}

/** The program as a full path; a shell in front of it would report a missing one in its own way. */
function resolveProgram(argv: readonly string[], options: RunOptions): string[] {
  const [program, ...rest] = argv;
  if (program === undefined || program === "") {
    throw new CommandExecutionError("Cannot run an empty command");
  }
  const path = (options.env ?? process.env)["PATH"] ?? "";
  const found = which(program, path);
  if (found === null) {
    throw new CommandExecutionError(
      `Cannot run "${program}": [Errno 2] No such file or directory: '${program}'`,
    );
  }
  return [found, ...rest];
}

/**
 * Runs a program, in a process group of its own, until it has ended and its output is closed.
 *
 * @throws CommandExecutionError when it cannot be started; the reason of `options.signal`.
 */
export function runProcess(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const line = resolveProgram(argv, options);
    const child = start(line, options);
    const { pid } = child;
    const cannot = (error: unknown) =>
      reject(new CommandExecutionError(`Cannot run "${argv[0]}": ${messageOf(error)}`));
    child.on("error", cannot);
    if (pid === undefined) return;
    const forget = options.onStart?.(pid);
    const limit = options.maxOutput ?? defaultMaxOutput;
    const stdout = new Collector(limit);
    const stderr = new Collector(limit);
    child.stdout?.on("data", (chunk: Uint8Array) => stdout.add(chunk));
    child.stderr?.on("data", (chunk: Uint8Array) => stderr.add(chunk));
    // A program may end without reading all of its input.
    child.stdin?.on("error", () => {});
    if (options.stdin !== undefined) child.stdin?.end(options.stdin);
    // One that left the group may hold the streams open; nothing waits for it.
    const kill = () => {
      killGroup(pid, "SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    let timedOut = false;
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => {
      timedOut = true;
      kill();
    }, Math.min(options.timeoutMs, 0x7fffffff));
    const abort = () => {
      if (options.abortWith === undefined) return kill();
      killGroup(pid, options.abortWith);
      setTimeout(kill, ABORT_GRACE_MS).unref();
    };
    options.signal?.addEventListener("abort", abort);
    if (options.signal?.aborted) abort();
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      forget?.();
      if (options.signal?.aborted) return reject(options.signal.reason);
      resolve({
        pid,
        code: exitCode(code, signal),
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
        timedOut,
        truncated: stdout.truncated || stderr.truncated,
      });
    });
  });
}

/**
 * Starts a program that goes on by itself: no streams, no waiting.
 * @throws CommandExecutionError when it cannot be started.
 */
export function startDetached(argv: readonly string[], options: RunOptions = {}): number {
  const line = prepare(resolveProgram(argv, { ...options }), { ...options, mergeStderr: false });
  const child = spawn(line[0]!, line.slice(1), {
    detached: true,
    stdio: "ignore",
    ...spawnIdentity(line, options),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env as NodeJS.ProcessEnv }),
  });
  child.on("error", () => {});
  if (child.pid === undefined) throw new CommandExecutionError(`Cannot run "${argv[0]}"`);
  child.unref();
  return child.pid;
}
