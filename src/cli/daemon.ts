/**
 * The life of a daemon: background, pid file, user, logging, signals, systemd.
 * @module
 */
import { userInfo } from "node:os";
import { EX, messageOf, SaltException } from "../errors.ts";
import { getLogger, type Logger, type Logging, setupLogging } from "../logging/mod.ts";
import type { LoggingOptions } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { lookUpUser } from "../runtime/user.ts";
import { type Reporter, reporterOfThisProcess, startInBackground } from "./background.ts";
import { type FolderOptions, type Owner, prepareFolders } from "./daemon_folders.ts";
import { awaitPredecessor, type PidFile, refuseSecond, writePidFile } from "./pid_file.ts";

/** The options a daemon's frame looks at. */
export interface DaemonOptions extends LoggingOptions, FolderOptions {
  readonly user: string;
  readonly verify_env: boolean;
  /** Seconds running work gets at the end. */
  readonly drain_timeout: number;
}

/** A daemon that runs. */
export interface RunningDaemon {
  /** Ends it: takes no new work, finishes what runs. */
  stop(): Promise<void>;
  /** Takes over what can change while it runs (SIGHUP). */
  reload?(): void | Promise<void>;
  /** Resolves with an exit code when the daemon ends by itself. */
  ended?: Promise<number>;
}

/** What to run. */
export interface DaemonSpec {
  /** `salt-master`, `salt-minion` … */
  name: string;
  opts: DaemonOptions;
  pidfile: string;
  /** `-d`. */
  daemonise: boolean;
  /** Resolves once it serves. What it throws is the reason why it does not. */
  start(): Promise<RunningDaemon>;
  /** Loads the options anew at SIGHUP; log levels follow them. What it throws leaves all as it was. */
  loadOptions?(): DaemonOptions;
  /** Starts this program again as it was called; made from this process's arguments when absent. */
  command?: readonly string[];
  /** Says something at the terminal. Standard error when absent. */
  notice?(message: string): void;
}

const UMASK = 0o022;

function ownCommand(name: string): readonly string[] {
  const words = process.argv.slice(2);
  const role = name.replace(/^salt-/, "");
  const named = words[0] === role || words[0] === name;
  return [...runtime.selfCommand(), ...(named ? words : [role, ...words])];
}

/** Whether the daemon already runs as the user it is to run as; who may have no name. */
function isThisUser(user: string): boolean {
  if (user === "" || user === String(process.getuid?.())) return true;
  try {
    return userInfo().username === user;
  } catch {
    return false;
  }
}

function ownerFor(user: string): Owner | undefined {
  if (process.getuid?.() !== 0 || user === "" || user === "root") return undefined;
  return lookUpUser(user);
}

/** Counts signals: the first asks to end, the second insists. */
class Signals {
  readonly #log: Logger;
  readonly #listeners: [NodeJS.Signals, () => void][] = [];
  #asked = false;
  #resolve: () => void = () => {};
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly endAsked = new Promise<void>((resolve) => this.#resolve = resolve);
  /** Called at each SIGHUP. */
  onHangup: () => void = () => {};
  /** Called at the second SIGTERM or SIGINT. */
  onForce: () => void = () => {};

  constructor(log: Logger) {
    this.#log = log;
    this.#on("SIGTERM", () => this.#end("SIGTERM"));
    this.#on("SIGINT", () => this.#end("SIGINT"));
    this.#on("SIGHUP", () => this.onHangup());
  }

  #on(signal: NodeJS.Signals, listener: () => void): void {
    process.on(signal, listener);
    this.#listeners.push([signal, listener]);
  }

  #end(signal: string): void {
    if (this.#asked) {
      this.#log.warning(`${signal} again: ending at once`);
      this.onForce();
    }
    this.#asked = true;
    this.#log.warning(`${signal}: ending`);
    this.#resolve();
  }

  remove(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }
}

function wait(seconds: number): { promise: Promise<"late">; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const promise = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), seconds * 1000);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/** ms after the start when what only the start needed is let go: a minion has signed in by then. */
const RELEASE_AFTER_MS = 5000;

/** ms that a start waits for the daemon before it to end, as in `kill PID; saltx master -d`. */
const PREDECESSOR_MS = 3000;

/** One daemon in this process, from its pid file to its exit code. */
class DaemonProcess {
  readonly #spec: DaemonSpec;
  readonly #log: Logger;
  readonly #reporter: Reporter | undefined;
  #logging: Logging | undefined;
  #pidFile: PidFile | undefined;

  constructor(spec: DaemonSpec, reporter: Reporter | undefined) {
    this.#spec = spec;
    this.#reporter = reporter;
    this.#log = getLogger(`saltx.${spec.name.replace(/^salt-/, "")}`);
  }

  async run(): Promise<number> {
    // Without it a daemon that waits for nothing but a signal would end.
    const alive = setInterval(() => {}, 0x7fffffff);
    const signals = new Signals(this.#log);
    signals.onForce = () => this.#endNow();
    const removeTraps = this.#trapDefects();
    try {
      this.#prepare();
      return await this.#serve(signals);
    } catch (error) {
      return await this.#startFailed(error);
    } finally {
      clearInterval(alive);
      signals.remove();
      removeTraps();
      this.#pidFile?.remove();
      await this.#logging?.close();
    }
  }

  #prepare(): void {
    const { name, opts, pidfile } = this.#spec;
    process.umask(UMASK);
    const owner = ownerFor(opts.user);
    refuseSecond(pidfile, name);
    this.#logging = setupLogging(opts, {
      daemon: true,
      console: this.#reporter === undefined,
      ...(owner ? { owner } : {}),
    });
    if (opts.verify_env) prepareFolders(opts, owner);
    try {
      this.#pidFile = writePidFile(pidfile, name, owner);
    } catch (error) {
      refuseSecond(pidfile, name);
      // As with Salt, a user who may not write there can still run a daemon.
      this.#log.warning(messageOf(error));
    }
    if (this.#reporter) process.chdir("/");
    if (!isThisUser(opts.user)) runtime.becomeUser(opts.user);
  }

  async #serve(signals: Signals): Promise<number> {
    const daemon = await this.#spec.start();
    signals.onHangup = () => void this.#reload(daemon);
    await this.#reporter?.ready();
    await runtime.sdNotify("READY=1");
    const releasing = setTimeout(() => runtime.releaseMemory(), RELEASE_AFTER_MS);
    this.#log.info(`${this.#spec.name} is up as process ${process.pid}`);
    const byItself = daemon.ended ?? new Promise<number>(() => {});
    const code = await Promise.race([signals.endAsked.then(() => EX.OK), byItself]);
    clearTimeout(releasing);
    await this.#stop(daemon);
    return code;
  }

  async #stop(daemon: RunningDaemon): Promise<void> {
    await runtime.sdNotify("STOPPING=1");
    const deadline = wait(this.#spec.opts.drain_timeout);
    try {
      const done = await Promise.race([daemon.stop(), deadline.promise]);
      if (done === "late") {
        this.#log.warning(
          `Work was still running ${this.#spec.opts.drain_timeout} s after the end was asked for`,
        );
      }
    } catch (error) {
      this.#log.error("Could not end cleanly", error);
    } finally {
      deadline.cancel();
    }
    this.#log.info(`${this.#spec.name} has ended`);
  }

  async #reload(daemon: RunningDaemon): Promise<void> {
    this.#log.info("SIGHUP: opening logs anew and reloading");
    const microseconds = process.hrtime.bigint() / 1000n;
    await runtime.sdNotify(`RELOADING=1\nMONOTONIC_USEC=${microseconds}`);
    try {
      this.#logging?.reopen();
      const fresh = this.#spec.loadOptions?.();
      if (fresh) this.#logging?.setLevels(fresh);
      await daemon.reload?.();
    } catch (error) {
      this.#log.error("Could not reload; going on as before", error);
    }
    await runtime.sdNotify("READY=1");
  }

  async #startFailed(error: unknown): Promise<number> {
    const exitCode = error instanceof SaltException ? error.exitCode : EX.SOFTWARE;
    // At the terminal the caller says it.
    this.#logging?.muteConsole();
    this.#log.critical(`Cannot start ${this.#spec.name}`, error);
    if (this.#reporter) {
      await this.#reporter.failed(messageOf(error), exitCode);
      return exitCode;
    }
    throw error;
  }

  #endNow(): void {
    this.#pidFile?.remove();
    process.exit(EX.GENERIC);
  }

  /** A defect is logged before it ends the process; what supervises the daemon starts it again. */
  #trapDefects(): () => void {
    const trap = (error: unknown) => {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#log.critical(`A defect ends ${this.#spec.name}: ${text}`);
      this.#pidFile?.remove();
      process.exit(EX.SOFTWARE);
    };
    process.on("uncaughtException", trap);
    process.on("unhandledRejection", trap);
    return () => {
      process.off("uncaughtException", trap);
      process.off("unhandledRejection", trap);
    };
  }
}

/**
 * Runs a daemon until it is asked to end. With `daemonise`, starts it in the background instead and
 * returns once it is up there.
 *
 * SIGTERM and SIGINT end it within `drain_timeout`, a second one at once; SIGHUP opens the logs anew
 * and reloads.
 *
 * @returns the exit code.
 * @throws SaltException when it cannot start; in the background, with what that process said.
 */
export async function runDaemon(spec: DaemonSpec): Promise<number> {
  const reporter = await reporterOfThisProcess();
  await awaitPredecessor(spec.pidfile, PREDECESSOR_MS);
  if (!spec.daemonise || reporter) return await new DaemonProcess(spec, reporter).run();
  refuseSecond(spec.pidfile, spec.name);
  await startInBackground({
    name: spec.name,
    command: spec.command ?? ownCommand(spec.name),
    logFile: spec.opts.log_file,
    notice: spec.notice ?? ((message) => void process.stderr.write(`${message}\n`)),
  });
  return EX.OK;
}
