/**
 * Writing to the host's syslog. (syslog(3))
 * @module
 */
import { cString, type OpenLibc } from "./libc.ts";

/** One message. */
export interface SyslogMessage {
  /** Facility and level, or'ed. */
  priority: number;
  /** Stands in front of the text. */
  ident: string;
  /** `LOG_PID` and the like, or'ed. */
  options: number;
  text: string;
}

/** Writes one message. Where there is no syslog daemon, it goes nowhere, as from any program. */
export function writeSyslog(message: SyslogMessage, openLibc: OpenLibc): void {
  const libc = openLibc({
    openlog: { parameters: ["buffer", "i32", "i32"], result: "i32" },
    syslog: { parameters: ["i32", "buffer"], result: "i32" },
    closelog: { parameters: [], result: "i32" },
  });
  const ident = cString(message.ident.replaceAll("\0", ""));
  // The text is a format to the C library; without arguments, nothing in it may ask for one.
  const format = cString(message.text.replaceAll("\0", "").replaceAll("%", "%%"));
  libc.openlog(ident, message.options, 0);
  libc.syslog(message.priority, format);
  libc.closelog();
}
