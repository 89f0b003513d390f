/**
 * Turns the logging options into sinks.
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";
import { isTerminal, stdWriter } from "../runtime/std_streams.ts";
import { FileSink } from "./file_sink.ts";
import { type Formatter, makeFormatter } from "./format.ts";
import { granularLevels, levelNumber } from "./levels.ts";
import { addSink, getLogger, LOG_LEVELS, relayEarly, setGranularLevels } from "./logger.ts";
import { parseSyslogTarget, SyslogSink } from "./syslog_sink.ts";

/** The options that logging looks at, named as in the configuration. */
export interface LoggingOptions {
  readonly log_level: string;
  readonly log_level_logfile: string | null;
  /** A path, `udp://host[:port][/LOG_FACILITY]`, or empty for none. */
  readonly log_file: string;
  readonly log_fmt_console: string;
  readonly log_fmt_logfile: string;
  readonly log_datefmt: string;
  readonly log_datefmt_logfile: string;
  readonly log_granular_levels: Readonly<Record<string, unknown>>;
  readonly log_rotate_max_bytes: number;
  readonly log_rotate_backup_count: number;
}

/** Who sets up logging. */
export interface LoggingRole {
  /** A daemon writes its log file; a tool only shows what it has to say. */
  daemon: boolean;
  /** Whether lines go to standard error. True when absent. */
  console?: boolean;
  /** Who gets the log file, where the daemon is to run as another user. */
  owner?: { uid: number; gid: number };
  /** Takes lines in place of standard error, for tests. */
  writeConsole?: (line: string) => void;
}

/** Logging as set up. */
export interface Logging {
  /** Opens the log file anew (SIGHUP). */
  reopen(): void;
  /** Takes over levels that a reload changed; formats and targets stay. */
  setLevels(
    opts: Pick<LoggingOptions, "log_level" | "log_level_logfile" | "log_granular_levels">,
  ): void;
  /** Shows nothing on the terminal any more. */
  muteConsole(): void;
  /** Writes what waits and takes the sinks away. */
  close(): Promise<void>;
}

function levelOf(name: string, option: string): number {
  const levelno = levelNumber(name);
  if (levelno !== undefined) return levelno;
  throw new SaltConfigurationError(
    `Cannot use "${name}" for option "${option}": wanted one of ${
      Object.keys(LOG_LEVELS).join(", ")
    }`,
  );
}

/** Writes lines to standard error; nobody reading it ends no daemon. */
function consoleWriter(): (line: string) => void {
  const write = stdWriter(2, () => {});
  return (line) => write(`${line}\n`);
}

class ConfiguredLogging implements Logging {
  #consoleLevel: number = LOG_LEVELS.warning;
  #fileLevel: number = LOG_LEVELS.warning;
  #file: FileSink | undefined;
  #syslog: SyslogSink | undefined;
  #removeConsole: () => void = () => {};
  readonly #remove: (() => void)[] = [];
  readonly #flushAtExit = () => this.#file?.flushSync();

  constructor(opts: LoggingOptions, role: LoggingRole) {
    this.setLevels(opts);
    if (role.console ?? true) this.#addConsole(opts, role);
    if (role.daemon && opts.log_file !== "" && this.#fileLevel < LOG_LEVELS.quiet) {
      try {
        this.#addFile(opts, role);
      } catch (error) {
        this.muteConsole();
        throw error;
      }
    }
  }

  setLevels(
    opts: Pick<LoggingOptions, "log_level" | "log_level_logfile" | "log_granular_levels">,
  ): void {
    const log = getLogger("saltx.logging");
    this.#consoleLevel = levelOf(opts.log_level || "warning", "log_level");
    this.#fileLevel = opts.log_level_logfile
      ? levelOf(opts.log_level_logfile, "log_level_logfile")
      : this.#consoleLevel;
    setGranularLevels(granularLevels(opts.log_granular_levels, (text) => log.warning(text)));
  }

  #addConsole(opts: LoggingOptions, role: LoggingRole): void {
    const color = isTerminal(2) && !process.env["NO_COLOR"];
    const minimum = () => this.#consoleLevel;
    const format = makeFormatter({
      format: opts.log_fmt_console,
      dateFormat: opts.log_datefmt,
      color,
      option: "log_fmt_console",
    }, minimum);
    const write = role.writeConsole ?? consoleWriter();
    this.#removeConsole = addSink((record) => write(format(record)), minimum);
  }

  #addFile(opts: LoggingOptions, role: LoggingRole): void {
    const minimum = () => this.#fileLevel;
    const format = makeFormatter({
      format: opts.log_fmt_logfile,
      dateFormat: opts.log_datefmt_logfile,
      color: false,
      option: "log_fmt_logfile",
    }, minimum);
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(opts.log_file)) this.#addSyslog(opts, format, minimum);
    else this.#addPath(opts, role, format, minimum);
  }

  #addSyslog(opts: LoggingOptions, format: Formatter, minimum: () => number): void {
    const sink = new SyslogSink(parseSyslogTarget(opts.log_file));
    this.#syslog = sink;
    this.#remove.push(addSink((record) => sink.write(record, format(record)), minimum));
  }

  #addPath(
    opts: LoggingOptions,
    role: LoggingRole,
    format: Formatter,
    minimum: () => number,
  ): void {
    const sink = new FileSink({
      ...(role.owner ? { owner: role.owner } : {}),
      path: opts.log_file,
      maxBytes: opts.log_rotate_max_bytes,
      backups: opts.log_rotate_backup_count,
      // The log itself is broken: standard error is all that is left.
      onError: consoleWriter(),
    });
    this.#file = sink;
    this.#remove.push(addSink((record) => sink.write(format(record)), minimum));
    process.on("exit", this.#flushAtExit);
  }

  reopen(): void {
    this.#file?.reopen();
  }

  muteConsole(): void {
    this.#removeConsole();
  }

  async close(): Promise<void> {
    this.muteConsole();
    this.#remove.splice(0).forEach((remove) => remove());
    process.off("exit", this.#flushAtExit);
    this.#syslog?.close();
    await this.#file?.close();
  }
}

/**
 * Sets up logging for this process.
 *
 * @throws SaltConfigurationError for a level, format or target that cannot be used.
 * @throws SaltException when the log file cannot be opened.
 */
export function setupLogging(opts: LoggingOptions, role: LoggingRole): Logging {
  const logging = new ConfiguredLogging(opts, role);
  relayEarly();
  return logging;
}
