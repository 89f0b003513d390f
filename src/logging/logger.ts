/**
 * Loggers by dotted name, with Salt's levels.
 * @module
 */

/** Salt's level names, from loudest to quietest. (`salt._logging`: `LOG_LEVELS`) */
export const LOG_LEVELS = {
  all: 0,
  garbage: 1,
  trace: 5,
  debug: 10,
  profile: 15,
  info: 20,
  warning: 30,
  error: 40,
  critical: 50,
  quiet: 1000,
} as const;

export type LogLevel = keyof typeof LOG_LEVELS;

/** One line of log before it is formatted. */
export interface LogRecord {
  time: Date;
  level: LogLevel;
  levelno: number;
  name: string;
  message: string;
  error?: unknown;
}

/** Writes records somewhere; formats and filters itself. */
export type LogSink = (record: LogRecord) => void;

/** Writes under one name. Messages are built lazily when given as functions. */
export interface Logger {
  readonly name: string;
  enabled(level: LogLevel): boolean;
  trace(message: string | (() => string)): void;
  debug(message: string | (() => string)): void;
  info(message: string | (() => string)): void;
  warning(message: string | (() => string), error?: unknown): void;
  error(message: string | (() => string), error?: unknown): void;
  critical(message: string | (() => string), error?: unknown): void;
}

const sinks = new Set<{ sink: LogSink; minimum: () => number }>();

/** Adds a sink that wants records of at least `minimum`. Returns a function that takes it away again. */
export function addSink(sink: LogSink, minimum: () => number): () => void {
  const entry = { sink, minimum };
  sinks.add(entry);
  return () => sinks.delete(entry);
}

/** Level numbers by the beginning of logger names, most telling first. */
let granular: readonly { prefix: string; levelno: number }[] = [];

/**
 * Sets the least level of single loggers and of those below them: `saltx.transport` also means
 * `saltx.transport.zeromq`. They only take away from what the sinks want.
 * (`salt/_logging/impl.py:setup_log_granular_levels`)
 */
export function setGranularLevels(levels: Readonly<Record<string, number>>): void {
  granular = Object.entries(levels)
    .map(([prefix, levelno]) => ({ prefix, levelno }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

function granularLevel(name: string): number {
  if (granular.length === 0) return 0;
  const fits = (prefix: string) => name === prefix || name.startsWith(`${prefix}.`);
  return granular.find((entry) => fits(entry.prefix))?.levelno ?? 0;
}

/** Warnings from before logging was set up: those of the configuration, which says how. */
const early: LogRecord[] = [];
const MAX_EARLY = 100;

/** Hands what was logged too early to the sinks that there are now. */
export function relayEarly(): void {
  early.splice(0).forEach(relay);
}

function wanted(name: string, levelno: number): boolean {
  if (sinks.size === 0) return levelno >= LOG_LEVELS.warning;
  for (const entry of sinks) {
    if (levelno >= entry.minimum()) return levelno >= granularLevel(name);
  }
  return false;
}

/** The lowest level that any sink wants, as a number; 1000 when there is none. */
export function lowestWanted(): number {
  return Math.min(LOG_LEVELS.quiet, ...[...sinks].map((entry) => entry.minimum()));
}

/** Hands a record, perhaps one that another thread made, to the sinks of this one. */
export function relay(record: LogRecord): void {
  if (record.levelno < granularLevel(record.name)) return;
  if (sinks.size === 0 && early.length < MAX_EARLY) early.push(record);
  for (const entry of sinks) {
    if (record.levelno < entry.minimum()) continue;
    try {
      entry.sink(record);
    } catch {
      // Nobody shall fail because something could not be logged.
    }
  }
}

/** A logger for `name`, such as `saltx.master`. */
export function getLogger(name: string): Logger {
  const write = (level: LogLevel, message: string | (() => string), error?: unknown) => {
    const levelno = LOG_LEVELS[level];
    if (!wanted(name, levelno)) return;
    const text = typeof message === "function" ? message() : message;
    relay({ time: new Date(), level, levelno, name, message: text, error });
  };
  return {
    name,
    enabled: (level) => wanted(name, LOG_LEVELS[level]),
    trace: (m) => write("trace", m),
    debug: (m) => write("debug", m),
    info: (m) => write("info", m),
    warning: (m, e) => write("warning", m, e),
    error: (m, e) => write("error", m, e),
    critical: (m, e) => write("critical", m, e),
  };
}
