/**
 * Lines to a syslog server over UDP. (RFC 3164; Python `logging.handlers.SysLogHandler`)
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { SaltConfigurationError } from "../errors.ts";
import { LOG_LEVELS, type LogRecord } from "./logger.ts";

const SYSLOG_PORT = 514;
/** What a datagram may hold on most networks without being cut. */
const MAX_BYTES = 8192;

const FACILITIES = [
  "KERN",
  "USER",
  "MAIL",
  "DAEMON",
  "AUTH",
  "SYSLOG",
  "LPR",
  "NEWS",
  "UUCP",
  "CRON",
  "AUTHPRIV",
  "FTP",
  "NTP",
  "SECURITY",
  "CONSOLE",
  "SOLCRON",
  "LOCAL0",
  "LOCAL1",
  "LOCAL2",
  "LOCAL3",
  "LOCAL4",
  "LOCAL5",
  "LOCAL6",
  "LOCAL7",
];

/** Where syslog is and as whose messages ours go there. */
export interface SyslogTarget {
  host: string;
  port: number;
  facility: number;
}

/**
 * Reads `udp://host[:port][/LOG_FACILITY]`.
 *
 * @throws SaltConfigurationError for another scheme, or a facility that does not exist.
 */
export function parseSyslogTarget(address: string): SyslogTarget {
  const fail = (why: string): never => {
    throw new SaltConfigurationError(`Cannot use "${address}" for option "log_file": ${why}`);
  };
  if (!URL.canParse(address)) fail("it is neither a path nor an address");
  const url = new URL(address);
  if (url.protocol !== "udp:") {
    fail(
      `"${url.protocol}//" is not supported; wanted a file, or syslog as "udp://127.0.0.1:514/LOG_DAEMON"`,
    );
  }
  const name = url.pathname.replace(/^\//, "").toUpperCase() || "LOG_USER";
  const facility = FACILITIES.indexOf(name.replace(/^LOG_/, ""));
  if (!name.startsWith("LOG_") || facility < 0) fail(`the syslog facility "${name}" is not known`);
  if (url.hostname === "") fail("wanted a host");
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || SYSLOG_PORT,
    facility,
  };
}

function severity(levelno: number): number {
  if (levelno >= LOG_LEVELS.critical) return 2;
  if (levelno >= LOG_LEVELS.error) return 3;
  if (levelno >= LOG_LEVELS.warning) return 4;
  return levelno >= LOG_LEVELS.info ? 6 : 7;
}

/** A way to syslog. */
export class SyslogSink {
  readonly #target: SyslogTarget;
  readonly #socket: Socket;

  constructor(target: SyslogTarget) {
    this.#target = target;
    this.#socket = createSocket(target.host.includes(":") ? "udp6" : "udp4");
    // Syslog gives no receipts: what does not arrive is lost, and nothing else.
    this.#socket.on("error", () => {});
    this.#socket.unref();
  }

  /** Sends a line; never waits, never throws. */
  write(record: LogRecord, line: string): void {
    const priority = this.#target.facility * 8 + severity(record.levelno);
    const bytes = Buffer.from(`<${priority}>${line}`).subarray(0, MAX_BYTES);
    this.#socket.send(bytes, this.#target.port, this.#target.host, () => {});
  }

  close(): void {
    this.#socket.close();
  }
}
