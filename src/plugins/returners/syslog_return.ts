/** Returns to the host's syslog. (`salt/returners/syslog_return.py`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { returnerOptions } from "../../loader/returner_options.ts";
import type { Returner, ReturnerContext } from "../../loader/returner_types.ts";
import { runtime } from "../../runtime/mod.ts";
import type { SyslogMessage } from "../../runtime/syslog.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { toJson } from "./_json.ts";

/** (syslog.h) */
const LEVELS = [
  ...["LOG_EMERG", "LOG_ALERT", "LOG_CRIT", "LOG_ERR"],
  ...["LOG_WARNING", "LOG_NOTICE", "LOG_INFO", "LOG_DEBUG"],
];
const FACILITIES = [
  ...["LOG_KERN", "LOG_USER", "LOG_MAIL", "LOG_DAEMON", "LOG_AUTH", "LOG_SYSLOG", "LOG_LPR"],
  ...["LOG_NEWS", "LOG_UUCP", "LOG_CRON", "LOG_AUTHPRIV", "LOG_FTP"],
];
/** The first of the eight `LOG_LOCAL<n>`. */
const LOCAL0 = 16;
const OPTIONS: Readonly<Record<string, number>> = {
  LOG_PID: 0x01,
  LOG_CONS: 0x02,
  LOG_ODELAY: 0x04,
  LOG_NDELAY: 0x08,
  LOG_NOWAIT: 0x10,
  LOG_PERROR: 0x20,
};
const MAX_TAG = 32;

function facilityOf(name: string): number | undefined {
  const local = /^LOG_LOCAL([0-7])$/.exec(name);
  const number = local ? LOCAL0 + Number(local[1]) : FACILITIES.indexOf(name);
  return number < 0 ? undefined : number << 3;
}

function wrong(option: string, value: Data): never {
  throw new SaltInvocationError(`syslog.${option}: syslog has no attribute ${String(value)}`);
}

function messageFor(ctx: ReturnerContext, ret: DataMap): SyslogMessage {
  const defaults = { level: "LOG_INFO", facility: "LOG_USER", options: [], tag: "salt-minion" };
  const wanted = ["level", "facility", "tag", "options"];
  const set = returnerOptions(ctx.option, "syslog", wanted, defaults, ret);
  const level = LEVELS.indexOf(String(set["level"]));
  const facility = facilityOf(String(set["facility"])) ?? wrong("facility", set["facility"]!);
  if (level < 0) wrong("level", set["level"]!);
  const ident = String(set["tag"]);
  if (ident.length > MAX_TAG) {
    throw new SaltInvocationError(`syslog.tag: tag size is limited to ${MAX_TAG} characters`);
  }
  let options = 0;
  for (const name of [set["options"]!].flat()) {
    options |= OPTIONS[String(name)] ?? wrong("options", name);
  }
  return { priority: facility | level, ident, options, text: toJson(ret) };
}

/** The returner `syslog`. */
export const syslogReturn: Returner = {
  name: "syslog_return",
  virtualname: "syslog",
  doc: "The host's syslog, a line of JSON for each return.",
  open: (ctx) => ({
    async returner(returns) {
      for (const ret of returns) await runtime.syslog(messageFor(ctx, ret));
    },
    close: () => Promise.resolve(),
  }),
};
