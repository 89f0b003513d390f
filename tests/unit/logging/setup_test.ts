import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { getLogger, type LoggingOptions, setupLogging } from "../../../src/logging/mod.ts";
import { lowestWanted, setGranularLevels } from "../../../src/logging/mod.ts";
import { parseSyslogTarget } from "../../../src/logging/syslog_sink.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "saltx-logging-"));
});
afterEach(() => {
  setGranularLevels({});
  rmSync(dir, { recursive: true, force: true });
});

function options(more: Partial<LoggingOptions> = {}): LoggingOptions {
  return {
    log_level: "warning",
    log_level_logfile: null,
    log_file: join(dir, "log"),
    log_fmt_console: "[%(levelname)-8s] %(message)s",
    log_fmt_logfile: "%(name)s %(levelname)s %(message)s",
    log_datefmt: "%H:%M:%S",
    log_datefmt_logfile: "%Y",
    log_granular_levels: {},
    log_rotate_max_bytes: 0,
    log_rotate_backup_count: 0,
    ...more,
  };
}

function setup(more: Partial<LoggingOptions> = {}, daemon = true) {
  const lines: string[] = [];
  const logging = setupLogging(options(more), { daemon, writeConsole: (line) => lines.push(line) });
  return { logging, lines };
}

test("setupLogging() sends lines to terminal and file, each from its level up", async () => {
  const { logging, lines } = setup({ log_level: "error", log_level_logfile: "info" });
  const log = getLogger("saltx.test");
  log.debug("no one");
  log.info("file");
  log.error("both");
  await logging.close();
  deepEqual(lines, ["[ERROR   ] both"]);
  equal(readFileSync(join(dir, "log"), "utf8"), "saltx.test INFO file\nsaltx.test ERROR both\n");
});

test("setupLogging() gives tools no log file, and daemons none with an empty log_file", async () => {
  const tool = setup({}, false);
  await tool.logging.close();
  const daemon = setup({ log_file: "" });
  await daemon.logging.close();
  ok(!existsSync(join(dir, "log")));
});

test("setupLogging() shows warnings from before it was called", async () => {
  getLogger("saltx.config").warning("early");
  getLogger("saltx.config").info("unimportant");
  const { logging, lines } = setup();
  await logging.close();
  deepEqual(lines, ["[WARNING ] early"]);
});

test("log_granular_levels quiets single loggers, under Salt's names too", async () => {
  const { logging, lines } = setup({
    log_level: "debug",
    log_granular_levels: { "salt": "warning", "saltx.master.gate": "debug", "salt.transport": 40 },
  });
  getLogger("saltx.minion").debug("quiet");
  getLogger("saltx.master.gate").debug("heard");
  getLogger("saltx.master.gates").debug("another name");
  getLogger("saltx.transport.zeromq").warning("too low");
  getLogger("saltx.transport.zeromq").error("loud");
  equal(getLogger("saltx.minion").enabled("debug"), false);
  await logging.close();
  deepEqual(lines, ["[DEBUG   ] heard", "[ERROR   ] loud"]);
});

test("a message built by a function is only built when it is wanted", async () => {
  const { logging, lines } = setup();
  let built = 0;
  const message = () => `message ${++built}`;
  getLogger("saltx.test").debug(message);
  getLogger("saltx.test").warning(message);
  await logging.close();
  equal(built, 1);
  deepEqual(lines, ["[WARNING ] message 1"]);
});

test("setLevels() takes over levels, and close() leaves no sink behind", async () => {
  const { logging, lines } = setup();
  logging.setLevels({ log_level: "info", log_level_logfile: "quiet", log_granular_levels: {} });
  getLogger("saltx.test").info("now");
  await logging.close();
  deepEqual(lines, ["[INFO    ] now"]);
  equal(lowestWanted(), 1000);
});

test("a sink that fails does not fail who logs", async () => {
  const logging = setupLogging(options({ log_file: "" }), {
    daemon: true,
    writeConsole: () => {
      throw new Error("broken");
    },
  });
  getLogger("saltx.test").error("x");
  await logging.close();
});

test("setupLogging() refuses what it cannot use and leaves no sink behind", () => {
  throws(() => setup({ log_level: "loud" }), /"loud" for option "log_level": wanted one of all,/);
  throws(() => setup({ log_file: "file:///dev/log" }), /"file:\/\/" is not supported/);
  throws(() => setup({ log_fmt_logfile: "%(x)s" }), /option "log_fmt_logfile"/);
  equal(lowestWanted(), 1000);
});

test("parseSyslogTarget() reads host, port and facility", () => {
  deepEqual(parseSyslogTarget("udp://localhost"), { host: "localhost", port: 514, facility: 1 });
  deepEqual(parseSyslogTarget("udp://[::1]:5145/LOG_DAEMON"), {
    host: "::1",
    port: 5145,
    facility: 3,
  });
  throws(() => parseSyslogTarget("udp://h/LOG_NONE"), /"LOG_NONE" is not known/);
  throws(() => parseSyslogTarget("tcp://h"), /"tcp:\/\/" is not supported/);
});

test("a syslog server gets lines with their priority", async () => {
  const server = createSocket("udp4");
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const received = new Promise<string>((resolve) =>
    server.once("message", (bytes) => resolve(bytes.toString()))
  );
  const { logging } = setup({ log_file: `udp://127.0.0.1:${server.address().port}/LOG_DAEMON` });
  getLogger("saltx.test").error("trouble");
  match(await received, /^<27>saltx\.test ERROR trouble$/);
  await logging.close();
  server.close();
});
