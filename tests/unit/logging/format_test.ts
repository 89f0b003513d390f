import { equal, match, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { makeFormatter } from "../../../src/logging/format.ts";
import { LOG_LEVELS, type LogLevel, type LogRecord } from "../../../src/logging/logger.ts";
import { strftime } from "../../../src/logging/strftime.ts";

function record(
  message: string,
  level: LogLevel = "info",
  more: Partial<LogRecord> = {},
): LogRecord {
  const time = new Date(2026, 2, 4, 5, 6, 7, 89);
  return { time, level, levelno: LOG_LEVELS[level], name: "saltx.master", message, ...more };
}

function line(format: string, item: LogRecord, color = false, threshold = 30): string {
  const options = { format, dateFormat: "%Y-%m-%d %H:%M:%S", color, option: "log_fmt_console" };
  return makeFormatter(options, () => threshold)(item);
}

test("makeFormatter() writes Salt's default lines", () => {
  equal(line("[%(levelname)-8s] %(message)s", record("up")), "[INFO    ] up");
  equal(
    line(
      "%(asctime)s,%(msecs)03d [%(name)-17s:%(lineno)-4d][%(levelname)-8s][%(process)d] %(message)s",
      record("up", "warning"),
    ),
    `2026-03-04 05:06:07,089 [saltx.master     :0   ][WARNING ][${process.pid}] up`,
  );
});

test("makeFormatter() knows widths, precision, percent signs and Salt's own fields", () => {
  equal(line("%(name).5s|%(levelname)10s|100%%", record("x")), "saltx|      INFO|100%");
  equal(line("%(bracketname)s%(bracketlevel)s", record("x")), "[saltx.master     ][INFO    ]");
  equal(line("%(levelno)05d %(created).1f", record("x")).slice(0, 6), "00020 ");
});

test("makeFormatter() colours by level, only where colour is wanted", () => {
  equal(
    line("%(colorlevel)s %(colormsg)s", record("bad", "error"), true),
    "\x1b[0;1;31m[ERROR   ]\x1b[0;0m \x1b[0;31mbad\x1b[0;0m",
  );
  equal(line("%(colorlevel)s %(colormsg)s", record("bad", "error")), "[ERROR   ] bad");
});

test("makeFormatter() refuses formats that Python would not take, naming the option", () => {
  throws(() => line("%(nothing)s", record("x")), /option "log_fmt_console": there is no field "no/);
  throws(() => line("100% sure", record("x")), /"% sure" is no field/);
});

test("makeFormatter() shows what acts on a terminal as escapes", () => {
  equal(line("%(message)s", record("id \x1b[31m\x07\x9b\r x")), "id \\x1b[31m\\x07\\x9b\\x0d x");
});

test("makeFormatter() shows a stack to those who debug, else the message once", () => {
  const error = new Error("boom");
  equal(line("%(message)s", record("failed", "error", { error })), "failed: boom");
  equal(line("%(message)s", record("failed: boom", "error", { error })), "failed: boom");
  const debugging = line("%(message)s", record("failed", "error", { error }), false, 10);
  match(debugging, /^failed\nError: boom\n\s+at /);
});

test("strftime() writes dates as Python does", () => {
  const date = new Date(2026, 2, 4, 15, 6, 7);
  equal(strftime("%a %d %b %y %I:%M %p %j %%", date), "Wed 04 Mar 26 03:06 PM 063 %");
  equal(strftime("%F %T %e %A %B", date), "2026-03-04 15:06:07  4 Wednesday March");
  equal(strftime("%s", date), String(Math.floor(date.getTime() / 1000)));
  ok(/^[+-]\d{4}$/.test(strftime("%z", date)));
  equal(strftime("%q", date), "%q");
});
