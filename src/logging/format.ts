/**
 * Lines of log from records, by Python's `%(name)-8s` formats with Salt's fields.
 * (`salt/_logging/impl.py`: `SaltLogRecord`, `SaltColorLogRecord`)
 * @module
 */
import { messageOf, SaltConfigurationError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel, type LogRecord } from "./logger.ts";
import { strftime } from "./strftime.ts";

/** Makes a line, without its end. */
export type Formatter = (record: LogRecord) => string;

/** How lines look. */
export interface FormatOptions {
  format: string;
  /** Form of `%(asctime)s`. */
  dateFormat: string;
  /** Whether `%(colorlevel)s` and its like bring colour. */
  color: boolean;
  /** The option the format is from, for errors. */
  option: string;
}

const RESET = "\x1b[0;0m";
const LEVEL_COLORS: Partial<Record<LogLevel, string>> = {
  critical: "1;31",
  error: "1;31",
  warning: "1;33",
  info: "1;32",
  profile: "1;36",
  debug: "1;36",
  trace: "1;35",
  garbage: "1;34",
};
const NAME_COLOR = "1;32";
const PROCESS_COLOR = "1;34";

/** The text of a message is less bold than its level, but for the loudest. */
function messageColor(level: LogLevel): string | undefined {
  const color = LEVEL_COLORS[level];
  return level === "critical" || level === "profile" ? color : color?.slice(2);
}

function paint(text: string, color: string | undefined, enabled: boolean): string {
  return enabled ? `\x1b[0;${color ?? "0"}m${text}${RESET}` : text;
}

function levelName(record: LogRecord): string {
  return record.level === "all" ? "NOTSET" : record.level.toUpperCase();
}

/** Characters that would act on a terminal or hide in a file are shown as escapes. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

type Field = (record: LogRecord, options: FormatOptions) => string | number;

const started = Date.now();

const FIELDS: Readonly<Record<string, Field>> = {
  message: (record) => printable(record.message),
  msg: (record) => printable(record.message),
  levelname: levelName,
  levelno: (record) => record.levelno,
  name: (record) => record.name,
  module: (record) => record.name.split(".").at(-1) ?? "",
  asctime: (record, options) => strftime(options.dateFormat, record.time),
  msecs: (record) => record.time.getMilliseconds(),
  created: (record) => record.time.getTime() / 1000,
  relativeCreated: (record) => record.time.getTime() - started,
  process: () => process.pid,
  processName: () => "MainProcess",
  thread: () => 0,
  threadName: () => "MainThread",
  // JavaScript does not tell cheaply where a call came from.
  lineno: () => 0,
  pathname: () => "",
  filename: () => "",
  funcName: () => "",
  jid: () => "",
  minion_id: () => "",
  bracketname: (record) => `[${record.name.padEnd(17)}]`,
  bracketlevel: (record) => `[${levelName(record).padEnd(8)}]`,
  bracketprocess: () => `[${String(process.pid).padStart(5)}]`,
  colorname: (record, { color }) => paint(`[${record.name.padEnd(17)}]`, NAME_COLOR, color),
  colorlevel: (record, { color }) =>
    paint(`[${levelName(record).padEnd(8)}]`, LEVEL_COLORS[record.level], color),
  colorprocess: (_record, { color }) =>
    paint(`[${String(process.pid).padStart(5)}]`, PROCESS_COLOR, color),
  colormsg: (record, { color }) =>
    paint(printable(record.message), messageColor(record.level), color),
};

const PLACEHOLDER = /%(?:%|\((\w+)\)([-+0 #]*)(\d*)(?:\.(\d+))?([sdifr]))/g;

function wrongFormat(options: FormatOptions, why: string): never {
  throw new SaltConfigurationError(
    `Cannot use "${options.format}" for option "${options.option}": ${why}; wanted Python's form ` +
      'such as "%(asctime)s [%(levelname)-8s] %(message)s"',
  );
}

function convert(value: string | number, precision: string | undefined, kind: string): string {
  if (kind === "f") return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
  if (kind === "d" || kind === "i") {
    const digits = String(Math.trunc(Math.abs(Number(value)) || 0));
    return (Number(value) < 0 ? "-" : "") + digits.padStart(Number(precision ?? 0), "0");
  }
  const text = String(value);
  return precision === undefined ? text : text.slice(0, Number(precision));
}

function pad(text: string, flags: string, width: number, isNumber: boolean): string {
  if (flags.includes("-")) return text.padEnd(width);
  return isNumber && flags.includes("0") ? text.padStart(width, "0") : text.padStart(width);
}

type Part = (record: LogRecord) => string;

function placeholderPart(match: RegExpExecArray, options: FormatOptions): Part {
  const [whole, name, flags = "", width = "", precision, kind = "s"] = match;
  if (whole === "%%") return () => "%";
  const field = FIELDS[name ?? ""];
  if (!field) wrongFormat(options, `there is no field "${name}"`);
  const size = Number(width);
  return (record) =>
    pad(convert(field(record, options), precision, kind), flags, size, kind !== "s");
}

function compile(options: FormatOptions): Part[] {
  const parts: Part[] = [];
  let at = 0;
  const literal = (text: string) => {
    if (text.includes("%")) wrongFormat(options, `"${text.slice(text.indexOf("%"))}" is no field`);
    if (text !== "") parts.push(() => text);
  };
  for (const match of options.format.matchAll(PLACEHOLDER)) {
    literal(options.format.slice(at, match.index));
    parts.push(placeholderPart(match, options));
    at = match.index + match[0].length;
  }
  literal(options.format.slice(at));
  return parts;
}

/** What is told of a thrown value: its stack to those who debug, else its message, once. */
function errorText(record: LogRecord, threshold: number): string {
  const { error } = record;
  if (error === undefined || error === null) return "";
  const debugging = threshold <= LOG_LEVELS.debug;
  if (debugging && error instanceof Error && error.stack) return `\n${printable(error.stack)}`;
  const message = messageOf(error);
  return record.message.includes(message) ? "" : `: ${printable(message)}`;
}

/**
 * A formatter. `threshold` tells the level of its sink: stacks are for `debug` and below.
 *
 * @throws SaltConfigurationError when the format is not one of Python's, or names unknown fields.
 */
export function makeFormatter(options: FormatOptions, threshold: () => number): Formatter {
  const parts = compile(options);
  return (record) => parts.map((part) => part(record)).join("") + errorText(record, threshold());
}
